// The canary is a consumer from outside: it calls a profile's function URL as other services do. It must get a token, and
// be refused a scope outside the allow-list, and be refused without a signature. It prints one line for each run.

import { type TokenClient, TokenVendingError } from '../../client/index.ts';
import type { Clock } from '../clock.ts';
import { systemCodeOf } from '../errors.ts';
import { Log } from '../log-line.ts';
import { UNSIGNED_REQUEST_MS } from '../time-limits.ts';
import type { CanarySettings } from './settings.ts';

export interface CanaryWorld {
  /** Makes the client of one run. A kept client would hold a token, and ask for none. */
  readonly createClient: () => Pick<TokenClient, 'getToken'>;
  readonly fetch: typeof globalThis.fetch;
  readonly clock: Clock;
  /** Writes one log line, which ends with a line feed. */
  readonly write: (line: string) => void;
}

/** A check that failed, as the line has it. It holds codes and our own hints, because a message may quote anything. */
interface Failure {
  readonly check: 'token' | 'refused_scope' | 'unsigned';
  /** The code of the TokenVendingError, or `not_refused`. */
  readonly error: string;
  /** The code of Node.js or undici, if there was no answer. */
  readonly system_code?: string | undefined;
  readonly status?: number | undefined;
  readonly request_id?: string | undefined;
  readonly hint?: string | undefined;
}

/** Returns the function that makes one run. It checks one thing after the other, so that it keeps one instance busy. */
export function createCanary(settings: CanarySettings, world: CanaryWorld): () => Promise<void> {
  const { stackName, profile, tokenEndpoint, refusedScope } = settings;
  const { clock, createClient, fetch, write } = world;
  const log = new Log({ dimensions: { Stack: stackName, Profile: profile }, of: 'Profile', clock, write });
  return async () => {
    const { getToken } = createClient();
    const checks = [
      await tokenFailure(getToken),
      refusedScope === undefined ? undefined : await refusedScopeFailure(getToken, refusedScope),
      await unsignedFailure(fetch, tokenEndpoint),
    ];
    const failures = checks.filter((failure) => failure !== undefined);
    if (failures.length === 0) log.print({ level: 'info', event: 'canary_passed', metrics: { CanaryPassed: 1 } });
    else log.print({ level: 'error', event: 'canary_failed', metrics: { CanaryPassed: 0 }, fields: { failures } });
  };
}

/** No scope is named: each instance of the function reads that token at its start, whoever calls. */
async function tokenFailure(getToken: TokenClient['getToken']): Promise<Failure | undefined> {
  try {
    await getToken();
    return undefined;
  } catch (error) {
    return { check: 'token', ...fieldsOf(error) };
  }
}

async function refusedScopeFailure(getToken: TokenClient['getToken'], scope: string): Promise<Failure | undefined> {
  const check = 'refused_scope';
  try {
    await getToken({ scope });
    return { check, error: 'not_refused' };
  } catch (error) {
    const fields = fieldsOf(error);
    return fields.error === 'invalid_scope' && fields.status === 400 ? undefined : { check, ...fields };
  }
}

/** AWS must refuse it (403) before the function is called. */
async function unsignedFailure(fetch: CanaryWorld['fetch'], tokenEndpoint: string): Promise<Failure | undefined> {
  const check = 'unsigned';
  try {
    const signal = AbortSignal.timeout(UNSIGNED_REQUEST_MS);
    const body = new URLSearchParams({ grant_type: 'client_credentials' });
    const response = await fetch(tokenEndpoint, { method: 'POST', body, redirect: 'error', signal });
    await response.body?.cancel();
    const { status, headers } = response;
    return status === 403
      ? undefined
      : { check, error: 'not_refused', status, request_id: headers.get('x-amzn-requestid') ?? undefined };
  } catch (error) {
    return { check, error: 'unreachable', system_code: systemCodeOf(error) };
  }
}

/** @throws what is no TokenVendingError, which ends the run as a function's error */
function fieldsOf(error: unknown): Omit<Failure, 'check'> {
  if (!(error instanceof TokenVendingError)) throw error;
  const { code, status, requestId, hint } = error;
  return { error: code, system_code: systemCodeOf(error), status, request_id: requestId, hint };
}
