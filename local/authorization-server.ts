// The authorization server of local mode, the tests and the simulations, with the habits of Emporix. It knows nothing
// of HTTP: see serve-authorization-server.ts. Its behaviour can be changed while it runs, and it records every request
// and every token, so that a test can say what was asked and which token was alive at what time.

import { createHash, randomBytes } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import type { ClientAuthenticationMethod } from '../lambda/oauth/client-authentication.ts';
import { ClientSecrets, SOME_SCOPES } from './client-secrets.ts';
import {
  authorize,
  type ClientCredentials,
  credentialsOf,
  type Grant,
  type TokenRequest,
  tokenBody,
} from './token-answers.ts';

/** Replaces the usual answer to a request. With only a delay, the usual answer comes late. */
export interface Misbehaviour {
  /** The server waits this long first. */
  readonly delayMs?: number;
  /** @default 200 */
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string | number | string[]>>;
  /** Is sent unchanged. @default '' */
  readonly body?: string | Buffer;
  /** The connection is cut: after the body if there is one, so that the answer stays incomplete, else before it. */
  readonly destroySocket?: boolean;
}

/** Can be changed while the server runs. A change applies to the requests that come after it. */
export interface Behaviour {
  /** The only method of client authentication that is accepted. If undefined, both are. */
  clientAuthentication: ClientAuthenticationMethod | undefined;
  /** The lifetime of a new token, or a function that chooses it by the scopes granted. */
  expiresInSeconds: number | ((scopes: readonly string[]) => number);
  /**
   * Is called for each request, and may return what replaces the usual answer. A promise holds the request until it
   * resolves.
   */
  respondWith: ((request: ReceivedRequest) => Misbehaviour | undefined | Promise<Misbehaviour | undefined>) | undefined;
}

export interface ReceivedRequest extends TokenRequest {
  readonly receivedAtMs: number;
  readonly clientId: string | undefined;
  readonly clientSecret: string | undefined;
  /** The token that was issued for it. Undefined before the answer, and if the request failed. */
  token: IssuedToken | undefined;
}

export interface IssuedToken {
  readonly accessToken: string;
  readonly scopes: readonly string[];
  /** The client and the secret that minted it. */
  readonly clientId: string;
  readonly clientSecret: string;
  readonly issuedAtMs: number;
  /** The token's true end: it is sooner than the answer said if the client secret was replaced. */
  expiresAtMs: number;
}

/** A `body` that is a plain object is sent as JSON, any other unchanged. */
export interface ServerAnswer {
  readonly status: number;
  readonly headers: NonNullable<Misbehaviour['headers']>;
  readonly body: object | string | Buffer | undefined;
  /** See `Misbehaviour`. */
  readonly destroySocket: boolean;
}

const USUAL: ServerAnswer = { status: 200, headers: {}, body: undefined, destroySocket: false };

export interface AuthorizationServerOptions {
  /** @default 'emporix-client' */
  readonly clientId?: string;
  /** @default 'emporix-secret' */
  readonly clientSecret?: string;
  /** The scopes that a client secret stands for. @default SOME_SCOPES */
  readonly scopes?: readonly string[];
  /** @default 'yourtenant' */
  readonly tenant?: string;
  /** @default both methods */
  readonly clientAuthentication?: Behaviour['clientAuthentication'];
  /** @default 14399 */
  readonly expiresInSeconds?: Behaviour['expiresInSeconds'];
  /** @default the usual answers */
  readonly respondWith?: Behaviour['respondWith'];
  /** If false, `requests` and `tokens` stay empty, for simulations of millions of requests. @default true */
  readonly keepsRecords?: boolean;
  readonly nowMs?: () => number;
  /** Is called for `delayMs`. @default waits in real time, without keeping the process alive */
  readonly sleep?: (durationMs: number) => Promise<unknown>;
  readonly random?: (bytes: number) => Uint8Array;
}

export class AuthorizationServer {
  /** The client that the server has from the start. */
  readonly clientId: string;
  readonly clientSecret: string;
  readonly behaviour: Behaviour;
  /** Every request, in the order received. */
  readonly requests: ReceivedRequest[] = [];
  /** Every token issued, in order. */
  readonly tokens: IssuedToken[] = [];
  readonly #options: AuthorizationServerOptions;
  readonly #nowMs: () => number;
  readonly #secrets: ClientSecrets;
  readonly #byToken = new Map<string, IssuedToken>();
  /** Is filled at the first search for a SHA-256, because simulations never search for one. */
  readonly #bySha256 = new Map<string, IssuedToken>();

  constructor(options: AuthorizationServerOptions = {}) {
    const { scopes = SOME_SCOPES, tenant = 'yourtenant' } = options;
    this.#options = options;
    this.#nowMs = options.nowMs ?? Date.now;
    this.#secrets = new ClientSecrets({ scopes, tenant });
    this.clientId = options.clientId ?? 'emporix-client';
    this.clientSecret = options.clientSecret ?? 'emporix-secret';
    this.behaviour = {
      clientAuthentication: options.clientAuthentication,
      expiresInSeconds: options.expiresInSeconds ?? 14_399,
      respondWith: options.respondWith,
    };
    this.accept(this.clientSecret);
  }

  /** Accepts a client secret from now on, beside the others. */
  accept(
    clientSecret: string,
    { clientId = this.clientId, ...grant }: Partial<Grant> & { clientId?: string } = {},
  ): void {
    this.#secrets.accept(clientId, clientSecret, grant);
  }

  /**
   * Refuses a client secret that is accepted.
   * @param when.afterMs the secret is accepted for this long. @default 0
   * @param when.tokensEndAfterMs all its tokens end after this time, also those that are minted by then. @default never
   */
  refuse(clientSecret: string, when: { clientId?: string; afterMs?: number; tokensEndAfterMs?: number } = {}): void {
    const { clientId = this.clientId, afterMs = 0, tokensEndAfterMs = Number.POSITIVE_INFINITY } = when;
    const nowMs = this.#nowMs();
    const tokensEndAtMs = nowMs + tokensEndAfterMs;
    this.#secrets.refuse(clientId, clientSecret, { fromMs: nowMs + afterMs, tokensEndAtMs });
    for (const token of this.tokens) {
      const isItsToken = token.clientId === clientId && token.clientSecret === clientSecret;
      if (isItsToken) token.expiresAtMs = Math.min(token.expiresAtMs, tokensEndAtMs);
    }
  }

  /** Ends a token's life now. @throws Error if it was never issued */
  revoke(accessToken: string): void {
    const token = this.#byToken.get(accessToken);
    if (!token) throw new Error('The simulated Emporix has issued no such token');
    token.expiresAtMs = Math.min(token.expiresAtMs, this.#nowMs());
  }

  async answer(request: TokenRequest): Promise<ServerAnswer> {
    const credentials = credentialsOf(request);
    const { clientId, clientSecret } = credentials;
    const received = { ...request, receivedAtMs: this.#nowMs(), clientId, clientSecret, token: undefined };
    if (this.#options.keepsRecords !== false) this.requests.push(received);
    const { respondWith } = this.behaviour;
    const misbehaviour = respondWith && (await respondWith(received));
    if (misbehaviour?.delayMs) await (this.#options.sleep ?? sleepUnreferenced)(misbehaviour.delayMs);
    return answerInstead(misbehaviour) ?? this.#answerAsUsual(received, credentials);
  }

  /** @param name the token, or its SHA-256 in hexadecimal, which processes report instead of the token */
  find(name: string): IssuedToken | undefined {
    const token = this.#byToken.get(name);
    if (token) return token;
    for (const issued of this.tokens.slice(this.#bySha256.size)) {
      this.#bySha256.set(createHash('sha256').update(issued.accessToken).digest('hex'), issued);
    }
    return this.#bySha256.get(name);
  }

  /** A token that was never issued is not alive. @param name see `find` */
  isAlive(name: string, atMs: number): boolean {
    const token = this.find(name);
    return token !== undefined && atMs < token.expiresAtMs;
  }

  #answerAsUsual(
    request: ReceivedRequest,
    { method, clientId = '', clientSecret = '' }: ClientCredentials,
  ): ServerAnswer {
    const secret = this.#secrets.find(clientId, clientSecret);
    const grant = secret && this.#nowMs() < secret.refusedFromMs ? secret : undefined;
    const { clientAuthentication, expiresInSeconds } = this.behaviour;
    const exists = this.#secrets.hasClient(clientId);
    const outcome = authorize(request, method, { clientAuthentication, exists, grant });
    if ('status' in outcome) return { ...USUAL, ...outcome };
    const lifetimeSeconds = typeof expiresInSeconds === 'number' ? expiresInSeconds : expiresInSeconds(outcome.scopes);
    const issuedAtMs = this.#nowMs();
    const token: IssuedToken = {
      accessToken: Buffer.from((this.#options.random ?? randomBytes)(24)).toString('base64url'),
      scopes: outcome.scopes,
      clientId,
      clientSecret,
      issuedAtMs,
      expiresAtMs: Math.min(issuedAtMs + lifetimeSeconds * 1000, secret?.tokensEndAtMs ?? Number.POSITIVE_INFINITY),
    };
    request.token = token;
    if (this.#options.keepsRecords !== false) {
      this.tokens.push(token);
      this.#byToken.set(token.accessToken, token);
    }
    return { ...USUAL, body: tokenBody(token.accessToken, lifetimeSeconds, outcome) };
  }
}

function answerInstead(misbehaviour: Misbehaviour | undefined): ServerAnswer | undefined {
  const { delayMs: _, ...answer } = misbehaviour ?? {};
  const isAnswer = Boolean(answer.status || answer.headers || answer.destroySocket) || answer.body !== undefined;
  return isAnswer ? { ...USUAL, ...answer } : undefined;
}

function sleepUnreferenced(durationMs: number): Promise<unknown> {
  return setTimeout(durationMs, undefined, { ref: false });
}
