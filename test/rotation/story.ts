// Five rotations of one secret under load, and two candidates in between that must not become current.

import { type AuthorizationServer, LONG_SCOPES, SHORT_SCOPES } from './authorization-server.ts';
import type { RunClock } from './clock.mjs';
import type { Operator } from './operator.ts';

/** The first rotation, and then one after the other, in seconds. */
const FIRST_AFTER_S = 10;
const EVERY_S = 75;
/** After the correction, once it has been seen everywhere. */
const BAD_CANDIDATES_AFTER_S = 66;

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

export interface BadCandidate {
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
    const [server, operator] = [this.#server, this.#operator];
    const firstMs = this.#clock.nowMs() + FIRST_AFTER_S * 1000;
    const turn = (n: number) => this.#clock.sleepUntil(firstMs + n * EVERY_S * 1000);
    const rotated = (name: string, secret: string, traits: Partial<Rotated> = {}) => {
      const common = { isWrong: false, refusesReplaced: false, atMs: this.#clock.nowMs() };
      const rotation = { name, secret, ...common, ...traits };
      this.rotations.push(rotation);
      onRotation(rotation);
    };

    await turn(0);
    server.accept(TWO);
    await operator.put(TWO);
    server.replace(FIRST_SECRET, false);
    rotated('good', TWO);

    await turn(1);
    server.accept(THREE);
    await operator.put(THREE);
    server.replace(TWO, true);
    rotated('good, old one refused at once', THREE, { refusesReplaced: true });

    await turn(2);
    await operator.put(MISTYPED);
    rotated('wrong', MISTYPED, { isWrong: true });

    await turn(3);
    server.accept(FOUR);
    await operator.put(FOUR);
    server.replace(THREE, false);
    rotated('correction', FOUR);

    await this.#clock.sleepUntil(firstMs + (3 * EVERY_S + BAD_CANDIDATES_AFTER_S) * 1000);
    await this.#rotateBadly('unknown to the server', UNKNOWN);
    server.accept(POORER, [...LONG_SCOPES, ...SHORT_SCOPES]);
    await this.#rotateBadly('lacking a scope', POORER);

    await turn(4);
    server.accept(FIVE);
    await operator.stage(FIVE);
    await operator.rotate();
    server.replace(FOUR, false);
    rotated('verified', FIVE);

    await turn(5);
    this.endMs = this.#clock.nowMs();
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
