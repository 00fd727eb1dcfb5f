// The child's side of the conversation with the suite, over Node's IPC: takes a call for a token, answers what came of
// it, and tells when a token request leaves this process. The token itself stays here: its SHA-256 is enough.

import { createHash } from 'node:crypto';
import { subscribe } from 'node:diagnostics_channel';

/**
 * @typedef {{ status: number, token?: string, source?: string, expiresInSeconds?: number, retryAfter?: string }} Vended
 * @typedef {{ id: number, scope: string }} Call
 */

/** @param {(scope: string) => Promise<Vended>} vend */
export function serve(vend) {
  process.on('disconnect', () => process.exit());
  // undici publishes this both as it is bundled with the function and as it is built into Node.js.
  subscribe('undici:client:sendHeaders', () => process.send?.({ kind: 'minting', atMs: Date.now() }));
  process.on('message', async (/** @type {Call} */ { id, scope }) => {
    const startedAtMs = Date.now();
    const started = performance.now();
    const { token, ...vended } = await vend(scope);
    const latencyMs = performance.now() - started;
    const sha256 = token && createHash('sha256').update(token).digest('hex');
    process.send?.({
      kind: 'answer',
      id,
      answer: { ...vended, scope, sha256, startedAtMs, atMs: Date.now(), latencyMs },
    });
  });
  process.send?.({ kind: 'ready' });
}
