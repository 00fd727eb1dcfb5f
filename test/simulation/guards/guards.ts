// The guards that keep the promises of docs/guarantees.md, and how to take each of them away while the code runs: a row of
// the policy is removed, a condition of a write is replaced, or a rule does nothing. No source text is changed.

import {
  type Modules,
  readNothingIn,
  replaceConditions,
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
const STORE_TEST = 'test/lambda/vend/store/dynamodb-token-store.test.ts';
const MINTED_ONCE_TEST = 'test/lambda/vend/vending/minted-once.test.ts';
const REPLACED_SECRET_TEST = 'test/lambda/vend/vending/replaced-secret.test.ts';
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
    remove: (modules) => readNothingIn(modules, 'publish'),
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
    remove: (modules) => replaceRows(modules, ({ when }) => (when.isBackedOff ? undefined : when)),
  },
  {
    promise: 'a back-off of the credential is respected',
    remove: ({ writer }) => {
      const { prototype } = writer().TokenWriter;
      const { readThrottling } = prototype;
      prototype.readThrottling = async function () {
        return (await readThrottling.call(this)) === 'throttled' ? 'throttled' : undefined;
      };
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
    remove: (modules) => replaceRows(modules, ({ when }) => (when.token === 'fresh' ? undefined : when)),
  },
  {
    promise: 'renewals that rejected tokens force are limited',
    remove: ({ replaceRules }) => replaceRules(() => ({ assertNotForcedTooFast: () => {} })),
    test: VENDOR_TEST,
  },
  {
    promise: 'min_ttl is at most three quarters of the lifetime',
    remove: ({ replaceRules }) => replaceRules(() => ({ assertMinTtlFits: () => {} })),
    test: VENDOR_TEST,
  },
  {
    promise: 'a version not known here makes the secret be read again',
    remove: ({ secrets }) => {
      const { prototype } = secrets().CredentialSource;
      const { recheck } = prototype;
      prototype.recheck = async function (seenVersion, sinceMs) {
        const credential = await this.current();
        if (seenVersion !== credential.version) return { credential, isConfirmed: true };
        return await recheck.call(this, seenVersion, sinceMs);
      };
    },
    test: REPLACED_SECRET_TEST,
  },
  {
    promise: 'a wrong secret falls back on the one before',
    remove: ({ secrets }) => {
      secrets().CredentialSource.prototype.previous = async () => undefined;
    },
  },
  {
    promise: 'tokens of the one before are fresh while the new one is refused',
    remove: ({ replaceRules }) =>
      replaceRules(({ isFresh }) => {
        const withoutRefusal: TokenStateModule['isFresh'] = (state, ...rest): state is never =>
          isFresh(state && { ...state, refusal: undefined }, ...rest);
        return { isFresh: withoutRefusal };
      }),
  },
  {
    promise: 'a refused version is not asked with again within 5 min',
    remove: ({ minter }) => {
      const { prototype } = minter().Minter;
      const { mint } = prototype;
      prototype.mint = function (request, current, state, deadlineMs) {
        return mint.call(this, request, current, { ...state, refusal: undefined }, deadlineMs);
      };
    },
    test: REPLACED_SECRET_TEST,
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
