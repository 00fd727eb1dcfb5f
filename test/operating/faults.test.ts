// Each fault sets off the alarms that it should, within minutes, and no other one; they stay on while the fault lasts,
// and go off after it. The metrics are those that the real functions print under the fault.

import { createHash } from 'node:crypto';
import { afterAll, afterEach, expect, test } from '@jest/globals';
import { SOME_SCOPES } from '../../local/client-secrets.ts';
import type { AlarmWatch } from '../../operating/alarm-watch.ts';
import { ALARMS, type Alarm, type AlarmName } from '../../operating/alarms.ts';
import { MINUTE_MS, type Subject } from '../../operating/samples.ts';
import { type Effect, tableOf } from './fault-table.ts';
import { type Lambda, openScene, type Scene, type SceneOptions } from './scene.ts';

const EVERY_MS = 10_000;
const CANARY_EVERY_MS = 5 * MINUTE_MS;
/** From the first trouble that the functions report, also where data are two minutes late. */
const LIMITS_MS: Partial<Record<AlarmName, number>> = {
  TableFailed: 10 * MINUTE_MS,
  CanaryFailed: 2 * CANARY_EVERY_MS,
};
const limitOf = (name: AlarmName) => LIMITS_MS[name] ?? 5 * MINUTE_MS;
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
  readonly options?: SceneOptions;
  /** From the first trouble until its alarms are on. @default as the alarms promise */
  readonly limitMs?: number;
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

const forCanaries =
  (finds: Scene['canaries']['finds']): Begin =>
  () => {
    scene.canaries.finds = finds;
    return () => {
      scene.canaries.finds = 'all well';
    };
  };
const WITH_CANARY = { canaryEveryMs: CANARY_EVERY_MS };

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
    fault: 'the function URL lets anybody in',
    begin: forCanaries('a URL that lets anybody in'),
    fires: ['CanaryFailed'],
    options: WITH_CANARY,
    lastsMs: 40 * MINUTE_MS,
  },
  {
    fault: 'the canary does not run',
    begin: forCanaries('nothing'),
    fires: ['CanaryFailed'],
    options: WITH_CANARY,
    lastsMs: 40 * MINUTE_MS,
    // CloudWatch first looks at earlier runs in the place of missing ones.
    limitMs: 5 * CANARY_EVERY_MS,
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
const subjectOf = ({ of }: Alarm): Subject => ({
  of,
  name: { Stack: '', Credential: 'emporix', Profile: 'orders' }[of],
});

const fullName = (alarm: AlarmName) => [subjectOf(ALARMS[alarm]).name, alarm].filter(Boolean).join('/');

/** When the metrics of an alarm first showed trouble. When the fault began, where they lack what they should show. */
function firstTroubleMs(name: AlarmName, fromMs: number): number {
  const alarm: Alarm = ALARMS[name];
  const showsZero = (metric: string) => metric === 'Vended' || alarm.below !== undefined;
  const times = alarm.on.metrics.map(({ name: metric }) =>
    metric === 'Invocations'
      ? undefined
      : scene.metrics.first(metric, subjectOf(alarm), fromMs, (value) => (showsZero(metric) ? value === 0 : value > 0)),
  );
  const shown = times.filter((time) => time !== undefined);
  return shown.length === 0 ? fromMs : Math.min(...shown);
}

function caller() {
  const usual: Calls = { parameters: () => ({}), lambda: () => 'runs', everyMs: EVERY_MS };
  const calls = { ...usual };
  let index = 0;
  const call = (profile: string) => scene.invoke(profile, calls.parameters(), calls.lambda(index++));
  return { usual, calls, call };
}

/** A new canary has not run yet, so its alarm may be on before the fault. */
const changesOf = ({ changes }: AlarmWatch, alarm: AlarmName, fromMs: number) =>
  changes.filter((change) => change.alarm === fullName(alarm) && change.atMs >= fromMs);

/** What the fault did, where data come on time. */
function effectOf({ fault, fires }: Fault, startMs: number, endMs: number): Effect {
  const [onTime] = scene.alarms;
  const firedMs = (name: AlarmName) => (onTime ? changesOf(onTime, name, startMs)[0]?.atMs : undefined) ?? Number.NaN;
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
      const changes = changesOf(alarms, name, startMs);
      const isPassing = passing.includes(name);
      // After the fault, data that come late may set an alarm on again for a minute.
      const [on, ...more] = changes.filter(({ atMs }) => isPassing || atMs <= endMs);
      expect([name, on?.state]).toEqual([name, 'ALARM']);
      expect([name, (on?.atMs ?? 0) - firstTroubleMs(name, startMs) <= (given.limitMs ?? limitOf(name))]).toEqual([
        name,
        true,
      ]);
      if (!isPassing) expect([name, more]).toEqual([name, []]);
      expect([name, changes.at(-1)?.state]).toEqual([name, 'OK']);
    }
  }
});

test('each alarm is set off by one of these faults', () => {
  const fired = new Set(FAULTS.flatMap(({ fires }) => fires));
  expect(Object.keys(ALARMS).filter((name) => !fired.has(name as AlarmName))).toEqual([]);
});
