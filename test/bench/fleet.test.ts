// A small fleet over a few lifetimes: what `npm run bench:fleet` counts, in a second.

import { expect, test } from '@jest/globals';
import type { DesignName } from '../../bench/fleet/designs.ts';
import { callsOf, figuresOf } from '../../bench/fleet/figures.ts';
import { POPULAR_RENEWAL } from '../../bench/fleet/fleet.ts';
import { HOUR, MINUTE, SECOND, type Setting } from '../../bench/fleet/model.ts';
import { mintsPerLifetime } from '../../bench/fleet/report.ts';

const SMALL: Setting = {
  seed: 1,
  instances: 20,
  callsPerSecond: 1,
  scopeSets: 3,
  durationMs: 8 * HOUR,
  instanceLifeMs: 2 * HOUR,
  panel: 1,
  crowd: 5,
  happenings: [
    { atMs: 20 * MINUTE, what: 'deploy', withinMs: 5 * SECOND },
    { atMs: 30 * MINUTE, what: 'rotation' },
    { atMs: 40 * MINUTE, what: 'outage', of: 'region', durationMs: MINUTE },
  ],
};

function run(design: DesignName, setting: Partial<Setting> = {}) {
  return figuresOf(design, { ...SMALL, ...setting });
}

const ours = run('ours');

test('a token is minted once per scope set and lifetime, by a fleet that starts, is replaced and gets a new credential', async () => {
  const figures = await ours;
  expect(figures.whole.lifetimes).toBeGreaterThanOrEqual(3 * 4);
  expect(mintsPerLifetime(figures)).toBeCloseTo(1, 6);
  expect(figures.whole.expiredVended).toBe(0);
});

test.each(['own', 'shared'] as const)('it is minted more often by a fleet that works as "%s" does', async (design) => {
  expect(mintsPerLifetime(await run(design))).toBeGreaterThan(1.2);
});

test('a fleet that renews only at the end of a token lets callers wait, though it mints once too', async () => {
  const calm = { happenings: [], instanceLifeMs: 1_000 * HOUR };
  const [ahead, atTheEnd] = await Promise.all([run('ours', calm), run('lease', calm)]);
  expect(mintsPerLifetime(atTheEnd)).toBeCloseTo(1, 6);
  // Beside it, those who mint ahead wait for their own mint alone.
  const slowIn = ({ stretches }: typeof ahead) => stretches[POPULAR_RENEWAL]?.slow ?? 0;
  expect(slowIn(ahead)).toBe(ahead.stretches[POPULAR_RENEWAL]?.mint);
  expect(slowIn(atTheEnd)).toBeGreaterThan(2 * slowIn(ahead));
});

test('the calls run stand for all that the fleet would have had', async () => {
  const { whole } = await ours;
  const expected = SMALL.instances * SMALL.callsPerSecond * (SMALL.durationMs / SECOND);
  expect(callsOf(whole) / expected).toBeCloseTo(1, 1);
  expect(whole.callsRun).toBeLessThan(expected / 5);
});

test('the same seed gives the same figures, another one others', async () => {
  const short = { durationMs: HOUR };
  const once = await run('ours', short);
  expect(await run('ours', short)).toEqual(once);
  expect((await run('ours', { ...short, seed: 2 })).whole).not.toEqual(once.whole);
});
