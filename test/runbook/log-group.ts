// The log groups of the functions, with the lines that these print under faults. They are filtered as CloudWatch Logs
// does: moto returns all events, whatever a pattern of JSON says.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import { TokenClient } from '../../client/index.ts';
import { createCanary } from '../../lambda/canary/canary.ts';
import { systemClock } from '../../lambda/clock.ts';
import { SOME_SCOPES } from '../../local/client-secrets.ts';
import { type Listening, listen, readBody } from '../../local/http.ts';
import { LOCAL_CREDENTIALS, LOCAL_REGION } from '../../local/names.ts';
import { openScene } from '../operating/scene.ts';
import { CANARY, logGroupOf, ROTATION } from './function-logs.ts';

const MINUTE_MS = 60_000;
const VENDED = { access_token: 'canary-token', token_type: 'Bearer', expires_in: 3600 };

/** Of a function whose lines are text, as Lambda prints them. */
const lambdaLines = (timeoutSeconds: number) => [
  `2026-03-01T03:00:00.000Z 5f1c2d9e-0000-4000-8000-000000000001 Task timed out after ${timeoutSeconds}.00 seconds`,
  'RequestId: 5f1c2d9e-0000-4000-8000-000000000002 Error: Runtime exited with error: signal: killed',
  '2026-03-01T03:00:00.000Z 5f1c2d9e-0000-4000-8000-000000000003 ERROR Invoke Error {"errorType":"TypeError"}',
];

/** Answers FilterLogEvents. Each line is there twice: the first was printed an hour ago, and says so. */
export async function startLogGroups(): Promise<Listening> {
  const { vended, rotated } = await linesUnderFaults();
  const groups = new Map([
    [logGroupOf('default'), eventsOf([...vended, ...lambdaLines(25)])],
    [logGroupOf(CANARY), eventsOf([...(await linesOfCanary()), ...lambdaLines(58)])],
    [logGroupOf(ROTATION), eventsOf([...rotated, ...lambdaLines(68)])],
  ]);
  const server = createServer(async (request, response) => {
    try {
      assert.equal(request.headers['x-amz-target'], 'Logs_20140328.FilterLogEvents');
      const { logGroupName, filterPattern, startTime } = JSON.parse(String(await readBody(request, 10_000)));
      const events = groups.get(logGroupName) ?? assert.fail(`no log group is named ${logGroupName}`);
      const matches = matcherOf(filterPattern);
      const found = events.filter(({ timestamp, message }) => timestamp >= startTime && matches(message));
      response.end(JSON.stringify({ events: found }));
    } catch (error) {
      response.writeHead(400).end(JSON.stringify({ __type: 'InvalidParameterException', message: String(error) }));
    }
  });
  return await listen(server);
}

function eventsOf(lines: readonly string[]) {
  const nowMs = Date.now();
  return [
    ...lines.map((line) => ({ timestamp: nowMs - 60 * MINUTE_MS, message: line.replace(/\}?$/, ',"old":true$&') })),
    ...lines.map((message) => ({ timestamp: nowMs - MINUTE_MS, message })),
  ];
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

/** Those of a vend function, and those of the rotation function. */
async function linesUnderFaults() {
  const scene = await openScene({ emporix: { expiresInSeconds: 3600 } });
  const { behaviour } = scene.emporix;
  const vend = (scope?: string) => scene.invoke('orders', scope === undefined ? {} : { scope }, 'runs');
  await vend();
  const sha256 = createHash('sha256').update(scene.emporix.tokens.at(-1)?.accessToken ?? '');
  await scene.invoke('orders', { rejected_token_sha256: sha256.digest('hex') }, 'runs');
  await scene.rotate().catch(() => {});
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
  const lines = scene.events().map((event) => JSON.stringify(event));
  const isOfRotation = (line: string) => line.includes('"event":"rotation_');
  return { vended: lines.filter((line) => !isOfRotation(line)), rotated: lines.filter(isOfRotation) };
}

/** Of a run that failed, and of one that passed. */
async function linesOfCanary(): Promise<string[]> {
  const lines: string[] = [];
  let vends = false;
  const endpoint = await listen(
    createServer(({ headers }, response) => {
      const isVended = vends && headers.authorization !== undefined;
      response.writeHead(isVended ? 200 : 403).end(JSON.stringify(isVended ? VENDED : {}));
    }),
  );
  const { url } = endpoint;
  const settings = { stackName: 'TokenVending', profile: 'default', tokenEndpoint: url, refusedScope: undefined };
  const canary = createCanary(settings, {
    createClient: () => new TokenClient({ url, region: LOCAL_REGION, credentials: LOCAL_CREDENTIALS }),
    fetch,
    clock: systemClock,
    write: (line) => lines.push(line.trim()),
  });
  for (vends of [false, true]) await canary();
  await endpoint.close();
  return lines;
}
