// Five rotations of one secret under load, and two candidates in between that must not become current.

import { isDeepStrictEqual } from 'node:util';
import { CANDIDATE, COMPARED } from '../../lambda/rotate/staged-secret.ts';
import type { ServedAuthorizationServer } from '../../local/serve-authorization-server.ts';
import type { RunClock } from '../../testbed/processes/run-clock.mjs';
import { CLIENT_ID, replace, SCOPES, SECRETS } from './client.ts';
import type { Operator } from './operator.ts';

const FIRST_ROTATION_AFTER_S = 10;
const ROTATION_EVERY_S = 75;
/** So long before the last rotation the bad candidates are tried: by then all processes have seen the correction. */
const BAD_CANDIDATES_BEFORE_S = 9;

export interface Rotated {
  readonly name: string;
  /** Current from now on. */
  readonly secret: string;
  readonly isWrong: boolean;
  /** The authorization server refuses the replaced secret from now on. */
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
  readonly hasLabelsUnchanged: boolean;
}

export class Story {
  readonly rotations: Rotated[] = [];
  readonly badCandidates: BadCandidate[] = [];
  endMs = 0;
  readonly #server: ServedAuthorizationServer;
  readonly #operator: Operator;
  readonly #clock: RunClock;

  constructor(server: ServedAuthorizationServer, operator: Operator, clock: RunClock) {
    this.#server = server;
    this.#operator = operator;
    this.#clock = clock;
  }

  /** @param onRotation is called after each rotation */
  async play(onRotation: (rotated: Rotated) => void): Promise<void> {
    const { one, two, three, mistyped, four, five } = SECRETS;
    const rotations = [
      () => this.#replace('good', one, two, 'refused later'),
      () => this.#replace('good, old one refused at once', two, three, 'refused at once'),
      () => this.#mistype(mistyped),
      () => this.#replace('correction', three, four, 'refused later'),
      () => this.#rotateVerified('verified', four, five),
    ];
    const firstMs = this.#clock.nowMs() + FIRST_ROTATION_AFTER_S * 1000;
    for (const [index, rotate] of rotations.entries()) {
      const dueMs = firstMs + index * ROTATION_EVERY_S * 1000;
      if (index === rotations.length - 1) await this.#tryBadCandidates(dueMs - BAD_CANDIDATES_BEFORE_S * 1000);
      await this.#clock.sleepUntil(dueMs);
      const traits = await rotate();
      const rotated = { ...traits, atMs: this.#clock.nowMs() };
      this.rotations.push(rotated);
      onRotation(rotated);
    }
    await this.#clock.sleepUntil(firstMs + rotations.length * ROTATION_EVERY_S * 1000);
    this.endMs = this.#clock.nowMs();
  }

  async #replace(name: string, old: string, secret: string, when: Parameters<typeof replace>[2]): Promise<Traits> {
    this.#server.accept(secret);
    await this.#put(secret);
    replace(this.#server, old, when);
    return { name, secret, isWrong: false, refusesReplaced: when === 'refused at once' };
  }

  async #mistype(secret: string): Promise<Traits> {
    await this.#put(secret);
    return { name: 'wrong', secret, isWrong: true, refusesReplaced: false };
  }

  async #rotateVerified(name: string, old: string, secret: string): Promise<Traits> {
    this.#server.accept(secret);
    await this.#put(secret, CANDIDATE);
    await this.#operator.rotate();
    replace(this.#server, old, 'refused later');
    return { name, secret, isWrong: false, refusesReplaced: false };
  }

  async #tryBadCandidates(atMs: number): Promise<void> {
    await this.#clock.sleepUntil(atMs);
    await this.#rotateBadly('unknown to the server', SECRETS.unknown);
    this.#server.accept(SECRETS.poorer, { scopes: SCOPES });
    await this.#rotateBadly('lacking a scope', SECRETS.poorer);
  }

  async #rotateBadly(name: string, secret: string): Promise<void> {
    await this.#put(secret, CANDIDATE);
    const before = await this.#operator.labels();
    const message = await this.#operator.rotate().then(
      () => undefined,
      (error: unknown) => (error instanceof Error ? error.message : String(error)),
    );
    const after = { ...before, [COMPARED]: String(before.AWSCURRENT) };
    const hasLabelsUnchanged = isDeepStrictEqual(await this.#operator.labels(), after);
    this.badCandidates.push({ name, secret, message, hasLabelsUnchanged });
  }

  async #put(clientSecret: string, ...labels: string[]): Promise<void> {
    await this.#operator.put({ clientId: CLIENT_ID, clientSecret }, ...labels);
  }
}
