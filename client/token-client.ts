// A client of the token endpoint that one process keeps: tokens are cached, renewed before they end, and asked for once.
//
//   const vending = new TokenClient();   // TOKEN_VENDING_URL, the AWS SDK's default credentials
//   const response = await vending.fetch('https://api.example/orders', {}, { scope: 'order.order_read' });

import { VendingError } from '../lambda/errors.ts';
import { Scopes } from '../lambda/oauth/scopes.ts';
import { authorizedFetch } from './authorized-fetch.ts';
import { TokenVendingError } from './errors.ts';
import { readSettings, type Scope, type Settings, type TokenClientOptions } from './options.ts';
import { type Runtime, SYSTEM } from './runtime.ts';
import { TokenSource, type VendedToken } from './token-source.ts';
import { VendingEndpoint } from './vending-endpoint.ts';

export interface TokenOptions {
  /** @default - the client's own `scope` */
  readonly scope?: Scope | undefined;
  /**
   * The token lives at least this long, in seconds, at most three quarters of its lifetime.
   * @default 0
   */
  readonly minTtlSeconds?: number | undefined;
  /** Ends the wait of this call. Others go on waiting for the same request. */
  readonly signal?: AbortSignal | undefined;
}

interface Connection {
  readonly settings: Settings;
  readonly endpoint: VendingEndpoint;
}

/** Memory of scope texts and scope sets is bounded. A set that is forgotten is asked for again. */
const MAX_SCOPE_TEXTS = 10_000;
const MAX_SCOPE_SETS = 1_000;

/**
 * Keep one for the life of the process. Its methods can be passed on: they need no `this`.
 *
 * Options are read with the first call, which throws a TokenVendingError `misconfigured` if one is wrong.
 */
export class TokenClient {
  readonly #options: TokenClientOptions;
  readonly #runtime: Runtime;
  #connection: Connection | undefined;
  /** By the scopes as they were given. */
  readonly #byText = new Map<string | undefined, TokenSource>();
  /** By the scope set and the tenant. */
  readonly #bySet = new Map<string, TokenSource>();

  /** @param runtime clocks and chance, for tests that set the time */
  constructor(options: TokenClientOptions = {}, runtime: Runtime = SYSTEM) {
    this.#options = options;
    this.#runtime = runtime;
  }

  /**
   * A valid token: a cached one, or one that is asked for. Calls at the same time share one request for each scope set. Near
   * its end a token is renewed in the background. Failures that may pass are retried within `timeoutMs`.
   *
   * @throws TokenVendingError, or the signal's reason
   */
  readonly getToken = (options: TokenOptions = {}): Promise<VendedToken> => {
    const { scope = this.#options.scope, minTtlSeconds = 0, signal } = options;
    try {
      const source = this.#sourceOf(scope);
      const settled = minTtlSeconds === 0 && signal === undefined ? source.settled : undefined;
      return settled ?? source.get(duration(minTtlSeconds), signal);
    } catch (error) {
      return Promise.reject(error);
    }
  };

  /** A function that returns an access token, for libraries that take one. */
  readonly tokenProvider =
    (options: TokenOptions = {}): (() => Promise<string>) =>
    async () =>
      (await this.getToken(options)).accessToken;

  /**
   * `fetch` with a token. On a 401 that doesn't name another reason than the token, the token is rejected, and the request is
   * sent once more with another one, unless its body is a stream. If that is answered with 401 too, it is handed back, and
   * no token of the scope set is rejected in this way for 5 min.
   *
   * It refuses plain http to other machines, an `Authorization` header, and origins outside `allowedOrigins`.
   *
   * @throws TokenVendingError, and what `fetch` throws
   */
  readonly fetch = async (
    input: string | URL | Request,
    init: RequestInit = {},
    options: Omit<TokenOptions, 'signal'> = {},
  ): Promise<Response> => {
    const { scope = this.#options.scope, minTtlSeconds = 0 } = options;
    const { settings } = this.#connect();
    return await authorizedFetch(settings, this.#sourceOf(scope), duration(minTtlSeconds), input, init);
  };

  /**
   * An API has refused the token (401 `invalid_token`): the next `getToken` asks for another one. Nothing happens if the
   * client holds another token already.
   */
  readonly reject = (accessToken: string): void => {
    for (const source of this.#bySet.values()) source.reject(accessToken);
  };

  #connect(): Connection {
    if (this.#connection === undefined) {
      const settings = readSettings(this.#options, process.env);
      this.#connection = { settings, endpoint: new VendingEndpoint(settings, this.#runtime) };
    }
    return this.#connection;
  }

  #sourceOf(scope: Scope | undefined): TokenSource {
    const text = scope === undefined || typeof scope === 'string' ? scope : scope.join(' ');
    const known = this.#byText.get(text);
    if (known !== undefined) return known;
    const parameter = canonical(text ?? '');
    const source = this.#bySet.get(parameter) ?? this.#createSource(parameter);
    if (this.#byText.size >= MAX_SCOPE_TEXTS) this.#byText.clear();
    this.#byText.set(text, source);
    return source;
  }

  #createSource(scope: string): TokenSource {
    const { endpoint, settings } = this.#connect();
    const source = new TokenSource({
      request: (parameters, repeat) =>
        endpoint.request(new URLSearchParams({ ...(scope && { scope }), ...parameters }), { repeat }),
      runtime: this.#runtime,
      timeoutMs: settings.timeoutMs,
    });
    if (this.#bySet.size >= MAX_SCOPE_SETS) this.#forgetOldestSet();
    this.#bySet.set(scope, source);
    return source;
  }

  /** No text may lead to a forgotten set: `reject` would not find its token. */
  #forgetOldestSet(): void {
    const [oldest] = this.#bySet.keys();
    if (oldest !== undefined) this.#bySet.delete(oldest);
    this.#byText.clear();
  }
}

/** The scopes as a set, with the tenant that is named among them. @throws TokenVendingError `invalid_scope` */
function canonical(text: string): string {
  try {
    const tenant = Scopes.parseTenant(text);
    return [Scopes.parse(text)?.toString(), tenant && `tenant=${tenant}`].filter(Boolean).join(' ');
  } catch (error) {
    if (error instanceof VendingError) throw new TokenVendingError('invalid_scope', error.message);
    throw error;
  }
}

function duration(minTtlSeconds: number): number {
  if (minTtlSeconds >= 0 && Number.isFinite(minTtlSeconds)) return minTtlSeconds;
  throw new TokenVendingError('invalid_request', `minTtlSeconds is ${minTtlSeconds}, it must be a number of seconds`);
}
