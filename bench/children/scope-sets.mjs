// Scopes as a tenant of Emporix has them: 169, 4 KB joined; and sets of them as callers would name them.

import { createHash } from 'node:crypto';

const ENTITIES =
  'category customer product price order cart media payment-gateway availability coupon invoice label supplier'.split(
    ' ',
  );
const VERBS =
  'manage read read_unpublished publish unpublish create update delete import export assign archive approve'.split(' ');

export const SCOPES = ENTITIES.flatMap((entity) => VERBS.map((verb) => `${entity}.${entity}_${verb}`));

/**
 * Distinct sets, the same for the same seed. Made one at a time, so that a process whose memory is measured does not hold them all.
 * @param {{ count: number, min: number, max: number, seed: number }} of `min` to `max` scopes in each
 * @returns {Generator<string, undefined>} space-delimited, in canonical order
 */
export function* scopeSets({ count, min, max, seed }) {
  const random = generator(seed);
  /** @type {Set<number>} */
  const seen = new Set();
  while (seen.size < count) {
    const size = min + Math.floor(random() * (max - min + 1));
    /** @type {Set<string>} */
    const scopes = new Set();
    while (scopes.size < size) scopes.add(String(SCOPES[Math.floor(random() * SCOPES.length)]));
    const set = [...scopes].sort().join(' ');
    const hash = createHash('sha256').update(set).digest().readUInt32LE();
    if (seen.has(hash)) continue;
    seen.add(hash);
    yield set;
  }
}

/**
 * Uniform in [0, 1): mulberry32.
 * @param {number} seed
 */
function generator(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}
