// Jest runs this file before a test file: it takes one guard away, by its index in REMOVED_GUARD.

import { jest } from '@jest/globals';
import { GUARDS } from './guards.ts';

const { requireActual } = jest;
const TOKEN_STATE = '../../../lambda/vend/state/token-state.ts';

GUARDS[Number(process.env.REMOVED_GUARD)]?.remove({
  decision: () => requireActual('../../../lambda/vend/vending/decision.ts'),
  failingScopeSets: () => requireActual('../../../lambda/vend/vending/failing-scope-sets.ts'),
  lease: () => requireActual('../../../lambda/vend/state/lease.ts'),
  minter: () => requireActual('../../../lambda/vend/vending/minter.ts'),
  secrets: () => requireActual('../../../lambda/secrets/credential-source.ts'),
  sharedCalls: () => requireActual('../../../lambda/vend/vending/shared-calls.ts'),
  store: () => requireActual('../../../lambda/vend/store/dynamodb-token-store.ts'),
  writer: () => requireActual('../../../lambda/vend/vending/token-writer.ts'),
  replaceRules: (replace) => {
    const actual = requireActual<Parameters<typeof replace>[0]>(TOKEN_STATE);
    jest.doMock(TOKEN_STATE, () => ({ ...actual, ...replace(actual) }));
  },
});
