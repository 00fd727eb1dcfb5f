// The token of one scope set: when it is handed out, when it is renewed, and who waits for whom. No timer runs between
// calls: each call looks at the clocks.

import { createHash } from 'node:crypto';
import { TokenVendingError } from './errors.ts';
import { elapsedMs, type Instant, type Runtime } from './runtime.ts';
import type { SentToken } from './vending-endpoint.ts';

/** A token, as the token endpoint has vended it. */
export interface VendedToken {
  readonly accessToken: string;
  /** By this machine's clock, counted from the moment its request was sent. */
  readonly expiresAt: Date;
  /** The granted scopes. */
  readonly scopes: readonly string[];
  /** Undefined if the authorization server names none. */
  readonly tenant: string | undefined;
}

export interface TokenSourceProps {
  /** @throws TokenVendingError */
  readonly request: (parameters: Readonly<Record<string, string>>, repeat: boolean) => Promise<SentToken>;
  readonly runtime: Runtime;
  readonly timeoutMs: number;
}

interface HeldToken extends SentToken {
  readonly vended: VendedToken;
  /** Resolved. It is made once, because most calls return it. */
  readonly answer: Promise<VendedToken>;
}

interface Call {
  readonly startedAt: Instant;
  readonly minTtlSeconds: number;
  readonly rejected: string | undefined;
  /** It renews a token that is good for a while yet. So it is not repeated, and its failure is nobody's. */
  readonly isRenewal: boolean;
  readonly promise: Promise<VendedToken>;
}

/** A token was refused by an API that may refuse for another reason. */
interface Report {
  readonly at: Instant;
  /** An API has refused the token's replacement as well. */
  readonly replacementRefused: boolean;
}

/** A call renews the token in the background from this part of its lifetime on, drawn for each token. */
const RENEW_FROM = 0.8;
const RENEW_UNTIL = 0.9;
/** There is never more than one renewal in this time. */
const PAUSE_MS = 5_000;
/** After a failed renewal. */
const FAILED_PAUSE_MS = 30_000;
/** A caller waits for the renewal of a token that has less than this left, or less than a tenth of its lifetime. */
const MARGIN_MS = 30_000;
/** A token isn't handed out in its last second, because a request takes time. */
const LAST_MS = 1_000;
const REPORT_AGAIN_MS = 300_000;

export class TokenSource {
  readonly #props: TokenSourceProps;
  #held: HeldToken | undefined;
  /** For so long calls get the held token, and don't ask for another one. */
  #quiet: { readonly since: Instant; readonly forMs: number } | undefined;
  /** The held token, if it was rejected. */
  #rejected: string | undefined;
  #call: Call | undefined;
  #report: Report | undefined;

  constructor(props: TokenSourceProps) {
    this.#props = props;
  }

  /** The token, if nothing needs to be asked. Undefined otherwise. */
  get settled(): Promise<VendedToken> | undefined {
    const quiet = this.#quiet;
    if (quiet === undefined || elapsedMs(quiet.since, this.#now()) >= quiet.forMs) return undefined;
    return this.#held?.answer;
  }

  /** @throws TokenVendingError, or the signal's reason */
  async get(minTtlSeconds: number, signal: AbortSignal | undefined): Promise<VendedToken> {
    const startedAt = this.#now();
    for (;;) {
      signal?.throwIfAborted();
      const held = this.#held;
      const leftMs = this.#leftMs();
      // How long the held token is enough for this caller.
      const enoughMs = leftMs - minTtlSeconds * 1000;
      if (held !== undefined && enoughMs > 0 && (this.#isQuiet || leftMs > marginMs(held))) {
        if (!this.#isQuiet && !this.#callUnderWay) this.#start(0, true);
        return held.vended;
      }
      const call = this.#callUnderWay ?? this.#start(minTtlSeconds, enoughMs > 0);
      const isOwn = !call.isRenewal && call.minTtlSeconds === minTtlSeconds && call.rejected === this.#rejected;
      const patienceMs = this.#props.timeoutMs + LAST_MS - elapsedMs(startedAt, this.#now());
      try {
        const vended = await this.#waitAtMost(enoughMs > 0 ? enoughMs : patienceMs, call.promise, signal);
        if (isOwn && vended !== undefined) return vended;
        if (vended === undefined) return this.#afterWaiting(enoughMs > 0 ? held : undefined);
      } catch (error) {
        signal?.throwIfAborted();
        if (isOwn && this.#leftMs() <= minTtlSeconds * 1000) throw error;
      }
    }
  }

  /** The next call asks for another token than this one. */
  reject(accessToken: string): void {
    if (this.#held?.accessToken !== accessToken) return;
    this.#rejected = accessToken;
    this.#quiet = undefined;
  }

  /**
   * An API has refused a token. It is rejected, unless one was within 5 min: the API may refuse for another reason, and each
   * rejection makes the whole fleet mint.
   * @returns whether another token can be had
   */
  reportRefused(accessToken: string): boolean {
    if (this.#rejected === accessToken || this.#held?.accessToken !== accessToken) return true;
    const now = this.#now();
    if (this.#report !== undefined && elapsedMs(this.#report.at, now) < REPORT_AGAIN_MS) return false;
    this.#report = { at: now, replacementRefused: false };
    this.reject(accessToken);
    return true;
  }

  /**
   * A refused request was sent again with another token. If that was taken, the first one was refused for what it is, and the
   * next refusal is reported at once.
   */
  noteSecondAnswer(isRefused: boolean): void {
    if (isRefused) this.#report = { at: this.#now(), replacementRefused: true };
    else if (!this.#report?.replacementRefused) this.#report = undefined;
  }

  get #isQuiet(): boolean {
    return this.settled !== undefined;
  }

  /** A call that is older than its time limit has been frozen with its process, and nobody joins it. */
  get #callUnderWay(): Call | undefined {
    const call = this.#call;
    return call && elapsedMs(call.startedAt, this.#now()) < this.#props.timeoutMs ? call : undefined;
  }

  #start(minTtlSeconds: number, isRenewal: boolean): Call {
    const rejected = this.#rejected;
    const startedAt = this.#now();
    const parameters = {
      ...(minTtlSeconds > 0 && { min_ttl: String(Math.ceil(minTtlSeconds)) }),
      ...(rejected !== undefined && { rejected_token_sha256: createHash('sha256').update(rejected).digest('hex') }),
    };
    const promise = this.#props
      .request(parameters, !isRenewal)
      .then((token) => this.#hold(token, rejected))
      .finally(() => {
        if (this.#call === call) this.#call = undefined;
      });
    const call: Call = { startedAt, minTtlSeconds, rejected, isRenewal, promise };
    this.#call = call;
    // Whoever waits is told. Nobody may.
    promise.catch((error: unknown) => this.#pauseAfter(error));
    return call;
  }

  #hold(token: SentToken, rejected: string | undefined): VendedToken {
    if (hasEnded(token, this.#now())) {
      throw new TokenVendingError('unreachable', 'the token had ended before its answer was read');
    }
    const held = this.#held;
    const { accessToken, lifetimeMs, scopes, tenant, sentAt } = token;
    const expiresAt = new Date(sentAt.wallMs + lifetimeMs);
    const vended = Object.freeze({ accessToken, expiresAt, scopes: Object.freeze([...scopes]), tenant });
    // A late answer: a later request was answered before, or the token was reported meanwhile.
    if (held !== undefined && sentAt.monotonicMs < held.sentAt.monotonicMs) return vended;
    if (this.#rejected === accessToken && rejected !== accessToken) return vended;
    this.#held = { ...token, vended, answer: Promise.resolve(vended) };
    this.#rejected = undefined;
    const now = this.#now();
    const leftMs = this.#leftMs();
    const isSame = held?.accessToken === accessToken;
    const part = isSame ? 0.5 : RENEW_FROM + (RENEW_UNTIL - RENEW_FROM) * this.#props.runtime.random();
    this.#quiet = { since: now, forMs: Math.min(Math.max(leftMs * part, PAUSE_MS), leftMs) };
    return vended;
  }

  /** A renewal has failed. The held token is good for a while yet. Other failures don't make it due. */
  #pauseAfter(error: unknown): void {
    const leftMs = this.#leftMs();
    if (leftMs <= 0 || this.#isQuiet) return;
    const retryAfterSeconds = error instanceof TokenVendingError ? (error.retryAfterSeconds ?? 0) : 0;
    const usualMs = Math.min(FAILED_PAUSE_MS * (1 + this.#props.runtime.random()), leftMs / 2);
    const forMs = Math.min(Math.max(usualMs, retryAfterSeconds * 1000, PAUSE_MS), leftMs);
    this.#quiet = { since: this.#now(), forMs };
  }

  /** How long the held token can be handed out. 0 if there is none. */
  #leftMs(): number {
    const held = this.#held;
    if (held === undefined || this.#rejected === held.accessToken) return 0;
    const lastMs = Math.min(LAST_MS, held.lifetimeMs / 10);
    return Math.max(0, held.lifetimeMs - lastMs - elapsedMs(held.sentAt, this.#now()));
  }

  /** The renewal takes longer than the caller can wait. It gets the token that it could have had before. */
  #afterWaiting(enough: HeldToken | undefined): VendedToken {
    const isGood = enough !== undefined && this.#rejected !== enough.accessToken && !hasEnded(enough, this.#now());
    if (isGood) return enough.vended;
    throw new TokenVendingError('unreachable', 'no token was vended in time');
  }

  /** Undefined if it takes longer. @throws the signal's reason, or what the promise throws */
  async #waitAtMost<T>(ms: number, promise: Promise<T>, signal: AbortSignal | undefined): Promise<T | undefined> {
    const isOver = new AbortController();
    const ended = signal === undefined ? isOver.signal : AbortSignal.any([isOver.signal, signal]);
    const pause = this.#props.runtime.sleep(ms, ended).then(() => {
      signal?.throwIfAborted();
      return undefined;
    });
    try {
      return await Promise.race([promise, pause]);
    } finally {
      isOver.abort();
    }
  }

  #now(): Instant {
    return this.#props.runtime.now();
  }
}

/** Waiting may have taken longer than it was meant to: the process may have been frozen meanwhile. */
function hasEnded({ sentAt, lifetimeMs }: SentToken, now: Instant): boolean {
  return elapsedMs(sentAt, now) >= lifetimeMs;
}

function marginMs({ lifetimeMs }: HeldToken): number {
  return Math.min(MARGIN_MS, lifetimeMs / 10);
}
