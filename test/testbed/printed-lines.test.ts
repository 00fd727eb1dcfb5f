// Lines that processes print are read as CloudWatch reads them.

import { expect, test } from '@jest/globals';
import { METRIC_NAMESPACE } from '../../operating/metrics.ts';
import { PrintedLines } from '../../testbed/processes/printed-lines.ts';

const counting = (metric: string, Namespace = METRIC_NAMESPACE) =>
  JSON.stringify({
    event: 'vended',
    Vended: 1,
    Refused: 1,
    _aws: { Timestamp: 5, CloudWatchMetrics: [{ Namespace, Metrics: [{ Name: metric }] }] },
  });

test('a metric counts only on a line that declares it, under its namespace', () => {
  const lines = new PrintedLines();
  lines.add(`${counting('Vended')}\n${counting('Refused', 'Other')}\n{"Refused":1}\n`, 1);
  expect(lines.counting('Vended', 5, 6)).toEqual([{ metric: 'Vended', event: 'vended', pid: 1, atMs: 5 }]);
  expect(lines.counting('Vended', 0, 5)).toEqual([]);
  expect(lines.counting('Refused', 0, 10)).toEqual([]);
  expect(lines.notJson).toEqual([]);
});

test('a line that arrives in pieces is read once it has ended, by process', () => {
  const lines = new PrintedLines();
  const line = counting('Vended');
  lines.add(line.slice(0, 20), 1);
  lines.add('no JSON', 2);
  lines.add(line.slice(20), 1);
  expect(lines.counting('Vended', 0, 10)).toHaveLength(0);
  lines.add('\n', 1);
  lines.add('\n', 2);
  expect(lines.counting('Vended', 0, 10)).toHaveLength(1);
  expect(lines.notJson).toEqual(['no JSON']);
});
