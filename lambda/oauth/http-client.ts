// Posts forms to one URL. It is loaded at the first mint, and undici with it.

import request from 'undici/lib/api/api-request.js';
import Pool from 'undici/lib/dispatcher/pool.js';
import type { Clock } from '../clock.ts';
import { systemCodeOf, VendingError } from '../errors.ts';
import type { Answer } from './answer.ts';
import { readBody } from './answer-body.ts';
import type { TokenRequest } from './client-authentication.ts';
import type { TokenEndpointLimits } from './token-endpoint.ts';

/**
 * A connection that was idle for longer is not used again. While an instance is frozen, a gateway may drop a connection,
 * and no timer of this process runs: only the clock tells.
 */
const MAX_IDLE_MS = 1_000;

export class HttpClient {
  readonly #url: URL;
  readonly #limits: TokenEndpointLimits;
  readonly #clock: Clock;
  #pool: Pool | undefined;
  #usedAtMs = 0;

  constructor(url: string, limits: TokenEndpointLimits, clock: Clock) {
    this.#url = new URL(url);
    this.#limits = limits;
    this.#clock = clock;
  }

  /** @throws VendingError `timed_out` or `unavailable` */
  async post({ headers, form }: TokenRequest, timeoutMs: number): Promise<Answer> {
    const { pathname, search } = this.#url;
    const signal = AbortSignal.timeout(Math.max(1, Math.floor(timeoutMs)));
    try {
      const response = await request.call(this.#usablePool(), {
        method: 'POST',
        path: pathname + search,
        headers,
        body: form.toString(),
        signal,
      });
      const valuesOf = (name: string) => [response.headers[name] ?? []].flat();
      const body = await readBody(response.body, valuesOf('content-encoding').join(), this.#limits.bodyBytes);
      return { status: response.statusCode, retryAfter: valuesOf('retry-after')[0], body };
    } catch (error) {
      throw connectionFailure(error, signal.aborted);
    } finally {
      this.#usedAtMs = this.#clock.nowMs();
    }
  }

  #usablePool(): Pool {
    const nowMs = this.#clock.nowMs();
    if (nowMs - this.#usedAtMs > MAX_IDLE_MS) {
      // Requests that are running end first.
      void this.#pool?.close();
      this.#pool = undefined;
    }
    this.#usedAtMs = nowMs;
    this.#pool ??= this.#openPool();
    return this.#pool;
  }

  #openPool(): Pool {
    return new Pool(this.#url.origin, {
      connect: { timeout: this.#limits.connectTimeoutMs },
      keepAliveTimeout: MAX_IDLE_MS,
      keepAliveMaxTimeout: MAX_IDLE_MS,
      // The signal limits the whole request; undici's own limits are switched off.
      headersTimeout: 0,
      bodyTimeout: 0,
    });
  }
}

function connectionFailure(error: unknown, timedOut: boolean): VendingError {
  if (timedOut) return new VendingError('timed_out', 'the authorization server did not answer in time');
  const systemCode = systemCodeOf(error);
  return new VendingError('unavailable', 'the connection to the authorization server failed', { systemCode });
}
