// Each fault sets off the alarms that it should, within minutes, and no other one; they stay on while the fault lasts,
// and go off after it. The metrics are those that the real functions print under the fault.

import { createHash } from 'node:crypto';
import { afterAll, afterEach, expect, test } from '@jest/globals';
import { SOME_SCOPES } from '../../local/client-secrets.ts';
import { ALARMS, type Alarm, type AlarmName } from '../../operating/alarms.ts';
import { isOfFunction } from '../../operating/metrics.ts';
import { type Alarms, dimensionsOf, MINUTE_MS } from '../../testbed/cloudwatch.ts';
import type { VendingOptions } from '../../testbed/vending.ts';
import { type Effect, tableOf } from './fault-table.ts';
import { type Lambda, openScene, type Scene } from './scene.ts';

const EVERY_MS = 10_000;
/** From the first trouble that the functions report: as many whole minutes as the alarm needs, after a part of one. */
const limitMs = (name: AlarmName, lateMs: number) => (ALARMS[name].periods[0] + 1) * MINUTE_MS + lateMs;
const isSuccess = (answer: { statusCode: number } | undefined) => answer?.statusCode === 200;

let scene: Scene;
afterEach(async () => {
  await scene?.close();
  scene = undefined as unknown as Scene;
});

const effects: Effect[] = [];
afterAll(() => {
  process.stdout.write(tableOf(effects));
});

interface Calls {
  parameters: () => Readonly<Record<string, string>>;
  lambda: (index: number) => Lambda;
  everyMs: number;
}

/** What a fault does at its begin. What it returns ends it. */
type Begin = (calls: Calls, usual: Calls) => Promise<() => unknown> | (() => unknown);

interface Fault {
  readonly fault: string;
  readonly begin: Begin;
  /** The alarms that it sets off. Those in `passing` end before the fault does, because it becomes another one. */
  readonly fires: readonly AlarmName[];
  readonly passing?: readonly AlarmName[];
  readonly options?: VendingOptions;
  /** How long all is well before. @default 6 min */
  readonly beforeMs?: number;
  /** @default 20 min */
  readonly lastsMs?: number;
}

const atServer = (respondWith: Scene['emporix']['behaviour']['respondWith']): Begin => {
  return () => {
    scene.emporix.behaviour.respondWith = respondWith;
    return () => {
      scene.emporix.behaviour.respondWith = undefined;
    };
  };
};
const DOWN = atServer(() => ({ status: 503 }));

/** The callers want a token that no instance knows, so nothing covers the fault. */
const withoutToken =
  (begin: Begin): Begin =>
  (calls, usual) => {
    calls.parameters = () => ({ scope: SOME_SCOPES[0] ?? '' });
    return begin(calls, usual);
  };

const inLambda =
  (lambda: Calls['lambda'], everyMs = EVERY_MS): Begin =>
  (calls, usual) => {
    Object.assign(calls, { lambda, everyMs });
    return () => Object.assign(calls, usual);
  };

const refusing =
  (service: 'secrets' | 'dynamodb', startsAgain = false): Begin =>
  () => {
    scene[service].faults.refusesWith = 'AccessDeniedException';
    if (startsAgain) scene.replaceInstances();
    return () => {
      scene[service].faults.refusesWith = undefined;
    };
  };

const FAULTS: readonly Fault[] = [
  {
    fault: 'the authorization server is down while tokens are still valid',
    begin: DOWN,
    fires: ['ServerDown', 'VendedPastMargin'],
    options: { emporix: { expiresInSeconds: 3600 } },
    beforeMs: 44 * MINUTE_MS,
    lastsMs: 14 * MINUTE_MS,
  },
  {
    fault: 'the authorization server is down and there is no token',
    begin: withoutToken(DOWN),
    fires: ['ServerDown', 'Failures', 'NothingVended'],
  },
  {
    fault: 'the authorization server throttles and there is no token',
    begin: withoutToken(atServer(() => ({ status: 429 }))),
    fires: ['ServerDown', 'Failures', 'NothingVended'],
  },
  {
    fault: 'the authorization server answers nonsense and there is no token',
    begin: withoutToken(atServer(() => ({ body: '<html>' }))),
    fires: ['ServerDown', 'Failures', 'NothingVended'],
  },
  {
    fault: 'the secret is replaced by a wrong one',
    begin: async () => {
      await scene.putSecret('wrong');
      return () => scene.putSecret(scene.emporix.clientSecret);
    },
    fires: ['CredentialRefused', 'ReplacedCredentialInUse'],
  },
  {
    fault: 'the authorization server refuses the only credential',
    begin: atServer(() => ({ status: 401 })),
    fires: ['CredentialRefused', 'VendedPastMargin', 'Failures', 'NothingVended'],
    passing: ['VendedPastMargin'],
    options: { emporix: { expiresInSeconds: 900 } },
    lastsMs: 30 * MINUTE_MS,
  },
  {
    fault: 'access to the secret is denied',
    begin: refusing('secrets'),
    fires: ['CredentialCheckFailed'],
  },
  {
    fault: 'access to the secret is denied and instances start',
    begin: refusing('secrets', true),
    fires: ['CredentialCheckFailed', 'Misconfigured', 'NothingVended'],
  },
  {
    fault: 'access to the table is denied',
    begin: refusing('dynamodb'),
    fires: ['TableFailed'],
    lastsMs: 30 * MINUTE_MS,
  },
  {
    fault: 'a deploy allows scopes that the credential lacks',
    begin: () => {
      scene.replaceInstances({ policy: { scopes: ['nothing.at_all'] } });
      return () => scene.replaceInstances();
    },
    fires: ['Misconfigured', 'NothingVended'],
  },
  {
    fault: 'a caller reports each new token as rejected',
    begin: (calls, usual) => {
      calls.parameters = () => {
        const token = scene.emporix.tokens.at(-1)?.accessToken ?? '';
        return { rejected_token_sha256: createHash('sha256').update(token).digest('hex') };
      };
      return () => Object.assign(calls, usual);
    },
    fires: ['MintedEarly'],
  },
  {
    fault: 'Lambda throttles all calls',
    begin: inLambda(() => 'throttles', 5_000),
    fires: ['Throttles', 'NothingVended'],
  },
  {
    fault: 'Lambda throttles all of few calls',
    begin: inLambda(() => 'throttles', MINUTE_MS),
    fires: ['NothingVended'],
  },
  {
    fault: 'Lambda throttles most calls',
    begin: inLambda((index) => (index % 6 === 0 ? 'runs' : 'throttles'), 4_000),
    fires: ['Throttles'],
  },
  {
    fault: 'the function dies',
    begin: inLambda(() => 'dies'),
    fires: ['FunctionErrors', 'NothingVended'],
  },
  {
    fault: 'the function dies in some calls',
    begin: inLambda((index) => (index % 3 === 0 ? 'dies' : 'runs')),
    fires: ['FunctionErrors'],
  },
  {
    fault: 'a rotation fails',
    begin: async () => {
      await scene.rotate().catch(() => {});
      return () => {};
    },
    fires: ['RotationFailed'],
    lastsMs: 10 * MINUTE_MS,
  },
];

/** Where an alarm has its name, and its metrics are counted. */
function subjectOf({ of }: Alarm): { name: string; dimensions: string } {
  const name = { Stack: '', Credential: 'emporix', Profile: 'orders' }[of];
  return { name, dimensions: dimensionsOf({ of, name }) };
}

const fullName = (alarm: AlarmName) => `${subjectOf(ALARMS[alarm]).name}/${alarm}`;

/** When the metrics of an alarm first showed trouble. */
function firstTroubleMs(name: AlarmName, fromMs: number): number {
  const alarm: Alarm = ALARMS[name];
  const { name: profile, dimensions } = subjectOf(alarm);
  const showsZero = (metric: string) => metric === 'Vended' || alarm.below !== undefined;
  const times = alarm.on.metrics.map(({ name: metric }) =>
    scene.metrics.first(metric, isOfFunction(metric) ? profile : dimensions, fromMs, (value) =>
      showsZero(metric) ? value === 0 : value > 0,
    ),
  );
  return Math.min(...times.map((time) => time ?? Number.POSITIVE_INFINITY));
}

function caller() {
  const usual: Calls = { parameters: () => ({}), lambda: () => 'runs', everyMs: EVERY_MS };
  const calls = { ...usual };
  let index = 0;
  const call = (profile: string) => scene.invoke(profile, calls.parameters(), calls.lambda(index++));
  return { usual, calls, call };
}

const changesOf = ({ changes }: Alarms, alarm: AlarmName) =>
  changes.filter((change) => change.alarm === fullName(alarm));

/** What the fault did, where data come on time. */
function effectOf({ fault, fires }: Fault, startMs: number, endMs: number): Effect {
  const [onTime] = scene.alarms;
  const firedMs = (name: AlarmName) => (onTime ? changesOf(onTime, name)[0]?.atMs : undefined) ?? Number.NaN;
  const expected = fires.map(fullName);
  return {
    fault,
    moved: scene.metrics.moved(startMs, endMs),
    fired: fires.map((name) => ({
      name,
      afterMs: firedMs(name) - startMs,
      afterFirstTroubleMs: firedMs(name) - firstTroubleMs(name, startMs),
    })),
    others: scene.alarms.flatMap(({ changes }) =>
      changes.map(({ alarm }) => alarm).filter((alarm) => !expected.includes(alarm)),
    ),
  };
}

test.each(FAULTS)('$fault: $fires go on and off, and no other', async (given) => {
  const { begin, fires, passing = [], options = {}, beforeMs = 6 * MINUTE_MS, lastsMs = 20 * MINUTE_MS } = given;
  scene = await openScene(options);
  const { usual, calls, call } = caller();
  // Faults begin anywhere in a minute.
  await scene.run(beforeMs + ((FAULTS.indexOf(given) * 17) % 60) * 1000, EVERY_MS, call);
  const startMs = scene.nowMs();
  const end = await begin(calls, usual);
  await scene.run(lastsMs, calls.everyMs, call);
  const endMs = scene.nowMs();
  await end();
  await scene.run(25 * MINUTE_MS, EVERY_MS, call);
  expect(isSuccess(await call('orders'))).toBe(true);
  effects.push(effectOf(given, startMs, endMs));

  for (const alarms of scene.alarms) {
    const fired = [...new Set(alarms.changes.map(({ alarm }) => alarm))];
    expect(fired.sort()).toEqual(fires.map(fullName).sort());
    for (const name of fires) {
      const changes = changesOf(alarms, name);
      const isPassing = passing.includes(name);
      // After the fault, data that come late may set an alarm on again for a minute.
      const [on, ...more] = changes.filter(({ atMs }) => isPassing || atMs <= endMs);
      expect([name, on?.state]).toEqual([name, 'ALARM']);
      expect([name, (on?.atMs ?? 0) - firstTroubleMs(name, startMs) <= limitMs(name, alarms.lateMs)]).toEqual([
        name,
        true,
      ]);
      if (!isPassing) expect([name, more]).toEqual([name, []]);
      expect([name, changes.at(-1)?.state]).toEqual([name, 'OK']);
    }
  }
});

test('each alarm is set off by one of these faults, but that of the canary', () => {
  const fired = new Set(FAULTS.flatMap(({ fires }) => fires));
  expect(Object.keys(ALARMS).filter((name) => !fired.has(name as AlarmName))).toEqual(['CanaryFailed']);
});
