// The faults as faults of the simulated Emporix and of its credential.

import { randomUUID } from 'node:crypto';
import { DEFAULT_SECRET_FIELDS, secretJson } from '../lambda/secrets/secret-value.ts';
import type { Misbehaviour } from '../local/authorization-server.ts';
import type { LocalMode } from '../local/local-mode.ts';
import type { ServedAuthorizationServer } from '../local/serve-authorization-server.ts';
import type { LocalFaults, ServerState } from './local-faults.ts';

export class SimulatedFaults implements LocalFaults {
  readonly #mode: LocalMode;
  readonly #server: ServedAuthorizationServer;
  /** The client secret that the server accepts. */
  #clientSecret: string;

  constructor(mode: LocalMode, server: ServedAuthorizationServer) {
    this.#mode = mode;
    this.#server = server;
    this.#clientSecret = server.clientSecret;
  }

  setServer(state: ServerState): void {
    this.#server.behaviour.respondWith = misbehaviourOf(state);
  }

  revoke(accessToken: string): void {
    this.#server.revoke(accessToken);
  }

  async replaceSecret(how: 'rightly' | 'wrongly'): Promise<void> {
    const clientSecret = `emporix-secret-${randomUUID()}`;
    if (how === 'rightly') {
      this.#server.accept(clientSecret);
      this.#server.refuse(this.#clientSecret);
      this.#clientSecret = clientSecret;
    }
    this.#put(clientSecret);
    await this.#mode.restart();
  }

  async clear(): Promise<void> {
    this.setServer('healthy');
    this.#put(this.#clientSecret);
    await this.#mode.dynamodb.empty();
    await this.#mode.restart();
  }

  #put(clientSecret: string): void {
    const { secretsManager } = this.#mode;
    secretsManager.put(secretsManager.secretId, secretJson(DEFAULT_SECRET_FIELDS, this.#server.clientId, clientSecret));
  }
}

function misbehaviourOf(state: ServerState): (() => Misbehaviour | undefined) | undefined {
  if (state === 'healthy') return undefined;
  if (state === 'down') return () => ({ destroySocket: true });
  if ('slowByMs' in state) return () => ({ delayMs: state.slowByMs });
  const endMs = performance.now() + state.throttledForSeconds * 1000;
  return () => {
    const retryAfterSeconds = Math.ceil((endMs - performance.now()) / 1000);
    return retryAfterSeconds > 0 ? { status: 429, headers: { 'retry-after': retryAfterSeconds } } : undefined;
  };
}
