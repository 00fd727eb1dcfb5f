// Five rotations of one secret under load, and two candidates in between that must not become current.

import { type AuthorizationServer, LONG_SCOPES, SHORT_SCOPES } from './authorization-server.ts';
import type { RunClock } from './clock.mjs';
import type { Operator } from './operator.ts';

/** The first rotation, and then one after the other, in seconds. */
const FIRST_AFTER_S = 10;
const EVERY_S = 75;
/** Once the correction has been seen everywhere. */
const BAD_CANDIDATES_BEFORE_S = 9;

const FIRST_SECRET = 'client-secret-one';
const SECRETS = ['two', 'three', 'mistyped', 'four', 'five', 'unknown', 'poorer'].map(
  (name) => `client-secret-${name}`,
);
export const ALL_SECRETS: readonly string[] = [FIRST_SECRET, ...SECRETS];
const [TWO, THREE, MISTYPED, FOUR, FIVE, UNKNOWN, POORER] = SECRETS as [
  string,
  string,
  string,
  string,
  string,
  string,
  string,
];

export interface Rotated {
  readonly name: string;
  /** What is current from now on. */
  readonly secret: string;
  readonly isWrong: boolean;
  /** That the authorization server refuses the replaced secret from now on. */
  readonly refusesReplaced: boolean;
  /** When the operator's command had returned. */
  readonly atMs: number;
}

type Traits = Omit<Rotated, 'atMs'>;

interface BadCandidate {
  readonly name: string;
  readonly secret: string;
  /** Undefined: the rotation succeeded. */
  readonly message: string | undefined;
  readonly isAllAsItWas: boolean;
}

export class Story {
  readonly rotations: Rotated[] = [];
  readonly badCandidates: BadCandidate[] = [];
  endMs = 0;
  readonly #server: AuthorizationServer;
  readonly #operator: Operator;
  readonly #clock: RunClock;

  constructor(server: AuthorizationServer, operator: Operator, clock: RunClock) {
    this.#server = server;
    this.#operator = operator;
    this.#clock = clock;
  }

  static get firstSecret(): string {
    return FIRST_SECRET;
  }

  /** @param onRotation told of each as it has happened */
  async play(onRotation: (rotated: Rotated) => void): Promise<void> {
    const turns = [
      () => this.#replace('good', FIRST_SECRET, TWO, false),
      () => this.#replace('good, old one refused at once', TWO, THREE, true),
      () => this.#mistype(MISTYPED),
      () => this.#replace('correction', THREE, FOUR, false),
      () => this.#rotateVerified('verified', FOUR, FIVE),
    ];
    const firstMs = this.#clock.nowMs() + FIRST_AFTER_S * 1000;
    for (const [index, turn] of turns.entries()) {
      const turnMs = firstMs + index * EVERY_S * 1000;
      if (index === turns.length - 1) await this.#tryBadCandidates(turnMs - BAD_CANDIDATES_BEFORE_S * 1000);
      await this.#clock.sleepUntil(turnMs);
      const traits = await turn();
      const rotated = { ...traits, atMs: this.#clock.nowMs() };
      this.rotations.push(rotated);
      onRotation(rotated);
    }
    await this.#clock.sleepUntil(firstMs + turns.length * EVERY_S * 1000);
    this.endMs = this.#clock.nowMs();
  }

  async #replace(name: string, old: string, secret: string, refusesReplaced: boolean): Promise<Traits> {
    this.#server.accept(secret);
    await this.#operator.put(secret);
    this.#server.replace(old, refusesReplaced);
    return { name, secret, isWrong: false, refusesReplaced };
  }

  async #mistype(secret: string): Promise<Traits> {
    await this.#operator.put(secret);
    return { name: 'wrong', secret, isWrong: true, refusesReplaced: false };
  }

  async #rotateVerified(name: string, old: string, secret: string): Promise<Traits> {
    this.#server.accept(secret);
    await this.#operator.stage(secret);
    await this.#operator.rotate();
    this.#server.replace(old, false);
    return { name, secret, isWrong: false, refusesReplaced: false };
  }

  async #tryBadCandidates(atMs: number): Promise<void> {
    await this.#clock.sleepUntil(atMs);
    await this.#rotateBadly('unknown to the server', UNKNOWN);
    this.#server.accept(POORER, [...LONG_SCOPES, ...SHORT_SCOPES]);
    await this.#rotateBadly('lacking a scope', POORER);
  }

  async #rotateBadly(name: string, secret: string): Promise<void> {
    await this.#operator.stage(secret);
    const before = await this.#operator.labels();
    const message = await this.#operator.rotate().then(
      () => undefined,
      (error: unknown) => (error instanceof Error ? error.message : String(error)),
    );
    const isAllAsItWas = (await this.#operator.labels()) === before;
    this.badCandidates.push({ name, secret, message, isAllAsItWas });
  }
}
