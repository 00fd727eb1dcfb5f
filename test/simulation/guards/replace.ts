// Ways to take a guard away in the modules of the function, once they are loaded.

import type { CREDENTIAL_CONDITIONS } from '../../../lambda/vend/store/dynamodb-credential-store.ts';
import type { CONDITIONS as Conditions } from '../../../lambda/vend/store/dynamodb-token-store.ts';
import type { Row } from '../../../lambda/vend/vending/decision.ts';

type BoundsModule = typeof import('../../../lambda/vend/state/bounds.ts');
type CredentialStoreModule = typeof import('../../../lambda/vend/store/dynamodb-credential-store.ts');
type DecisionModule = typeof import('../../../lambda/vend/vending/decision.ts');
type FailingScopeSetsModule = typeof import('../../../lambda/vend/vending/failing-scope-sets.ts');
type ItemsModule = typeof import('../../../lambda/vend/store/dynamodb-items.ts');
type KeeperModule = typeof import('../../../lambda/vend/vending/credential-keeper.ts');
type LeaseModule = typeof import('../../../lambda/vend/state/lease.ts');
type LimitsModule = typeof import('../../../lambda/vend/vending/mint-limits.ts');
type RecorderModule = typeof import('../../../lambda/vend/vending/credential-recorder.ts');
type ScopePolicyModule = typeof import('../../../lambda/vend/vending/scope-policy.ts');
type SecretsModule = typeof import('../../../lambda/secrets/credential-source.ts');
type SharedCallsModule = typeof import('../../../lambda/shared-calls.ts');
type StoreModule = typeof import('../../../lambda/vend/store/dynamodb-token-store.ts');
type TokenModule = typeof import('../../../lambda/oauth/token.ts');
type TableModule = typeof import('../../../testbed/simulator/simulated-dynamodb.ts');
export type TokenStateModule = typeof import('../../../lambda/vend/state/token-state.ts');

type Store = InstanceType<StoreModule['DynamoDbTokenStore']>;

/** The modules in which guards are. They are loaded only if a guard is taken away, before anything else is loaded. */
export interface Modules {
  bounds(): BoundsModule;
  credentialStore(): CredentialStoreModule;
  decision(): DecisionModule;
  failingScopeSets(): FailingScopeSetsModule;
  items(): ItemsModule;
  keeper(): KeeperModule;
  lease(): LeaseModule;
  limits(): LimitsModule;
  recorder(): RecorderModule;
  scopePolicy(): ScopePolicyModule;
  secrets(): SecretsModule;
  sharedCalls(): SharedCallsModule;
  store(): StoreModule;
  table(): TableModule;
  token(): TokenModule;
  /** Replaces functions of the module that has the rules for a token's state. */
  replaceRules(replace: (actual: TokenStateModule) => Partial<TokenStateModule>): void;
}

/** @param replace gives the row's condition; undefined: the row is removed */
export function replaceRows({ decision }: Modules, replace: (row: Row) => Row['when'] | undefined): void {
  const policy = decision().POLICY as Row[];
  const rows = policy.flatMap((row) => {
    const when = replace(row);
    return when ? [{ ...row, when }] : [];
  });
  policy.splice(0, policy.length, ...rows);
}

export function without(when: Row['when'], name: keyof Row['when']): Row['when'] {
  const { [name]: _, ...rest } = when;
  return rest;
}

export function replaceCredentialConditions(
  { credentialStore }: Modules,
  replaced: Partial<typeof CREDENTIAL_CONDITIONS>,
): void {
  Object.assign(credentialStore().CREDENTIAL_CONDITIONS, replaced);
}

/** Replaces conditions of one kind of write: they are joined before its first await. */
export function replaceConditions(
  { store }: Modules,
  method: 'acquireLease' | 'publish' | 'recordFailure',
  replaced: Partial<typeof Conditions>,
): void {
  const { CONDITIONS, DynamoDbTokenStore } = store();
  const write = DynamoDbTokenStore.prototype[method] as (this: Store, argument: never) => Promise<never>;
  DynamoDbTokenStore.prototype[method] = function (this: Store, argument: unknown) {
    const kept = { ...CONDITIONS };
    Object.assign(CONDITIONS, replaced);
    try {
      return write.call(this, argument as never);
    } finally {
      Object.assign(CONDITIONS, kept);
    }
  };
}
