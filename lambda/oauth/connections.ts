// The connections to one token endpoint. They are loaded when the first mint is near, and undici with them.

import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import request from 'undici/lib/api/api-request.js';
import Pool from 'undici/lib/dispatcher/pool.js';
import type { Clock } from '../clock.ts';
import { systemCodeOf, VendingError } from '../errors.ts';
import type { Answer } from './answer.ts';
import { readBody } from './answer-body.ts';
import type { TokenRequest } from './client-authentication.ts';

/**
 * A connection that was idle for longer is not used again. While an instance is frozen, a gateway may drop a connection,
 * and no timer of this process runs: only the clock tells.
 */
const MAX_IDLE_MS = 1_000;
/**
 * A request that gets one of these is repeated on another connection: the server gave this one up (408, RFC 9110
 * §15.5.9), or it doesn't lead to the right server (421, §15.5.20).
 */
const CONNECTION_IS_WRONG: readonly number[] = [408, 421];
const REHEARSAL_MS = 500;

export interface ConnectionsProps {
  readonly url: string;
  readonly connectTimeoutMs: number;
  /** The largest body, as it is sent and as it is decoded. */
  readonly bodyBytes: number;
  readonly clock: Clock;
}

export class Connections {
  readonly #props: ConnectionsProps;
  #pool: Pool;
  #usedAtMs: number;

  constructor(props: ConnectionsProps) {
    this.#props = props;
    this.#usedAtMs = props.clock.nowMs();
    // A pool connects when it is used. The first one takes Node a while, which is better spent here.
    this.#pool = this.#openPool();
  }

  /** @throws VendingError `timed_out` or `unavailable` */
  async post({ headers, form }: TokenRequest, timeoutMs: number): Promise<Answer> {
    const { pathname, search } = new URL(this.#props.url);
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
      const body = await readBody(response.body, valuesOf('content-encoding').join(), this.#props.bodyBytes);
      if (CONNECTION_IS_WRONG.includes(response.statusCode)) this.#replacePool();
      return { status: response.statusCode, retryAfter: valuesOf('retry-after')[0], body };
    } catch (error) {
      throw connectionFailure(error, signal.aborted);
    } finally {
      this.#usedAtMs = this.#props.clock.nowMs();
    }
  }

  #usablePool(): Pool {
    const nowMs = this.#props.clock.nowMs();
    // A clock that was set back tells nothing either.
    if (Math.abs(nowMs - this.#usedAtMs) > MAX_IDLE_MS) this.#replacePool();
    this.#usedAtMs = nowMs;
    return this.#pool;
  }

  #replacePool(): void {
    // Requests that are running end first.
    void this.#pool.close();
    this.#pool = this.#openPool();
  }

  #openPool(): Pool {
    return new Pool(new URL(this.#props.url).origin, {
      connect: { timeout: this.#props.connectTimeoutMs },
      keepAliveTimeout: MAX_IDLE_MS,
      keepAliveMaxTimeout: MAX_IDLE_MS,
      // The signal limits the whole request; undici's own limits are switched off.
      headersTimeout: 0,
      bodyTimeout: 0,
    });
  }
}

const ANSWER = 'HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\n{}';

/**
 * Sends one request to a server of this process, and nothing further. A first request takes several times as long as the
 * next one, because its code is compiled.
 */
export async function rehearse(clock: Clock): Promise<void> {
  const server = createServer((socket) => socket.once('data', () => socket.end(ANSWER)));
  try {
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    const connections = new Connections({ url, connectTimeoutMs: REHEARSAL_MS, bodyBytes: ANSWER.length, clock });
    await connections.post({ headers: {}, form: new URLSearchParams() }, REHEARSAL_MS);
  } finally {
    server.close();
  }
}

function connectionFailure(error: unknown, timedOut: boolean): VendingError {
  if (timedOut) return new VendingError('timed_out', 'the authorization server did not answer in time');
  const systemCode = systemCodeOf(error);
  return new VendingError('unavailable', 'the connection to the authorization server failed', { systemCode });
}
