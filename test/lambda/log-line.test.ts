// A line's metrics in the embedded metric format: what is declared is what CloudWatch counts.

import { describe, expect, test } from '@jest/globals';
import { systemClock } from '../../lambda/clock.ts';
import { VendingError } from '../../lambda/errors.ts';
import { Log, type LogEvent } from '../../lambda/log-line.ts';
import { RotationLog } from '../../lambda/rotate/rotation-log.ts';
import { AuditLog } from '../../lambda/vend/http/audit-log.ts';
import { Telemetry } from '../../lambda/vend/telemetry.ts';
import { type Dimension, METRICS, type MetricName } from '../../operating/metrics.ts';

interface Line extends Readonly<Record<string, unknown>> {
  readonly _aws?: {
    readonly Timestamp: number;
    readonly CloudWatchMetrics: readonly {
      readonly Namespace: string;
      readonly Dimensions: readonly (readonly string[])[];
      readonly Metrics: readonly { readonly Name: MetricName; readonly Unit: string }[];
    }[];
  };
}

const NAMES = { Stack: 'Shop', Credential: 'emporix', Profile: 'orders' };

/** What `print` prints, parsed. */
function printed(print: (log: Log) => void, of: 'Profile' | 'Credential' = 'Profile'): Line {
  const lines: string[] = [];
  print(
    new Log({ dimensions: NAMES, of, clock: { ...systemClock, nowMs: () => 5 }, write: (line) => lines.push(line) }),
  );
  expect(lines).toHaveLength(1);
  return JSON.parse(lines[0] ?? '') as Line;
}

const event = (given: Partial<LogEvent>) =>
  printed((log) => log.print({ level: 'info', event: 'something', ...given }));

/** The metrics that a line counts, each with its value and its sets of dimensions. */
function counted(line: Line): Record<string, [value: unknown, sets: string]> {
  const { CloudWatchMetrics = [] } = line._aws ?? {};
  return Object.fromEntries(
    CloudWatchMetrics.flatMap(({ Dimensions, Metrics }) =>
      Metrics.map(({ Name }) => [Name, [line[Name], Dimensions.map((set) => set.join('+')).join(' ')]]),
    ),
  );
}

test.each(Object.keys(METRICS) as MetricName[])(
  '%s is counted under dimensions that are fields of its line',
  (name) => {
    const line = event({ metrics: { [name]: 3 }, source: 'mint' });
    expect(line._aws).toMatchObject({ Timestamp: 5, CloudWatchMetrics: [{ Namespace: 'TokenVending' }] });
    const [directive] = line._aws?.CloudWatchMetrics ?? [];
    expect(directive?.Metrics).toEqual([{ Name: name, Unit: METRICS[name].unit }]);
    expect(directive?.Dimensions).toEqual(METRICS[name].dimensions);
    expect(line[name]).toBe(3);
    const values: Readonly<Record<Dimension, string>> = { ...NAMES, Source: 'mint' };
    for (const dimension of METRICS[name].dimensions.flat()) expect(line[dimension]).toBe(values[dimension]);
  },
);

test('a line without metrics declares none, and names only what its function is of', () => {
  expect(event({})).toEqual({ time: '1970-01-01T00:00:00.005Z', level: 'info', event: 'something', Profile: 'orders' });
});

test('metrics of the same dimensions are declared together', () => {
  const line = event({ metrics: { Failed: 1, Vended: 0, TableFailed: 1 } });
  expect(line._aws?.CloudWatchMetrics.map(({ Dimensions }) => Dimensions)).toEqual([
    [['Stack', 'Profile']],
    [['Stack']],
  ]);
});

const OF_PROFILE = 'Stack+Profile';
const OF_CREDENTIAL = 'Stack+Credential';
const BY_SOURCE = `${OF_PROFILE} ${OF_PROFILE}+Source`;
const request = { requestId: 'r' };
const token = {
  scopesGiven: undefined,
  expiresInSeconds: 9,
  credentialVersion: 'v',
  tokenSha256Prefix: 'abcdef01',
  item: 'itemHash',
};
const plain = { key: 'p#itemHash', credentialVersion: 'v', isOfReplacedCredential: false, renewal: 'not due' as const };
const vended = (of: object) =>
  printed((log) => new AuditLog(log).vended(request, token, { source: 'memory', ...plain, ...of }));
const refused = (status: number) =>
  printed((log) => new AuditLog(log).refused(request, status, new VendingError('unavailable', ''), ''));
const told = (tell: (telemetry: Telemetry) => void) => printed((log) => tell(new Telemetry(log)));
const mintFailed = (code: ConstructorParameters<typeof VendingError>[0], wasCut = false) =>
  told((telemetry) => telemetry.mintFailed(new VendingError(code, ''), wasCut));

describe('the metrics of', () => {
  test.each<[string, Line, object]>([
    ['a token from memory', vended({}), { Vended: [1, BY_SOURCE] }],
    ['a token from the table', vended({ source: 'table' }), { Vended: [1, BY_SOURCE] }],
    ['a new token', vended({ source: 'mint' }), { Vended: [1, BY_SOURCE], RemainingLife: [9, OF_PROFILE] }],
    ['one to be renewed', vended({ renewal: 'due' }), { Vended: [1, BY_SOURCE], RemainingLife: [9, OF_PROFILE] }],
    ['one that waited', vended({ leaseWaitMs: 12.4 }), { Vended: [1, BY_SOURCE], LeaseWait: [12, OF_PROFILE] }],
    [
      'one whose renewal fails',
      vended({ renewal: 'failing' }),
      { Vended: [1, BY_SOURCE], RemainingLife: [9, OF_PROFILE], VendedPastMargin: [1, OF_PROFILE] },
    ],
    [
      'one of a replaced credential',
      vended({ isOfReplacedCredential: true }),
      { Vended: [1, BY_SOURCE], ReplacedCredentialInUse: [1, OF_CREDENTIAL] },
    ],
    ['a refusal', refused(429), { Refused: [1, OF_PROFILE] }],
    ['a misconfiguration', refused(500), { Misconfigured: [1, OF_PROFILE], Vended: [0, OF_PROFILE] }],
    ['a failure', refused(502), { Failed: [1, OF_PROFILE], Vended: [0, OF_PROFILE] }],
    [
      'a mint',
      told((telemetry) => telemetry.minted({ durationMs: 40, credentialVersion: 'v', isEarly: false })),
      { Minted: [1, OF_CREDENTIAL], MintLatency: [40, OF_CREDENTIAL] },
    ],
    [
      'an early mint',
      told((telemetry) => telemetry.minted({ durationMs: 40, credentialVersion: 'v', isEarly: true })),
      { Minted: [1, OF_CREDENTIAL], MintLatency: [40, OF_CREDENTIAL], MintedEarly: [1, OF_CREDENTIAL] },
    ],
    [
      'a mint that the server failed',
      mintFailed('timed_out'),
      { MintFailed: [1, OF_CREDENTIAL], Minted: [0, OF_CREDENTIAL] },
    ],
    ['a mint that was cut short', mintFailed('timed_out', true), {}],
    ['a mint of a scope that is not granted', mintFailed('invalid_scope'), {}],
    ['a mint of a refused credential', mintFailed('credential_refused'), {}],
    [
      'a request to the table that failed',
      told((telemetry) => telemetry.tableFailed('read', new Error())),
      { TableFailed: [1, 'Stack'] },
    ],
    [
      'a rotation',
      printed(
        (log) => new RotationLog(log).stepDone({ step: 'finishSecret', version: 'v', outcome: '' }),
        'Credential',
      ),
      { Rotated: [1, OF_CREDENTIAL] },
    ],
  ])('%s', (_, line, expected) => {
    expect(counted(line)).toEqual(expected);
  });
});
