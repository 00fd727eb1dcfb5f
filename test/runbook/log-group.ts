// A log group with the lines that the real functions print under faults. It filters them as CloudWatch Logs does:
// moto returns all events, whatever a pattern of JSON says.

import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { SOME_SCOPES } from '../../local/client-secrets.ts';
import { type Listening, listen, readBody } from '../../local/http.ts';
import { openScene } from '../operating/scene.ts';

const MINUTE_MS = 60_000;

/** Of a function whose lines are text, as Lambda prints them. */
const LAMBDA_LINES = [
  '2026-03-01T03:00:00.000Z 5f1c2d9e-0000-4000-8000-000000000001 Task timed out after 25.00 seconds',
  'RequestId: 5f1c2d9e-0000-4000-8000-000000000002 Error: Runtime exited with error: signal: killed',
  '2026-03-01T03:00:00.000Z 5f1c2d9e-0000-4000-8000-000000000003 ERROR Invoke Error {"errorType":"TypeError"}',
];

/** Answers FilterLogEvents. Each line is there twice: the first was printed an hour ago, and says so. */
export async function startLogGroup(name: string): Promise<Listening> {
  const lines = [...(await linesUnderFaults()), ...LAMBDA_LINES];
  const nowMs = Date.now();
  const events = [
    ...lines.map((line) => ({ timestamp: nowMs - 60 * MINUTE_MS, message: line.replace(/\}?$/, ',"old":true$&') })),
    ...lines.map((message) => ({ timestamp: nowMs - MINUTE_MS, message })),
  ];
  const server = createServer(async (request, response) => {
    try {
      assert.equal(request.headers['x-amz-target'], 'Logs_20140328.FilterLogEvents');
      const { logGroupName, filterPattern, startTime } = JSON.parse(String(await readBody(request, 10_000)));
      assert.equal(logGroupName, name);
      const matches = matcherOf(filterPattern);
      const found = events.filter(({ timestamp, message }) => timestamp >= startTime && matches(message));
      response.end(JSON.stringify({ events: found }));
    } catch (error) {
      response.writeHead(400).end(JSON.stringify({ __type: 'InvalidParameterException', message: String(error) }));
    }
  });
  return await listen(server);
}

/**
 * Reads the two kinds of patterns that the runbook has: equal fields of JSON, of which one suffices, and terms, of which
 * one suffices. See "Filter pattern syntax" in the guide of CloudWatch Logs.
 */
function matcherOf(pattern: string): (message: string) => boolean {
  const [, conditions] = /^\{ (.+) \}$/.exec(pattern) ?? [];
  if (conditions === undefined) {
    const terms = pattern.match(/\?("[^"]+"|\w+)(?= |$)/g) ?? [];
    assert.equal(terms.join(' '), pattern);
    const texts = terms.map((term) => term.replaceAll(/[?"]/g, ''));
    return (message) => texts.some((text) => message.includes(text));
  }
  const fields = conditions.split(' || ').map((condition) => {
    const [, field = '', value = ''] = /^\$\.(\w+) = ("\w+"|\d+)$/.exec(condition) ?? assert.fail(condition);
    return [field, JSON.parse(value)] as const;
  });
  return (message) => message.startsWith('{') && fields.some(([field, value]) => JSON.parse(message)[field] === value);
}

async function linesUnderFaults(): Promise<string[]> {
  const scene = await openScene({ emporix: { expiresInSeconds: 3600 } });
  const { behaviour } = scene.emporix;
  const vend = (scope?: string) => scene.invoke('orders', scope === undefined ? {} : { scope }, 'runs');
  await vend();
  behaviour.respondWith = () => ({ status: 503 });
  await vend(SOME_SCOPES[0]);
  scene.clock.forward(50 * MINUTE_MS);
  await vend();
  // After a failure, an instance waits before it tries again.
  scene.clock.forward(MINUTE_MS);
  behaviour.respondWith = () => ({ status: 401 });
  await vend();
  await vend(SOME_SCOPES[1]);
  behaviour.respondWith = undefined;
  scene.dynamodb.faults.refusesWith = 'AccessDeniedException';
  await vend(SOME_SCOPES[2]);
  scene.secrets.faults.refusesWith = 'AccessDeniedException';
  scene.replaceInstances();
  await vend();
  await scene.close();
  return scene.events().map((event) => JSON.stringify(event));
}
