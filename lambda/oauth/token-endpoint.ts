// Makes the client-credentials request (RFC 6749 §4.4.2) to a token endpoint. undici is loaded at the first mint.
// The time and the size of an answer are limited. Of its body, only a registered error code gets into an error.

import type { Dispatcher } from 'undici';
import type { Clock } from '../clock.ts';
import { systemCodeOf, TRANSIENT, VendingError } from '../errors.ts';
import { CLIENT_AUTHENTICATION, type ClientAuthenticationMethod, type TokenRequest } from './client-authentication.ts';
import type { Credential } from './credential.ts';
import type { Scopes } from './scopes.ts';
import { parseTokenResponse, type Token } from './token.ts';
import { failureOf, namesError } from './token-error.ts';

export interface TokenEndpointLimits {
  readonly connectTimeoutMs: number;
  /** The limit of one request, from connecting to the last byte. */
  readonly requestTimeoutMs: number;
  readonly bodyBytes: number;
  /** The longest `Retry-After` for which a mint waits. */
  readonly retryAfterMs: number;
}

export const TOKEN_ENDPOINT_LIMITS: TokenEndpointLimits = {
  connectTimeoutMs: 2_000,
  requestTimeoutMs: 5_000,
  bodyBytes: 1024 * 1024,
  retryAfterMs: 2_000,
};

/** The pause before the retry if the server sends no `Retry-After`. */
const RETRY_PAUSE_MS = 200;

export interface TokenEndpointProps {
  readonly url: string;
  readonly clientAuthentication: ClientAuthenticationMethod;
  /** Extra parameters, sent as they are. @default none */
  readonly parameters?: Readonly<Record<string, string>> | undefined;
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  /** @default connect 2 s, request 5 s, body 1 MiB, Retry-After 2 s */
  readonly limits?: TokenEndpointLimits;
}

export class TokenEndpoint {
  readonly #props: TokenEndpointProps;
  readonly #limits: TokenEndpointLimits;
  #client: Promise<HttpClient> | undefined;

  constructor(props: TokenEndpointProps) {
    this.#props = props;
    this.#limits = props.limits ?? TOKEN_ENDPOINT_LIMITS;
  }

  /** Loads the HTTP client ahead of time. Call it where a mint is likely to follow. */
  prepare(): void {
    // If this fails, the mint fails too and reports the error.
    this.#open().catch(() => {});
  }

  #open(): Promise<HttpClient> {
    this.#client ??= openClient(this.#props.url, this.#limits);
    return this.#client;
  }

  /**
   * Obtains a new token, with one retry after a connection error, a 429 or a 5xx if the deadline leaves time.
   * @throws VendingError `credential_refused`, `invalid_scope`, `unusable_answer` or `unavailable`
   */
  async mint(
    credential: Credential,
    scopes: Scopes | undefined,
    deadlineMs: number,
  ): Promise<{ token: Token; lifetimeNamed: boolean }> {
    try {
      return await this.#attempt(credential, scopes, deadlineMs);
    } catch (failure) {
      const { clock, random } = this.#props;
      // A request that timed out has used up the time that a second one would need.
      const isRetried = failure instanceof VendingError && TRANSIENT.has(failure.code) && failure.code !== 'timed_out';
      if (!isRetried) throw failure;
      const pauseMs = Math.max((failure.retryAfterSeconds ?? 0) * 1000, RETRY_PAUSE_MS * (1 + random()));
      if (pauseMs > this.#limits.retryAfterMs || clock.nowMs() + pauseMs >= deadlineMs) throw failure;
      await clock.sleep(pauseMs);
      return await this.#attempt(credential, scopes, deadlineMs);
    }
  }

  async #attempt(credential: Credential, scopes: Scopes | undefined, deadlineMs: number) {
    const { clock, random } = this.#props;
    const requestedAtMs = clock.nowMs();
    const timeoutMs = Math.min(this.#limits.requestTimeoutMs, deadlineMs - requestedAtMs);
    // The server could still issue a token for a request whose answer comes too late.
    if (timeoutMs <= 0) throw new VendingError('timed_out', 'no time was left to ask the authorization server');
    const { status, headers, text } = await this.#post(this.#request(credential, scopes), timeoutMs);
    // Some servers answer an error with status 200.
    if (status < 200 || status > 299 || namesError(text)) {
      throw failureOf(status, headers['retry-after'], text, clock.nowMs());
    }
    return parseTokenResponse(parseJson(text), { requestedAtMs, scopes, random: random() });
  }

  #request(credential: Credential, scopes: Scopes | undefined): TokenRequest {
    const { clientAuthentication, parameters } = this.#props;
    const form = new URLSearchParams({ grant_type: 'client_credentials', ...parameters });
    if (scopes) form.set('scope', scopes.toString());
    const headers = { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' };
    const request = { headers, form };
    CLIENT_AUTHENTICATION[clientAuthentication](credential, request);
    return request;
  }

  async #post(
    { headers, form }: TokenRequest,
    timeoutMs: number,
  ): Promise<{ status: number; headers: Record<string, string | string[] | undefined>; text: string }> {
    const client = await this.#open();
    const { pathname, search } = new URL(this.#props.url);
    const signal = AbortSignal.timeout(Math.max(1, Math.floor(timeoutMs)));
    try {
      const request = { method: 'POST', path: pathname + search, headers, body: form.toString(), signal } as const;
      const response = await client.request(request);
      return { status: response.statusCode, headers: response.headers, text: await response.body.text() };
    } catch (error) {
      throw connectionFailure(error, signal.aborted);
    }
  }
}

interface HttpClient {
  request(options: Dispatcher.RequestOptions): Promise<Dispatcher.ResponseData>;
}

async function openClient(url: string, limits: TokenEndpointLimits): Promise<HttpClient> {
  const [{ default: Pool }, { default: request }] = await Promise.all([
    import('undici/lib/dispatcher/pool.js'),
    import('undici/lib/api/api-request.js'),
  ]);
  const pool = new Pool(new URL(url).origin, {
    connect: { timeout: limits.connectTimeoutMs },
    maxResponseSize: limits.bodyBytes,
    // The signal limits the whole request; undici's own limits are switched off.
    headersTimeout: 0,
    bodyTimeout: 0,
  });
  return { request: (options) => request.call(pool, options) };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new VendingError('unusable_answer', "the authorization server's answer is not JSON");
  }
}

function connectionFailure(error: unknown, timedOut: boolean): VendingError {
  if (timedOut) return new VendingError('timed_out', 'the authorization server did not answer in time');
  const systemCode = systemCodeOf(error);
  if (systemCode === 'UND_ERR_RES_EXCEEDED_MAX_SIZE') {
    return new VendingError('unusable_answer', "the authorization server's answer is too large");
  }
  return new VendingError('unavailable', 'the connection to the authorization server failed', { systemCode });
}
