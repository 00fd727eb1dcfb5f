// Hostile input: whole events that no honest caller sends, through the real handler and all that is behind it.
// HOSTILE_EVENTS is their number (default 2,000). HOSTILE_SEED is the seed of the generator (default 1, so that a run
// can be repeated; `random` draws a new one). A failure names the seed and the smallest list of events that still
// fails.

import { createHash } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { OF_LAST_TOKEN } from './hostile/bodies.ts';
import { type Step, step } from './hostile/events.ts';
import {
  ALLOWED,
  CREDENTIAL_SCOPES,
  type InstanceOptions,
  type Outcome,
  SECRET,
  Server,
  startInstance,
} from './hostile/instance.ts';
import { ANSWERS, violations, wireOf } from './hostile/verdict.ts';

const EVENTS = Number(process.env.HOSTILE_EVENTS ?? 2_000);
const { HOSTILE_SEED = '1' } = process.env;
const SEED = HOSTILE_SEED === 'random' ? {} : { seed: Number(HOSTILE_SEED) };
/** A failure is shrunk before it is reported, which takes time. */
const LIMIT_MS = 600_000;
/** Each run of the property has an instance of its own, for up to 30 events: 15 on average. */
const MAX_PER_RUN = 30;
const RUNS = Math.ceil(EVENTS / 13);

const server = new Server();
beforeAll(() => server.start());
beforeEach(() => server.reset());
afterAll(() => server.emporix.close());

const options: fc.Arbitrary<InstanceOptions> = fc.record({
  scopes: fc.constantFrom(undefined, ALLOWED),
  tenant: fc.constantFrom(undefined, undefined, 'yourtenant'),
  secret: fc.oneof(
    { weight: 8, arbitrary: fc.constant(SECRET) },
    { weight: 1, arbitrary: fc.constantFrom('canary-secret', '{"client_id":"canary-client"', null) },
  ),
});

/** How often each answer was given. */
const answers = new Map<string, number>();

async function replay(given: InstanceOptions, steps: readonly Step[]): Promise<string[]> {
  server.reset();
  const instance = startInstance(server, given);
  const wrong: string[] = [];
  let ofLastToken = OF_LAST_TOKEN;
  for (const { event, afterMs, misbehaviour, tableFails, remainingMs } of steps) {
    instance.forward(afterMs);
    instance.table.fails = tableFails;
    server.misbehaviour = misbehaviour;
    const sent: unknown = JSON.parse(JSON.stringify(event).replaceAll(OF_LAST_TOKEN, ofLastToken));
    const outcome = await instance.call(sent, remainingMs);
    const { access_token } = JSON.parse(outcome.response.body);
    if (access_token) ofLastToken = createHash('sha256').update(access_token).digest('hex');
    const wire = wireOf(outcome);
    answers.set(wire, (answers.get(wire) ?? 0) + 1);
    wrong.push(...violations(event, outcome, given.scopes));
  }
  return wrong;
}

test(
  `no event breaks the contract, prints a secret or a second line, or requests a scope that is not allowed: ${EVENTS} events`,
  async () => {
    const steps = fc.array(step, { minLength: 1, maxLength: MAX_PER_RUN, size: 'max' });
    await fc.assert(
      fc.asyncProperty(options, steps, async (given, generated) => {
        expect(await replay(given, generated)).toEqual([]);
      }),
      { numRuns: RUNS, ...SEED },
    );
    expect([...answers.values()].reduce((sum, count) => sum + count)).toBeGreaterThanOrEqual(EVENTS);
    expect([...answers.keys()].sort()).toEqual(ANSWERS);
    expect(answers.get('200')).toBeGreaterThan(EVENTS / 20);
  },
  LIMIT_MS,
);

/** A token request of an honest client. */
const asking = (scope: string) => ({
  rawPath: '/oauth/token',
  headers: { 'content-type': 'application/json' },
  requestContext: { http: { method: 'POST' } },
  body: JSON.stringify({ scope }),
});

test(
  'at most 20 failing scope sets are requested within any minute, however they are chosen and timed',
  async () => {
    const generatedRequest = fc.record({
      set: fc.nat({ max: 60 }),
      afterMs: fc.constantFrom(0, 0, 0, 100, 1_000, 5_000, 30_000),
    });
    const generatedRequests = fc.array(generatedRequest, { minLength: 30, maxLength: 150, size: 'max' });
    let slowedDown = 0;
    await fc.assert(
      fc.asyncProperty(generatedRequests, async (generated) => {
        const instance = startInstance(server);
        const requests: { set: number; atMs: number }[] = [];
        for (const { set, afterMs } of generated) {
          instance.forward(afterMs);
          const outcome = await instance.call(asking(`made.up_${set}`));
          for (const _ of outcome.requestedScopes) requests.push({ set, atMs: instance.nowMs() });
          if (wireOf(outcome) === '429 slow_down') slowedDown++;
          expect(violations(undefined, outcome, undefined)).toEqual([]);
        }
        const setsInTheMinuteTo = (endMs: number) =>
          new Set(requests.filter(({ atMs }) => atMs <= endMs && endMs < atMs + 60_000).map(({ set }) => set)).size;
        expect(Math.max(...requests.map(({ atMs }) => setsInTheMinuteTo(atMs)))).toBeLessThanOrEqual(20);
      }),
      { numRuns: 8, ...SEED },
    );
    expect(slowedDown).toBeGreaterThan(10);
  },
  LIMIT_MS,
);

test(
  '10,000 made-up scope sets do not fill the memory, and an existing token is still vended without a mint',
  async () => {
    const instance = startInstance(server);
    const [often, seldom] = CREDENTIAL_SCOPES;
    for (const scope of [often, seldom]) await instance.call(asking(scope));
    for (let n = 0; n < 10_000; n++) {
      await instance.call(asking(`made.up_${n}`));
      if (n % 100 === 0) expect(sourceOf(await instance.call(asking(often)))).toBe('memory');
      if (n % 1_500 === 1_499) expect(sourceOf(await instance.call(asking(seldom)))).toBe('table');
    }
    const remembered = Array.from({ length: 10_000 }, (_, n) => instance.remembers(`made.up_${n}`)).filter(Boolean);
    expect(remembered.length).toBeLessThanOrEqual(1_000);
    expect(remembered.length).toBeGreaterThan(900);
  },
  LIMIT_MS,
);

function sourceOf({ response }: Outcome): string | undefined {
  return response.headers['x-token-source'];
}
