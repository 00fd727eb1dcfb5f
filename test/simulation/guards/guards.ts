// The guards that keep the promises of docs/guarantees.md, and how to take each of them away while the code runs: a row of
// the policy is removed, a condition of a write is replaced, or a rule does nothing. No source text is changed.

import { VendingError } from '../../../lambda/errors.ts';
import {
  type Modules,
  replaceConditions,
  replaceCredentialConditions,
  replaceRows,
  type TokenStateModule,
  without,
} from './replace.ts';

interface Guard {
  readonly promise: string;
  readonly remove: (modules: Modules) => void;
  /** The test that notices. @default the simulation */
  readonly test?: string;
}

export const SIMULATION = 'test/simulation/simulation.test.ts';
const SLOW_RENEWAL_TEST = 'test/lambda/vend/vending/slow-renewal.test.ts';
const STORE_TEST = 'test/lambda/vend/store/dynamodb-token-store.test.ts';
const MINTED_ONCE_TEST = 'test/lambda/vend/vending/minted-once.test.ts';
const CHANGED_POLICY_TEST = 'test/lambda/vend/vending/changed-policy.test.ts';
const DENIED_SECRET_TEST = 'test/lambda/vend/vending/denied-secret.test.ts';
const HANDED_OUT_TEST = 'test/lambda/vend/vending/handed-out-token.test.ts';
const KEEPER_TEST = 'test/lambda/vend/vending/credential-keeper.test.ts';
const MIN_TTL_TEST = 'test/lambda/vend/vending/min-ttl.test.ts';
const REFUSED_CLIENT_TEST = 'test/lambda/vend/vending/refused-client.test.ts';
const REJECTED_TOKEN_TEST = 'test/lambda/vend/vending/rejected-token.test.ts';
const REPLACED_SECRET_TEST = 'test/lambda/vend/vending/replaced-secret.test.ts';
const CREDENTIAL_STORE_TEST = 'test/lambda/vend/store/dynamodb-credential-store.test.ts';
const VENDOR_TEST = 'test/lambda/vend/vending/token-vendor.test.ts';

const ALWAYS = 'attribute_not_exists(nothing)';
const LEASE_IS_MINE_OR_NOT = { leaseIsMine: `(lease_id = :lease_id OR ${ALWAYS})` };

export const GUARDS: readonly Guard[] = [
  {
    promise: 'an expired token is never vended, whatever the clocks',
    remove: ({ replaceRules }) =>
      replaceRules(({ isValid }) => {
        const withoutAllowance: TokenStateModule['isValid'] = (
          token,
          demand,
          nowMs,
        ): token is NonNullable<typeof token> =>
          isValid(token, demand, nowMs - Math.min(1_000, (token?.lifetimeMs ?? 0) / 10));
        return { isValid: withoutAllowance };
      }),
  },
  {
    promise: 'the lease is taken only when it is free or over',
    remove: (modules) =>
      replaceConditions(modules, 'acquireLease', { leaseEndedByTheClock: `(lease_until_ms < :ended OR ${ALWAYS})` }),
  },
  {
    promise: 'the lease is taken only where nothing changed since the item was read',
    remove: (modules) =>
      replaceConditions(modules, 'acquireLease', {
        unchangedSinceRead: `(revision = :seen OR ${ALWAYS})`,
        withoutRevisionAsRead: ALWAYS,
      }),
  },
  {
    promise: 'a lease whose holder died is taken over',
    remove: ({ lease }) => {
      lease().LeaseWatch.prototype.isFree = (held) => held === undefined;
    },
    test: MINTED_ONCE_TEST,
  },
  {
    promise: 'a token is published under one’s own lease, or where nothing changed',
    remove: (modules) => replaceConditions(modules, 'publish', LEASE_IS_MINE_OR_NOT),
    test: STORE_TEST,
  },
  {
    promise: 'a failure is recorded under one’s own lease',
    remove: (modules) => replaceConditions(modules, 'recordFailure', LEASE_IS_MINE_OR_NOT),
    test: STORE_TEST,
  },
  {
    promise: 'a lease whose answer was lost is found to be one’s own',
    remove: (modules) => replaceConditions(modules, 'acquireLease', { leaseIsMine: 'nothing = :lease_id' }),
    test: STORE_TEST,
  },
  {
    promise: 'a publication whose answer was lost is found to have happened',
    remove: ({ items }) => {
      const { prototype } = items().DynamoDbItems;
      const { update } = prototype;
      prototype.update = async function (key, change) {
        return (await update.call(this, key, change)) === 'written' ? 'written' : async () => undefined;
      };
    },
    test: STORE_TEST,
  },
  {
    promise: 'a call recognises the lease that it took without knowing',
    remove: ({ lease }) => {
      const { prototype } = lease().LeaseWatch;
      const { isFree } = prototype;
      prototype.isFree = function (held) {
        return held?.id !== this.ownLeaseId && isFree.call(this, held);
      };
    },
    test: MINTED_ONCE_TEST,
  },
  {
    promise: 'a publication that the table does not take at once is repeated',
    remove: ({ store }) => {
      store().DynamoDbTokenStore.prototype.isImpossible = () => true;
    },
    test: MINTED_ONCE_TEST,
  },
  {
    promise: 'a publication that can never succeed gives the lease back at once',
    remove: ({ store }) => {
      store().DynamoDbTokenStore.prototype.isImpossible = () => false;
    },
    test: MINTED_ONCE_TEST,
  },
  {
    promise: 'a lease that was watched to its end is over, whatever the clocks say',
    remove: (modules) => replaceConditions(modules, 'acquireLease', { leaseWasWatchedToItsEnd: 'nothing = :watched' }),
    test: STORE_TEST,
  },
  {
    promise: 'a back-off in the table is respected',
    remove: ({ limits }) => {
      limits().MintLimits.prototype.backOffInForce = () => undefined;
    },
  },
  {
    promise: 'a back-off of the credential is respected',
    remove: ({ keeper }) => {
      Object.defineProperty(keeper().CredentialKeeper.prototype, 'backOffInForce', { get: () => undefined });
    },
  },
  {
    promise: 'a valid token is vended whatever the failure',
    remove: ({ replaceRules }) => replaceRules(() => ({ isDemandRefused: () => true })),
  },
  {
    promise: 'the failure of a call that began earlier is not a later call’s',
    remove: ({ sharedCalls }) => {
      const { prototype } = sharedCalls().SharedCalls;
      const { run } = prototype;
      prototype.run = function (key, call) {
        return { ...run.call(this, key, call), joined: false };
      };
    },
    test: VENDOR_TEST,
  },
  {
    promise: 'a wait ends before the deadline',
    remove: (modules) => replaceRows(modules, ({ when }) => without(when, 'hasTimeToWait')),
    test: MINTED_ONCE_TEST,
  },
  {
    promise: 'a mint begins only where the deadline leaves time for it',
    remove: (modules) => replaceRows(modules, ({ when }) => without(when, 'hasTimeToMint')),
    test: VENDOR_TEST,
  },
  {
    promise: 'nobody mints past a table that throttles',
    remove: (modules) =>
      replaceRows(modules, ({ when, next }) => (when.table === 'throttled' && next === 'wait' ? undefined : when)),
  },
  {
    promise: 'a token is renewed from its renewal point on, not before',
    remove: ({ token }) => {
      Object.defineProperty(token().Token.prototype, 'renewAtMs', {
        get(this: { issuedAtMs: number }) {
          return this.issuedAtMs;
        },
      });
    },
  },
  {
    promise: 'renewals that rejected tokens force are limited',
    remove: ({ replaceRules }) => replaceRules(() => ({ assertNotForcedTooFast: () => {} })),
    test: REJECTED_TOKEN_TEST,
  },
  {
    promise: 'min_ttl is at most three quarters of the lifetime',
    remove: ({ replaceRules }) => replaceRules(() => ({ assertMinTtlFits: () => {} })),
    test: MIN_TTL_TEST,
  },
  {
    promise: 'an item of a version that is not in use here makes the secret be read again',
    remove: ({ keeper }) => {
      keeper().CredentialKeeper.prototype.recheck = async () => {};
    },
    test: REPLACED_SECRET_TEST,
  },
  {
    promise: 'a wrong secret falls back on the one before',
    remove: ({ secrets }) => {
      secrets().CredentialSource.prototype.previous = () => Promise.reject(new Error('there is none'));
    },
    test: REPLACED_SECRET_TEST,
  },
  {
    promise: 'tokens of a replaced version are replaced',
    remove: ({ replaceRules }) =>
      replaceRules(({ isFresh }) => {
        const ofAnyVersion: TokenStateModule['isFresh'] = (state, demand, _, nowMs): state is never =>
          isFresh(state, demand, [state?.credentialVersion], nowMs);
        return { isFresh: ofAnyVersion };
      }),
  },
  {
    promise: 'the secret is read every 40 to 50 s',
    remove: ({ keeper }) => {
      const { prototype } = keeper().CredentialKeeper;
      const { check } = prototype;
      const checked = new WeakSet<object>();
      prototype.check = async function () {
        if (this.version !== undefined && checked.has(this)) return;
        checked.add(this);
        await check.call(this);
      };
      Object.defineProperty(prototype, 'isChecked', {
        get(this: { version: string | undefined }) {
          return this.version !== undefined;
        },
      });
    },
  },
  {
    promise: 'a version that was refused is not tested again within 5 min',
    remove: ({ recorder }) => {
      recorder().CredentialRecorder.prototype.testRefused = async () => {};
    },
  },
  {
    promise: 'one instance tests a new version',
    remove: (modules) =>
      replaceCredentialConditions(modules, {
        noTestInForce: 'attribute_not_exists(nothing) OR next_test_at <= :now OR next_test_at > :test_bound',
      }),
    test: CREDENTIAL_STORE_TEST,
  },
  {
    promise: 'a version is accepted only where the one that was read is still the accepted one',
    remove: (modules) =>
      replaceCredentialConditions(modules, {
        acceptedAsRead: '(attribute_not_exists(nothing) OR accepted_version = :seen)',
      }),
    test: CREDENTIAL_STORE_TEST,
  },
  {
    promise: 'rejected tokens are known to all instances',
    remove: ({ recorder }) => {
      recorder().CredentialRecorder.prototype.listRejected = async () => true;
    },
  },
  {
    promise: 'reads are consistent',
    remove: ({ table }) => {
      const { prototype } = table().SimulatedDynamoDb;
      const { answer } = prototype;
      prototype.answer = function (command) {
        Reflect.deleteProperty((command as { input: object }).input, 'ConsistentRead');
        return answer.call(this, command);
      };
    },
  },
  {
    promise: 'times that are too far ahead count as absent',
    remove: ({ bounds }) => {
      Object.assign(bounds().MAX_AHEAD_MS, { backOff: 1e15, test: 1e15, event: 1e15 });
    },
    test: STORE_TEST,
  },
  {
    promise: 'an opened token is checked like a minted one',
    remove: ({ scopePolicy }) => {
      scopePolicy().ScopePolicy.prototype.assertGranted = () => [];
    },
    test: CHANGED_POLICY_TEST,
  },
  {
    promise: 'a caller with a valid token waits a short time',
    remove: ({ replaceRules }) => replaceRules(() => ({ patience: () => undefined })),
    test: SLOW_RENEWAL_TEST,
  },
  {
    promise: 'a caller whose token is of a replaced version waits for a whole mint',
    remove: ({ replaceRules }) =>
      replaceRules(({ patience }) => ({
        patience: (state, demand, _, at) => patience(state, demand, [state.credentialVersion], at),
      })),
    test: REPLACED_SECRET_TEST,
  },
  {
    promise: 'a caller with a valid token waits half a second for Secrets Manager',
    remove: ({ keeper }) => {
      const { prototype } = keeper().CredentialKeeper;
      const { ofVersion } = prototype;
      prototype.ofVersion = function (version) {
        return ofVersion.call(this, version, false);
      };
    },
    test: KEEPER_TEST,
  },
  {
    promise: 'a refusal for scopes that were never granted backs off no other key',
    remove: ({ recorder }) => {
      recorder().CredentialRecorder.prototype.isOfCredential = () => true;
    },
    test: REFUSED_CLIENT_TEST,
  },
  {
    promise: 'nothing is minted 5 min after access to the secret was denied',
    remove: ({ secrets }) => {
      secrets().CredentialSource.prototype.assertMayMint = () => {};
    },
    test: DENIED_SECRET_TEST,
  },
  {
    promise: 'a token that is handed out until it ends costs no mint per request',
    remove: ({ replaceRules }) => replaceRules(() => ({ assertNotMintedForMinTtlLately: () => {} })),
    test: HANDED_OUT_TEST,
  },
  {
    promise: 'an outage counts against no caller',
    remove: ({ limits }) => {
      const { prototype } = limits().MintLimits;
      const { noteFailure } = prototype;
      prototype.noteFailure = function (call, state) {
        noteFailure.call(this, call, state, new VendingError('invalid_scope', 'simulated'));
      };
    },
    test: VENDOR_TEST,
  },
  {
    promise: 'made-up scope sets are limited',
    remove: ({ failingScopeSets }) => {
      failingScopeSets().FailingScopeSets.prototype.assertFew = () => {};
    },
    test: VENDOR_TEST,
  },
  {
    promise: 'each item that was changed has a new revision',
    remove: ({ store }) => {
      const { prototype } = store().DynamoDbTokenStore;
      const { publish } = prototype;
      prototype.publish = function (publication) {
        return publish.call(this, { ...publication, revision: 'one' });
      };
    },
  },
];
