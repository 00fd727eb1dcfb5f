// Every answer that processes gave, compared with the authorization server's own record of what it issued and until when.

import type { AuthorizationServer } from '../../local/authorization-server.ts';
import type { Answer } from './instance.ts';

/** A process that gives hundreds of answers at once notes the time of each a moment after it was made. */
const NOTED_LATE_MS = 100;

export class AnswerLedger {
  readonly answers: Answer[] = [];
  readonly server: AuthorizationServer;
  /** By the token's SHA-256. */
  readonly #toldEndsMs = new Map<string, number>();

  constructor(server: AuthorizationServer) {
    this.server = server;
  }

  add(answer: Answer): void {
    this.answers.push(answer);
    const { sha256, expiresInSeconds, atMs } = answer;
    if (sha256 === undefined || expiresInSeconds === undefined) return;
    // expires_in is rounded down, so the end is the next whole second. The earliest of these ends is exact.
    const endMs = Math.ceil((atMs + expiresInSeconds * 1000) / 1000) * 1000;
    this.#toldEndsMs.set(sha256, Math.min(endMs, this.toldEndMs(sha256) ?? Number.POSITIVE_INFINITY));
  }

  /** The answers given from one moment until another. */
  between(fromMs: number, untilMs: number): AnswerLedger {
    const part = new AnswerLedger(this.server);
    for (const answer of this.answers) if (answer.atMs >= fromMs && answer.atMs < untilMs) part.add(answer);
    return part;
  }

  get failures(): readonly Answer[] {
    return this.answers.filter(({ status }) => status !== 200);
  }

  /** Answers with a token that had ended when it was vended, or that was never issued. */
  get dead(): readonly Answer[] {
    return this.answers.filter(({ status, sha256 = '', atMs }) => status === 200 && !this.server.isAlive(sha256, atMs));
  }

  /** The same, and answers that said a token would live longer than it did. */
  get expired(): readonly Answer[] {
    const saidTooLong = this.answers.filter(({ status, sha256 = '', expiresInSeconds = Number.NaN, atMs }) => {
      const endMs = this.server.find(sha256)?.expiresAtMs ?? 0;
      return status === 200 && !(expiresInSeconds >= 0 && atMs + expiresInSeconds * 1000 <= endMs + NOTED_LATE_MS);
    });
    return [...new Set([...this.dead, ...saidTooLong])];
  }

  /** The end of a token as the answers told it; a whole second. Undefined: it wasn't vended yet. */
  toldEndMs(sha256: string): number | undefined {
    return this.#toldEndsMs.get(sha256);
  }

  latencyMs(quantile: number): number {
    const sorted = this.answers.map(({ latencyMs }) => latencyMs).sort((a, b) => a - b);
    return Math.round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * quantile))] ?? 0);
  }
}
