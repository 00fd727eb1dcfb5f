// What an instance does while it starts (Lambda's INIT), at full CPU and before any request: it opens the connections,
// reads the credential and the token of callers who name no scope, and runs the code of a request once. It mints nothing,
// so a deploy of a thousand instances costs the authorization server nothing. What only a mint needs is loaded where a mint
// is likely to be next, because it makes the start longer (docs/performance.md has the figures).

import type { Clock } from '../clock.ts';
import type { TokenEndpoint } from '../oauth/token-endpoint.ts';
import type { Handler } from './http/handler.ts';
import { isFresh, NO_DEMAND } from './state/token-state.ts';
import type { CredentialKeeper } from './vending/credential-keeper.ts';
import type { ScopePolicy } from './vending/scope-policy.ts';
import type { TokenReader } from './vending/token-reader.ts';

export interface WarmUpProps {
  readonly scopePolicy: ScopePolicy;
  readonly reader: TokenReader;
  readonly keeper: CredentialKeeper;
  readonly tokenEndpoint: Pick<TokenEndpoint, 'rehearse'>;
  readonly handler: Handler;
  readonly clock: Clock;
}

/**
 * Returns whether everything could be read in time.
 * @param limit is aborted when the time is over. No further step begins then: it would take the CPU of a request.
 */
export async function warmUp(
  { scopePolicy, reader, keeper, tokenEndpoint, handler, clock }: WarmUpProps,
  limit: AbortSignal,
): Promise<boolean> {
  const { table, state } = await reader.readTableAndCredential(scopePolicy.request(undefined));
  if (limit.aborted || table !== 'usable' || !keeper.shared.isKnown) return false;
  const nowMs = clock.nowMs();
  const isFreshNow = isFresh(state, NO_DEMAND, keeper.versionsInUse, nowMs);
  const isInMemory = isFreshNow && nowMs < state.token.renewAtMs && !keeper.isTestDue;
  if (!isInMemory) await tokenEndpoint.rehearse();
  if (limit.aborted) return false;
  // Neither request reads or mints anything: one is answered from memory, the other is refused.
  const request = isInMemory ? {} : { rawQueryString: 'scope=' };
  await handler(
    { rawPath: '/', requestContext: { http: { method: 'POST' } }, ...request },
    { awsRequestId: 'init', getRemainingTimeInMillis: () => 0 },
  );
  return true;
}
