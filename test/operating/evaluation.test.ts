// The rules of CloudWatch that the alarms rely on: metric math, M of N, missing data, suppressed actions.

import { describe, expect, test } from '@jest/globals';
import { type AlarmState, Pager, stateOf } from '../../operating/evaluation.ts';
import { calculated, constant, either, filled, metric, type Period, sum } from '../../operating/expression.ts';

const FAILED = metric('Failed');
const period = (values: Readonly<Record<string, number>>, canFill = true): Period => ({
  valueOf: ({ name }) => values[name],
  canFill: () => canFill,
});

describe('an expression', () => {
  test.each([
    [FAILED, 'failedSum', 3],
    [metric('Vended', 'Maximum'), 'vendedMaximum', 1],
    [constant(4), '4', 4],
    [filled('Minted', 'Sum', 7), 'FILL(mintedSum, 7)', 7],
    [filled('Failed', 'Sum', 7), 'FILL(failedSum, 7)', 3],
    [sum(FAILED, constant(1), constant(2)), '((failedSum + 1) + 2)', 6],
    [calculated(FAILED, '-', constant(1)), '(failedSum - 1)', 2],
    [calculated(FAILED, '*', constant(2)), '(failedSum * 2)', 6],
    [calculated(FAILED, '/', constant(2)), '(failedSum / 2)', 1.5],
    [calculated(FAILED, '>', constant(3)), '(failedSum > 3)', 0],
    [calculated(FAILED, '>=', constant(3)), '(failedSum >= 3)', 1],
    [calculated(FAILED, '<', constant(3)), '(failedSum < 3)', 0],
    [calculated(FAILED, '<=', constant(3)), '(failedSum <= 3)', 1],
    [calculated(FAILED, '==', constant(3)), '(failedSum == 3)', 1],
    [either(calculated(FAILED, '>', constant(2)), constant(8), constant(9)), 'IF((failedSum > 2), 8, 9)', 8],
    [either(constant(0), constant(8), FAILED), 'IF(0, 8, failedSum)', 3],
    [metric('Minted'), 'mintedSum', undefined],
    [sum(FAILED, metric('Minted')), '(failedSum + mintedSum)', undefined],
    [either(metric('Minted'), constant(1), constant(1)), 'IF(mintedSum, 1, 1)', undefined],
  ])('%# renders and evaluates', (expression, text, value) => {
    expect(expression.text).toBe(text);
    expect(expression.valueIn(period({ Failed: 3, Vended: 1 }))).toBe(value);
  });

  test('may find nothing to fill', () => {
    expect(filled('Minted', 'Sum', 7).valueIn(period({}, false))).toBeUndefined();
    expect(filled('Failed', 'Sum', 7).valueIn(period({ Failed: 3 }, false))).toBe(3);
  });
});

const _ = undefined;

describe('the state of an alarm', () => {
  const on = { on: FAILED, atLeast: 2 };
  test.each<[string, Parameters<typeof stateOf>[0], (number | undefined)[], AlarmState, AlarmState]>([
    ['goes on at its threshold in M of N periods', { ...on, periods: [2, 3] }, [2, 0, 2], 'OK', 'ALARM'],
    ['stays off below M', { ...on, periods: [2, 3] }, [0, 0, 9], 'OK', 'OK'],
    ['stays off below the threshold', { ...on, periods: [2, 3] }, [1, 1, 1], 'OK', 'OK'],
    ['goes off', { ...on, periods: [2, 3] }, [0, 2, 0], 'ALARM', 'OK'],
    ['takes missing data as good', { ...on, periods: [1, 3] }, [_, _, _], 'ALARM', 'OK'],
    ['may take them as bad', { ...on, periods: [2, 3], missing: 'breaching' }, [_, 0, _], 'OK', 'ALARM'],
    ['may stay on where there are none', { ...on, periods: [1, 3], missing: 'ignore' }, [_, _, _], 'ALARM', 'ALARM'],
    ['may stay off where there are none', { ...on, periods: [1, 3], missing: 'ignore' }, [_, _, _], 'OK', 'OK'],
    ['goes off where there are some', { ...on, periods: [1, 3], missing: 'ignore' }, [_, _, 0], 'ALARM', 'OK'],
    ['may be about too little', { on: FAILED, below: 1, periods: [2, 2] }, [0, 0], 'OK', 'ALARM'],
    ['is about less than that', { on: FAILED, below: 1, periods: [2, 2] }, [0, 1], 'ALARM', 'OK'],
    [
      'takes earlier data for missing ones',
      { ...on, periods: [2, 2], missing: 'breaching' },
      [0, 2, _, 2],
      'OK',
      'ALARM',
    ],
    ['needs the missing ones less then', { ...on, periods: [2, 2], missing: 'breaching' }, [2, 0, _, _], 'OK', 'OK'],
    ['looks at nothing earlier without a gap', { ...on, periods: [2, 2] }, [2, 2, 0, 2], 'ALARM', 'OK'],
  ])('%s', (_title, alarm, values, before, after) => {
    const periods = values.map((value) => ({ valueOf: () => value }));
    expect(stateOf(alarm, { periods, fillsWithoutData: true }, before)).toBe(after);
  });

  test.each([
    [true, 'ALARM'],
    [false, 'OK'],
  ] as const)('where FILL fills a metric without data (%s) is %s', (fillsWithoutData, state) => {
    const alarm = { on: sum(FAILED, filled('Minted', 'Sum', 0)), atLeast: 1, periods: [1, 1] } as const;
    const periods = [period({ Failed: 1 })];
    expect(stateOf(alarm, { periods, fillsWithoutData }, 'OK')).toBe(state);
    expect(stateOf(alarm, { periods: [period({ Failed: 1, Minted: 0 })], fillsWithoutData }, 'OK')).toBe('ALARM');
  });
});

describe('a pager', () => {
  const suppressed = () => new Pager({ waitMs: 2, extensionMs: 5 });
  const alone = () => new Pager();
  /** When it notifies, by minute: o is on, s is on and suppressed, a point is off. */
  const notifiedAt = (states: string, pager: Pager) =>
    [...states].flatMap((state, minute) => (pager.notifies(minute, state !== '.', state === 's') ? [minute] : []));

  test.each<[string, string, number[], () => Pager]>([
    ['notifies once while it is on', '.ooo', [1], alone],
    ['notifies again when it goes on again', '.o.o', [1, 3], alone],
    ['waits for the one that suppresses it', '.ooo', [3], suppressed],
    ['is silent if that one comes in time', '.osss', [], suppressed],
    ['is silent for a while after that one', 'sooooooo', [5], suppressed],
    ['is silent if it goes off meanwhile', 'soooo.', [], suppressed],
  ])('%s', (_title, states, minutes, open) => {
    expect(notifiedAt(states, open())).toEqual(minutes);
  });
});
