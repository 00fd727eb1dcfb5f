// An authorization server that knows which client secret minted each token. A secret that is replaced takes its tokens
// with it, 65 s later: whoever was given one after that was given a dead token.

import { createHash, randomBytes } from 'node:crypto';
import { type Emporix, type EmporixOptions, startEmporix } from '../../local/emporix.ts';

/** How long the tokens of a replaced secret live on. */
const TOKENS_LIVE_ON_MS = 65_000;

export const LONG_SCOPES: readonly string[] = ['rotation.long_a', 'rotation.long_b'];
export const SHORT_SCOPES: readonly string[] = ['rotation.short_a', 'rotation.short_b'];
/** Named by nobody; a client holds it, so that a candidate can lack it. */
export const QUIET_SCOPE = 'rotation.quiet';
const HELD: readonly string[] = [...LONG_SCOPES, ...SHORT_SCOPES, QUIET_SCOPE];

const LONG_LIFETIME_SECONDS = 14_399;
const SHORT_LIFETIME_SECONDS = 40;

interface ClientSecret {
  readonly scopes: readonly string[];
  refusedFromMs: number;
  tokensDeadFromMs: number;
}

/** A token request. Without a scope it is the rotation function's, which tests a candidate. */
interface Asked {
  readonly atMs: number;
  readonly secret: string;
  readonly scope: string | undefined;
  readonly isGranted: boolean;
}

interface Issued {
  readonly token: string;
  readonly secret: string;
  readonly expiresAtMs: number;
}

export class AuthorizationServer {
  readonly requests: Asked[] = [];
  readonly #nowMs: () => number;
  readonly #secrets = new Map<string, ClientSecret>();
  /** By a token's SHA-256. */
  readonly #issued = new Map<string, Issued>();
  #emporix: Emporix | undefined;

  private constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  static async start(nowMs: () => number): Promise<AuthorizationServer> {
    const server = new AuthorizationServer(nowMs);
    const respondWith: EmporixOptions['respondWith'] = ({ params }) => server.#answer(params);
    server.#emporix = await startEmporix({ clientId: 'rotation-client', respondWith, nowMs });
    return server;
  }

  get tokenEndpoint(): string {
    return this.#emporix?.tokenEndpoint ?? '';
  }

  get clientId(): string {
    return this.#emporix?.clientId ?? '';
  }

  get tokens(): readonly string[] {
    return [...this.#issued.values()].map(({ token }) => token);
  }

  /** Takes a secret from now on. */
  accept(secret: string, scopes = HELD): void {
    const never = Number.POSITIVE_INFINITY;
    this.#secrets.set(secret, { scopes, refusedFromMs: never, tokensDeadFromMs: never });
  }

  /** @param refusedAtOnce else the secret is taken for as long as its tokens live on */
  replace(secret: string, refusedAtOnce: boolean): void {
    const known = this.#secrets.get(secret);
    if (!known) throw new Error(`there is no client secret ${secret}`);
    const nowMs = this.#nowMs();
    known.tokensDeadFromMs = nowMs + TOKENS_LIVE_ON_MS;
    known.refusedFromMs = refusedAtOnce ? nowMs : known.tokensDeadFromMs;
  }

  /** What minted a token. Undefined: it was never issued. */
  secretOf(sha256: string): string | undefined {
    return this.#issued.get(sha256)?.secret;
  }

  isAlive(sha256: string, atMs: number): boolean {
    const issued = this.#issued.get(sha256);
    const deadFromMs = issued && this.#secrets.get(issued.secret)?.tokensDeadFromMs;
    return issued !== undefined && deadFromMs !== undefined && atMs < deadFromMs && atMs < issued.expiresAtMs;
  }

  async close(): Promise<void> {
    await this.#emporix?.close();
  }

  #answer({ client_id, client_secret: secret = '', scope }: Readonly<Record<string, string>>) {
    const atMs = this.#nowMs();
    const client = client_id === this.clientId ? this.#secrets.get(secret) : undefined;
    const isGranted = client !== undefined && atMs < client.refusedFromMs;
    this.requests.push({ atMs, secret, scope, isGranted });
    if (!client || !isGranted) {
      return json(401, { ErrorCode: 'invalid_client', Error: 'Client credentials are invalid' });
    }
    const granted =
      scope === undefined ? client.scopes : client.scopes.filter((held) => scope.split(' ').includes(held));
    const isShort = granted.length > 0 && granted.every((held) => SHORT_SCOPES.includes(held));
    const expiresInSeconds = isShort ? SHORT_LIFETIME_SECONDS : LONG_LIFETIME_SECONDS;
    const token = randomBytes(24).toString('base64url');
    const sha256 = createHash('sha256').update(token).digest('hex');
    this.#issued.set(sha256, { token, secret, expiresAtMs: atMs + expiresInSeconds * 1000 });
    return json(200, {
      access_token: token,
      token_type: 'Bearer',
      expires_in: expiresInSeconds,
      scope: `scope=${granted.join(' ')} tenant=yourtenant`,
    });
  }
}

function json(status: number, body: object) {
  return { status, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
}
