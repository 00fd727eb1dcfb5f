// Asks the token endpoint for a token: a signed POST, repeated with back-off while the failure may pass.

import { systemCodeOf } from '../lambda/errors.ts';
import { messageOf, type ReceivedToken, readAnswer, tokenOf } from './answer.ts';
import { TokenVendingError } from './errors.ts';
import { hintOfUnreachable, NO_CREDENTIALS_HINT } from './hints.ts';
import type { AwsCredentials, AwsCredentialsProvider, Settings } from './options.ts';
import { elapsedMs, type Instant, type Runtime } from './runtime.ts';

/** The statuses of a failure that may pass by itself. */
const TRANSIENT = new Set([429, 502, 503, 504]);
const FIRST_PAUSE_MS = 200;
const MAX_PAUSE_MS = 5_000;

export interface EndpointOptions {
  /** Whether to repeat the request within the time limit. */
  readonly repeat: boolean;
}

export interface SentToken extends ReceivedToken {
  /** When its request was sent. */
  readonly sentAt: Instant;
}

export class VendingEndpoint {
  readonly #settings: Settings;
  readonly #runtime: Runtime;
  #provider: AwsCredentialsProvider | undefined;
  /** How far AWS's clock is ahead of this machine's, as far as signatures need to know. */
  #clockOffsetMs = 0;

  constructor(settings: Settings, runtime: Runtime) {
    this.#settings = settings;
    this.#runtime = runtime;
  }

  /** @throws TokenVendingError */
  async request(parameters: URLSearchParams, { repeat }: EndpointOptions): Promise<SentToken> {
    const startedAt = this.#runtime.now();
    const leftMs = () => this.#settings.timeoutMs - elapsedMs(startedAt, this.#runtime.now());
    let earlier: unknown;
    for (let attempt = 0; ; attempt++) {
      try {
        return await this.#attempt(parameters.toString(), leftMs());
      } catch (failure) {
        // That the time is over says less than why it was needed.
        const error = leftMs() <= 0 ? (earlier ?? failure) : failure;
        earlier = error;
        const pauseMs = this.#pauseMs(attempt, error);
        if (!repeat || !isTransient(error) || pauseMs >= leftMs()) throw error;
        await this.#runtime.sleep(pauseMs, undefined);
        // The time may have passed without this process, for example while its machine was suspended.
        if (leftMs() <= 0) throw error;
      }
    }
  }

  /** A 403 that the signature's time or expired credentials explain is signed once more. */
  async #attempt(body: string, timeoutMs: number): Promise<SentToken> {
    const limit = AbortSignal.timeout(Math.max(1, Math.ceil(timeoutMs)));
    const first = await this.#send(body, limit, {});
    const isExpired = /token included in the request is expired/i.test(messageOf(first));
    if (first.status !== 403 || !(this.#learnClockOffset(first) || isExpired)) return sent(first);
    return sent(await this.#send(body, limit, { forceRefresh: isExpired }));
  }

  async #send(body: string, signal: AbortSignal, refresh: { forceRefresh?: boolean }) {
    const { tokenEndpoint: url, region, fetch } = this.#settings;
    const credentials = await this.#credentials(refresh);
    const { sign } = await import('./signature.ts');
    const headers = { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' };
    const signingDate = new Date(this.#runtime.now().wallMs + this.#clockOffsetMs);
    const signed = await sign({ url, headers, body }, region, credentials, signingDate);
    const sentAt = this.#runtime.now();
    try {
      const response = await fetch(url, { method: 'POST', headers: signed, body, signal, redirect: 'manual' });
      return { ...(await readAnswer(response)), sentAt };
    } catch (cause) {
      throw unreachable(cause, signal);
    }
  }

  async #credentials(refresh: { forceRefresh?: boolean }): Promise<AwsCredentials> {
    this.#provider ??= await providerOf(this.#settings.credentials);
    let found: AwsCredentials;
    try {
      found = await this.#provider(refresh);
    } catch (cause) {
      throw new TokenVendingError('no_credentials', 'there are no AWS credentials to sign the request with', {
        hint: NO_CREDENTIALS_HINT,
        cause,
      });
    }
    assertUsable(found);
    return found;
  }

  /** @returns whether the answer says that the time of the signature is wrong, and what time it is */
  #learnClockOffset(answer: { headers: Headers; body: Readonly<Record<string, unknown>>; status: number }): boolean {
    if (!/signature expired|signature not yet current/i.test(messageOf(answer))) return false;
    const serverMs = Date.parse(answer.headers.get('date') ?? '');
    if (Number.isNaN(serverMs)) return false;
    this.#clockOffsetMs = serverMs - this.#runtime.now().wallMs;
    return true;
  }

  /** Exponential, with full jitter over half of it, and no shorter than the answer asks for. */
  #pauseMs(attempt: number, error: unknown): number {
    const longestMs = Math.min(MAX_PAUSE_MS, FIRST_PAUSE_MS * 2 ** attempt);
    const pauseMs = longestMs * (0.5 + 0.5 * this.#runtime.random());
    const retryAfterSeconds = error instanceof TokenVendingError ? (error.retryAfterSeconds ?? 0) : 0;
    return retryAfterSeconds * 1000 + pauseMs;
  }
}

function sent({ sentAt, ...answer }: Awaited<ReturnType<typeof readAnswer>> & { sentAt: Instant }): SentToken {
  return { ...tokenOf(answer), sentAt };
}

async function providerOf(given: Settings['credentials']): Promise<AwsCredentialsProvider> {
  if (typeof given === 'function') return given;
  if (given !== undefined) return async () => given;
  const { defaultProvider } = await import('@aws-sdk/credential-provider-node');
  return defaultProvider();
}

/** `fetch` repeats a header's value in its error if it can't send it. */
function assertUsable(found: Partial<AwsCredentials> | undefined): void {
  const texts = [found?.accessKeyId, found?.secretAccessKey, found?.sessionToken || 'none'];
  if (texts.every((text) => typeof text === 'string' && /^[\x21-\x7E]+$/.test(text))) return;
  const requirement = 'a key is missing, or one of them has a character that they never have';
  throw new TokenVendingError('no_credentials', `the AWS credentials are unusable: ${requirement}`);
}

function isTransient(error: unknown): boolean {
  if (!(error instanceof TokenVendingError)) return false;
  return error.code === 'unreachable' || (error.status !== undefined && TRANSIENT.has(error.status));
}

function unreachable(cause: unknown, { aborted }: AbortSignal): TokenVendingError {
  const systemCode = systemCodeOf(cause);
  const what = aborted ? 'the token endpoint did not answer in time' : 'the token endpoint could not be reached';
  const message = systemCode === undefined ? what : `${what} (${systemCode})`;
  return new TokenVendingError('unreachable', message, { hint: hintOfUnreachable(systemCode), cause });
}
