// The other end of instance.ts: a process that is asked for tokens over Node's IPC. It reports each answer, and the moment
// when a token request leaves it. Its clock can be moved forward. The token itself stays in the process, because its SHA-256 is enough for a test.

import { createHash } from 'node:crypto';
import { subscribe } from 'node:diagnostics_channel';

/**
 * @typedef {{ status: number, token?: string, source?: string, expiresInSeconds?: number, retryAfter?: string }} Vended
 * @typedef {import('./instance.ts').Demand} Demand
 * @typedef {import('./instance.ts').Order} Order
 */

/**
 * @param {(scope: string, demand: Demand) => Promise<Vended>} vend
 * @param {{ forward(ms: number): void }} [clock] the clock of the process, if it can be moved
 */
export function serveCalls(vend, clock) {
  process.on('disconnect', () => process.exit());
  // undici publishes this both as it is bundled with the function and as it is built into Node.js.
  subscribe('undici:client:sendHeaders', () => process.send?.({ kind: 'minting', atMs: Date.now() }));
  process.on('message', async (/** @type {Order} */ order) => {
    if (order.kind === 'forward') return clock?.forward(order.ms);
    const { id, scope, demand } = order;
    const startedAtMs = Date.now();
    const startedMs = performance.now();
    const { token, ...vended } = await vend(scope, demand);
    const latencyMs = performance.now() - startedMs;
    const sha256 = token && createHash('sha256').update(token).digest('hex');
    process.send?.({
      kind: 'answer',
      id,
      answer: { ...vended, scope, sha256, startedAtMs, atMs: Date.now(), latencyMs },
    });
  });
  process.send?.({ kind: 'ready' });
}
