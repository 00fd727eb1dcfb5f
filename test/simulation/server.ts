// The simulated authorization server: it remembers every request, and when each token it issued truly ends.

import type { World } from './world.ts';

/** A request that reached the server. */
export interface ServerRequest {
  readonly scope: string;
  readonly pk: string;
  /** The credential version it was made with. */
  readonly version: string;
  /** For its credential. */
  readonly refused: boolean;
  /** When the minter set out, and when the request arrived. */
  readonly startedAtMs: number;
  readonly atMs: number;
  /** The token issued; undefined: it failed. */
  readonly accessToken: string | undefined;
  /** The minter had the answer: it wasn't lost, late or crashed. */
  heard: boolean;
}

export class SimulatedServer {
  readonly requests: ServerRequest[] = [];
  /** Down: every request fails. */
  isDown = false;
  readonly #world: World;
  readonly #lifetimeMs: number;
  readonly #endsAtMs = new Map<string, number>();

  constructor(world: World, lifetimeSeconds: number) {
    this.#world = world;
    this.#lifetimeMs = lifetimeSeconds * 1000;
  }

  receive(
    request: Pick<ServerRequest, 'scope' | 'pk' | 'version' | 'startedAtMs' | 'refused'>,
    fails: boolean,
  ): ServerRequest {
    const atMs = this.#world.nowMs;
    const accessToken = fails || this.isDown ? undefined : `token ${this.requests.length} of ${request.scope}`;
    if (accessToken !== undefined) this.#endsAtMs.set(accessToken, atMs + this.#lifetimeMs);
    const received = { ...request, atMs, accessToken, heard: false };
    this.requests.push(received);
    return received;
  }

  /** When the token that was issued last truly ends. */
  get lastEndsAtMs(): number {
    return Math.max(0, ...this.#endsAtMs.values());
  }

  /** When a token truly ends. */
  endOf(accessToken: string): number {
    return this.#endsAtMs.get(accessToken) ?? 0;
  }
}
