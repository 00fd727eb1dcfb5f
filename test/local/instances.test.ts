// The instances behind the function URL: each runs one request at a time, a new one is started when all are busy, and
// one that dies is replaced.

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterEach, describe, expect, jest, test } from '@jest/globals';
import type { FunctionUrlOptions } from '../../local/function-url.ts';
import { type RunningFunction, startFunction } from './handler-folder.ts';

/** The path of a request says what the function does with it. */
const SOURCE = `
  import { randomUUID } from 'node:crypto';
  const instance = randomUUID();
  let requests = 0;
  let running = 0;
  let maxRunning = 0;
  console.log('started ' + instance);
  export async function handler(event, context) {
    requests += 1;
    maxRunning = Math.max(maxRunning, ++running);
    try {
      const what = event.rawPath.slice(1);
      if (what === 'throw') throw new Error('thrown on purpose');
      if (what === 'exit') process.exit(3);
      if (what === 'hang') { console.log('hanging'); await new Promise(() => {}); }
      if (what === 'wait') { console.log('waiting'); await new Promise((resolve) => setTimeout(resolve, 100)); }
      if (what === 'spin') for (;;);
      if (what === 'later') { setImmediate(() => { throw new Error('thrown between requests'); }); }
      if (what === 'yield') for (let count = 0; count < 50; count += 1) await new Promise(setImmediate);
      if (what === 'environment') return { ...process.env };
      if (what === 'context') return { ...context, remainingMs: context.getRemainingTimeInMillis() };
      return { instance, requests, maxRunning };
    } finally {
      running -= 1;
    }
  }
`;

interface Report {
  readonly instance: string;
  readonly requests: number;
  readonly maxRunning: number;
}

// Each test starts worker threads: on a busy machine, that takes seconds.
jest.setTimeout(60_000);

let running: RunningFunction;
afterEach(() => running.close());

async function start(options?: Omit<FunctionUrlOptions, 'codeDirectory' | 'write'>): Promise<void> {
  running = await startFunction(SOURCE, options);
}

async function report(what = ''): Promise<Report> {
  const response = await running.call(`/${what}`);
  expect(response.status).toBe(200);
  return (await response.json()) as Report;
}

describe('an instance', () => {
  test('is started by the first request and used again by the next', async () => {
    await start();
    expect(running.printed()).toBe('');
    const first = await report();
    expect(await report()).toEqual({ ...first, requests: 2 });
  });

  test('runs one request at a time, and requests at the same time start more instances', async () => {
    await start({ instances: 3 });
    const answers = await Promise.all([report('yield'), report('yield'), report('yield')]);
    expect(new Set(answers.map(({ instance }) => instance)).size).toBe(3);
    const again = await Promise.all([report('yield'), report('yield'), report('yield')]);
    expect([...answers, ...again].map(({ maxRunning }) => maxRunning)).toEqual([1, 1, 1, 1, 1, 1]);
  });

  test('that was used last gets the next request', async () => {
    await start({ instances: 2 });
    await Promise.all([report('yield'), report('yield')]);
    const last = await report();
    expect((await report()).instance).toBe(last.instance);
    expect((await report()).instance).toBe(last.instance);
  });

  test('is not started beyond the limit, and the request is answered with 429', async () => {
    await start({ instances: 1 });
    const hanging = running.call('/hang').catch(() => 'cut');
    await running.hasPrinted('hanging');
    const response = await running.call();
    expect(response.status).toBe(429);
    expect(response.headers.get('x-amzn-errortype')).toBe('TooManyRequestsException');
    expect(await response.json()).toEqual({
      Reason: 'ConcurrentInvocationLimitExceeded',
      Type: 'User',
      message: 'Rate Exceeded.',
    });
    await running.close();
    expect(await hanging).toBe('cut');
  });
});

describe('a request whose function fails is answered with 502, which is not JSON', () => {
  async function failed(what: string): Promise<void> {
    const response = await running.call(`/${what}`);
    expect([response.status, await response.text()]).toEqual([502, 'Internal Server Error']);
  }

  test('when it throws, and the instance stays in use', async () => {
    await start({ instances: 1 });
    const before = await report();
    await failed('throw');
    expect(running.printed()).toContain('thrown on purpose');
    expect(await report()).toMatchObject({ instance: before.instance, requests: 3 });
  });

  test.each(['exit', 'hang', 'spin'])('when it does not answer (%s), and the instance is replaced', async (what) => {
    await start({ instances: 1, timeoutMs: 1500 });
    const before = await report();
    await failed(what);
    expect(await report()).toMatchObject({ requests: 1 });
    expect((await report()).instance).not.toBe(before.instance);
    if (what !== 'exit') expect(running.printed()).toContain('Task timed out after 1.50 seconds');
  });

  test('when its code cannot be loaded, or exports no handler', async () => {
    running = await startFunction('throw new Error("broken code");');
    await failed('');
    expect(running.printed()).toContain('broken code');
    await running.close();
    running = await startFunction('export const other = 1;');
    await failed('');
  });
});

test('an instance that dies between requests is replaced', async () => {
  await start({ instances: 1 });
  const before = await report('later');
  await running.hasPrinted('thrown between requests');
  expect((await report()).instance).not.toBe(before.instance);
});

describe('a restart', () => {
  test('lets new instances answer the next requests', async () => {
    await start({ instances: 2 });
    const before = await Promise.all([report('yield'), report('yield')]);
    await running.restart();
    const after = await Promise.all([report('yield'), report('yield')]);
    expect(after.map(({ requests }) => requests)).toEqual([1, 1]);
    expect(new Set([...before, ...after].map(({ instance }) => instance)).size).toBe(4);
  });

  test('lets a request that is running be answered first, and ends its instance then', async () => {
    await start({ instances: 1 });
    const slow = running.call('/wait');
    await running.hasPrinted('waiting');
    await running.restart();
    const answered = (await (await slow).json()) as Report;
    expect(answered.requests).toBe(1);
    const next = await report();
    expect(next.requests).toBe(1);
    expect(next.instance).not.toBe(answered.instance);
  });
});

describe('the function', () => {
  test('has its own environment and no variable of the parent process', async () => {
    await start({ environment: { PROFILE: 'default', AWS_REGION: 'eu-central-1' } });
    expect(await report('environment')).toEqual({ PROFILE: 'default', AWS_REGION: 'eu-central-1' });
  });

  test("has none of the parent's Node.js options, such as a TypeScript loader", async () => {
    running = await startFunction('export const handler = async () => process.execArgv;');
    const program = `
      import { Instances } from './local/instances.ts';
      const options = { codeDirectory: process.argv[1], environment: {}, functionName: 'f', memoryMb: 128 };
      const instances = new Instances({ ...options, limit: 1, timeoutMs: 60_000, write: console.error });
      console.log(JSON.stringify(await instances.invoke({}, 'request')));
      await instances.close();
    `;
    const node = ['--import', 'tsx', '--input-type=module', '-e', program, running.codeDirectory];
    const { stdout } = await promisify(execFile)(process.execPath, node);
    expect(JSON.parse(stdout)).toEqual({ kind: 'result', result: [] });
  });

  test('gets a context with its names and the time left', async () => {
    await start({ functionName: 'vend', memoryMb: 256, timeoutMs: 60_000 });
    const context = (await report('context')) as unknown as Record<string, unknown>;
    expect(context).toMatchObject({
      awsRequestId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      functionName: 'vend',
      functionVersion: '$LATEST',
      invokedFunctionArn: 'arn:aws:lambda:eu-central-1:000000000000:function:vend',
      memoryLimitInMB: '256',
    });
    expect(context.remainingMs).toBeGreaterThan(0);
    expect(context.remainingMs).toBeLessThanOrEqual(60_000);
  });

  test('prints to the write function of its options', async () => {
    await start();
    const { instance } = await report();
    await running.hasPrinted(`started ${instance}\n`);
  });
});

test('closing cuts requests that are running', async () => {
  await start();
  const spinning = running.call('/spin').catch(() => 'cut');
  const hanging = running.call('/hang').catch(() => 'cut');
  await running.hasPrinted('hanging');
  await running.close();
  expect(await Promise.all([spinning, hanging])).toEqual(['cut', 'cut']);
});
