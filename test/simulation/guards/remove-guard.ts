// Jest runs this file before a test file: it takes one guard away, by its index in REMOVED_GUARD.

import { jest } from '@jest/globals';
import { GUARDS } from './guards.ts';

const { requireActual } = jest;
const TOKEN_STATE = '../../../lambda/vend/state/token-state.ts';

GUARDS[Number(process.env.REMOVED_GUARD)]?.remove({
  bounds: () => requireActual('../../../lambda/vend/state/bounds.ts'),
  credentialStore: () => requireActual('../../../lambda/vend/store/dynamodb-credential-store.ts'),
  decision: () => requireActual('../../../lambda/vend/vending/decision.ts'),
  failingScopeSets: () => requireActual('../../../lambda/vend/vending/failing-scope-sets.ts'),
  items: () => requireActual('../../../lambda/vend/store/dynamodb-items.ts'),
  keeper: () => requireActual('../../../lambda/vend/vending/credential-keeper.ts'),
  lease: () => requireActual('../../../lambda/vend/state/lease.ts'),
  limits: () => requireActual('../../../lambda/vend/vending/mint-limits.ts'),
  recorder: () => requireActual('../../../lambda/vend/vending/credential-recorder.ts'),
  scopePolicy: () => requireActual('../../../lambda/vend/vending/scope-policy.ts'),
  secrets: () => requireActual('../../../lambda/secrets/credential-source.ts'),
  sharedCalls: () => requireActual('../../../lambda/shared-calls.ts'),
  store: () => requireActual('../../../lambda/vend/store/dynamodb-token-store.ts'),
  table: () => requireActual('../../../testbed/simulator/simulated-dynamodb.ts'),
  token: () => requireActual('../../../lambda/oauth/token.ts'),
  replaceRules: (replace) => {
    const actual = requireActual<Parameters<typeof replace>[0]>(TOKEN_STATE);
    jest.doMock(TOKEN_STATE, () => ({ ...actual, ...replace(actual) }));
  },
});
