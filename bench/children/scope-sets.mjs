// Scopes as a tenant of Emporix has them: 169, 4 KB joined; and sets of them as callers would name them.

const ENTITIES =
  'category customer product price order cart media payment-gateway availability coupon invoice label supplier'.split(
    ' ',
  );
const VERBS =
  'manage read read_unpublished publish unpublish create update delete import export assign archive approve'.split(' ');

export const SCOPES = ENTITIES.flatMap((entity) => VERBS.map((verb) => `${entity}.${entity}_${verb}`));

/**
 * Distinct sets, the same for the same seed.
 * @param {{ count: number, least: number, most: number, seed: number }} of `least` to `most` scopes in each
 * @returns {string[]} space-delimited
 */
export function scopeSets({ count, least, most, seed }) {
  const random = generator(seed);
  /** @type {Set<string>} */
  const sets = new Set();
  while (sets.size < count) {
    const size = least + Math.floor(random() * (most - least + 1));
    /** @type {Set<string>} */
    const set = new Set();
    while (set.size < size) set.add(String(SCOPES[Math.floor(random() * SCOPES.length)]));
    sets.add([...set].sort().join(' '));
  }
  return [...sets];
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
