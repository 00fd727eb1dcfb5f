// Local mode tells by a line when an alarm of the stack would go on or off.

import { afterEach, expect, test } from '@jest/globals';
import { LocalAlarms } from '../../local/local-alarms.ts';
import type { LocalMode } from '../../local/local-mode.ts';
import { MINUTE_MS } from '../../operating/samples.ts';
import { requestToken } from '../../testbed/local-mode.ts';
import { startBundledLocalMode } from '../../testing/bundled-local-mode.ts';

const opened: Pick<LocalMode, 'close'>[] = [];
afterEach(async () => {
  await Promise.all(opened.splice(0).map((each) => each.close()));
});

const alarmLines = (printed: string) =>
  printed
    .split('\n')
    .filter((line) => line.includes('"event":"alarm"'))
    .map((line) => JSON.parse(line));

test('a credential that is refused is told after the minute, and again when it has been well for ten', async () => {
  let printed = '';
  const mode = await startBundledLocalMode({
    write: (text) => {
      printed += text;
    },
  });
  opened.push(mode);
  if (mode.emporix) mode.emporix.behaviour.respondWith = () => ({ status: 401 });
  expect((await requestToken(mode)).status).toBe(502);
  const nowMs = Date.now();
  mode.alarms.evaluate(nowMs + MINUTE_MS);
  mode.alarms.evaluate(nowMs + 2 * MINUTE_MS);
  const alarm = 'emporix/CredentialRefused';
  expect(alarmLines(printed)).toEqual([expect.objectContaining({ level: 'error', alarm, state: 'ALARM' })]);
  mode.alarms.evaluate(nowMs + 15 * MINUTE_MS);
  expect(alarmLines(printed).slice(1)).toEqual([expect.objectContaining({ level: 'info', alarm, state: 'OK' })]);
});

function startAlarms() {
  let [nowMs, printed] = [1_800_000_000_000, ''];
  const alarms = new LocalAlarms({
    profileName: 'orders',
    credentialName: 'emporix',
    write: (text) => {
      printed += text;
    },
    nowMs: () => nowMs,
  });
  opened.push(alarms);
  const nextMinute = () => {
    nowMs += MINUTE_MS;
    alarms.evaluate(nowMs);
  };
  const on = () => alarmLines(printed).flatMap(({ alarm, state }) => (state === 'ALARM' ? [alarm] : []));
  return { alarms, nextMinute, on, printed: () => printed };
}

test.each([
  ['throttled', ['orders/NothingVended', 'orders/Throttles']],
  ['failed', ['orders/FunctionErrors', 'orders/NothingVended']],
] as const)('calls that are %s set off %j in their second minute', (kind, expected) => {
  const { alarms, nextMinute, on } = startAlarms();
  for (const expectedOn of [[], expected]) {
    for (let call = 0; call < 10; call++) alarms.count({ kind });
    nextMinute();
    expect(on().sort()).toEqual(expectedOn);
  }
});

test('what is no line of a function, or a part of one, is passed on and counts nothing', () => {
  const { alarms, nextMinute, on, printed } = startAlarms();
  const texts = ['{"_aws":{"Timestamp":\n', 'Task timed out\n', '{"a":1}\n{"b'];
  for (const text of texts) alarms.write(text);
  nextMinute();
  expect(printed()).toBe(texts.join(''));
  expect(on()).toEqual([]);
});
