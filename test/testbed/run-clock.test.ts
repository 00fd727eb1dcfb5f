// The clock of a run is the same in all its processes, also after it was moved forward.

import { afterEach, expect, test } from '@jest/globals';
import { RunClock } from '../../testbed/processes/run-clock.mjs';

const HOUR_MS = 3_600_000;
/** This process is not busy for as long as that. */
const BUSY_MS = 30_000;
const { env } = process;
const real = { dateNow: Date.now, monotonicNow: performance.now };

afterEach(() => {
  process.env = env;
  Date.now = real.dateNow;
  performance.now = real.monotonicNow;
});

test('without settings it is the clock of the system', () => {
  const aheadMs = RunClock.ofEnvironment().nowMs() - Date.now();
  expect(Math.abs(aheadMs)).toBeLessThan(BUSY_MS);
});

test.each([1, 6])('at speed %s it is moved forward by exactly the time given', (speed) => {
  const originMs = Date.now();
  const clock = new RunClock(originMs, speed);
  clock.forward(HOUR_MS);
  const aheadMs = clock.nowMs() - originMs;
  expect(aheadMs).toBeGreaterThanOrEqual(HOUR_MS);
  expect(aheadMs).toBeLessThan(HOUR_MS + speed * BUSY_MS);
});

test('a process that starts later gets the same clock from its environment', () => {
  const clock = new RunClock(Date.now() - HOUR_MS, 6);
  clock.forward(HOUR_MS);
  process.env = { ...env, ...clock.environment() };
  const { originMs, speed, forwardedMs } = RunClock.ofEnvironment();
  expect({ originMs, speed, forwardedMs }).toEqual({ ...clock });
});

test('where it is installed, both clocks of the process move together', () => {
  const clock = new RunClock(0, 1);
  clock.install();
  const beforeMs = [Date.now(), performance.now()];
  clock.forward(HOUR_MS);
  const passedMs = [Date.now(), performance.now()].map((ms, index) => ms - Number(beforeMs[index]));
  for (const ms of passedMs) expect(ms).toBeGreaterThanOrEqual(HOUR_MS);
  for (const ms of passedMs) expect(ms).toBeLessThan(HOUR_MS + BUSY_MS);
});
