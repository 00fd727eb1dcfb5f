// Makes the client-credentials request (RFC 6749 §4.4.2) to a token endpoint. undici is loaded when a mint is near.
// The time and the size of an answer are limited.

import type { Clock } from '../clock.ts';
import { TRANSIENT, VendingError } from '../errors.ts';
import { VERSION } from '../version.ts';
import { tokenOf } from './answer.ts';
import { CLIENT_AUTHENTICATION, type ClientAuthenticationMethod, type TokenRequest } from './client-authentication.ts';
import type { Connections, ConnectionsProps } from './connections.ts';
import type { Credential } from './credential.ts';
import type { Scopes } from './scopes.ts';
import type { Token } from './token.ts';

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
  #connections: Promise<Connections> | undefined;

  constructor(props: TokenEndpointProps) {
    this.#props = props;
    this.#limits = props.limits ?? TOKEN_ENDPOINT_LIMITS;
  }

  /** Loads the HTTP client ahead of time, and sends nothing. Call it where a mint is likely to follow. */
  async prepare(): Promise<void> {
    // If this fails, the mint fails too and reports the error.
    await this.#open().catch(() => {});
  }

  /** Prepares, and runs the code of a request once. The authorization server gets nothing. */
  async rehearse(): Promise<void> {
    await this.prepare();
    const { rehearse } = await import('./connections.ts');
    // Without a rehearsal, the first mint takes longer.
    await rehearse(this.#props.clock).catch(() => {});
  }

  #open(): Promise<Connections> {
    this.#connections ??= openConnections({ ...this.#limits, url: this.#props.url, clock: this.#props.clock });
    return this.#connections;
  }

  /**
   * Obtains a new token, with one retry after a failure that may pass by itself, if the deadline leaves time.
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
    const connections = await this.#open();
    const answer = await connections.post(this.#request(credential, scopes), timeoutMs);
    return tokenOf(answer, { requestedAtMs, answeredAtMs: clock.nowMs(), scopes, random: random() });
  }

  #request(credential: Credential, scopes: Scopes | undefined): TokenRequest {
    const { clientAuthentication, parameters } = this.#props;
    const form = new URLSearchParams({ grant_type: 'client_credentials', ...parameters });
    if (scopes) form.set('scope', scopes.toString());
    const headers = {
      'content-type': 'application/x-www-form-urlencoded',
      accept: 'application/json',
      'accept-encoding': 'identity',
      // Some firewalls refuse a request without it.
      'user-agent': `token-vending/${VERSION}`,
    };
    const request = { headers, form };
    CLIENT_AUTHENTICATION[clientAuthentication](credential, request);
    return request;
  }
}

async function openConnections(props: ConnectionsProps): Promise<Connections> {
  const { Connections } = await import('./connections.ts');
  return new Connections(props);
}
