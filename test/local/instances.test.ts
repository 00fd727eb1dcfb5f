// The instances behind the function URL: one request each at a time, started when all are busy, reused, replaced.

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterEach, describe, expect, test } from '@jest/globals';
import type { FunctionUrlOptions } from '../../local/function-url.ts';
import { type RunningFunction, startFunction } from './handler-folder.ts';

/** The path of a request says what is to happen to it. */
const SOURCE = `
  import { randomUUID } from 'node:crypto';
  const instance = randomUUID();
  let requests = 0;
  let running = 0;
  let mostRunning = 0;
  console.log('started ' + instance);
  export async function handler(event, context) {
    requests += 1;
    mostRunning = Math.max(mostRunning, ++running);
    try {
      const what = event.rawPath.slice(1);
      if (what === 'throw') throw new Error('thrown on purpose');
      if (what === 'exit') process.exit(3);
      if (what === 'hang') { console.log('hanging'); await new Promise(() => {}); }
      if (what === 'spin') for (;;);
      if (what === 'later') { setImmediate(() => { throw new Error('thrown behind its back'); }); }
      if (what === 'turns') for (let turn = 0; turn < 50; turn += 1) await new Promise(setImmediate);
      if (what === 'environment') return { ...process.env };
      if (what === 'context') return { ...context, remainingMs: context.getRemainingTimeInMillis() };
      return { instance, requests, mostRunning };
    } finally {
      running -= 1;
    }
  }
`;

interface Seen {
  readonly instance: string;
  readonly requests: number;
  readonly mostRunning: number;
}

let running: RunningFunction;
afterEach(() => running.close());

async function start(options?: Omit<FunctionUrlOptions, 'codeDirectory' | 'write'>): Promise<void> {
  running = await startFunction(SOURCE, options);
}

async function seen(what = ''): Promise<Seen> {
  const response = await running.call(`/${what}`);
  expect(response.status).toBe(200);
  return (await response.json()) as Seen;
}

describe('an instance', () => {
  test('is started by the first request and used again by the next', async () => {
    await start();
    expect(running.printed()).toBe('');
    const first = await seen();
    expect(await seen()).toEqual({ ...first, requests: 2 });
  });

  test('runs one request at a time; more at once start more instances', async () => {
    await start({ instances: 3 });
    const answers = await Promise.all([seen('turns'), seen('turns'), seen('turns')]);
    expect(new Set(answers.map(({ instance }) => instance)).size).toBe(3);
    const again = await Promise.all([seen('turns'), seen('turns'), seen('turns')]);
    expect([...answers, ...again].map(({ mostRunning }) => mostRunning)).toEqual([1, 1, 1, 1, 1, 1]);
  });

  test('that was used last is used first', async () => {
    await start({ instances: 2 });
    await Promise.all([seen('turns'), seen('turns')]);
    const last = await seen();
    expect((await seen()).instance).toBe(last.instance);
    expect((await seen()).instance).toBe(last.instance);
  });

  test('beyond the limit is not started: 429', async () => {
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

describe('a request whose function fails is answered 502, which is not JSON', () => {
  async function failed(what: string): Promise<void> {
    const response = await running.call(`/${what}`);
    expect([response.status, await response.text()]).toEqual([502, 'Internal Server Error']);
  }

  test('when it throws; the instance goes on', async () => {
    await start({ instances: 1 });
    const before = await seen();
    await failed('throw');
    expect(running.printed()).toContain('thrown on purpose');
    expect(await seen()).toMatchObject({ instance: before.instance, requests: 3 });
  });

  test.each(['exit', 'hang', 'spin'])('when it does not answer (%s); the instance is replaced', async (what) => {
    await start({ instances: 1, timeoutMs: 1500 });
    const before = await seen();
    await failed(what);
    expect(await seen()).toMatchObject({ requests: 1 });
    expect((await seen()).instance).not.toBe(before.instance);
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
  const before = await seen('later');
  await running.hasPrinted('thrown behind its back');
  expect((await seen()).instance).not.toBe(before.instance);
});

describe('the function', () => {
  test('has its own environment and nothing of the parent process', async () => {
    await start({ environment: { PROFILE: 'default', AWS_REGION: 'eu-central-1' } });
    expect(await seen('environment')).toEqual({ PROFILE: 'default', AWS_REGION: 'eu-central-1' });
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

  test('is told about itself and the time left', async () => {
    await start({ functionName: 'vend', memoryMb: 256, timeoutMs: 60_000 });
    const context = (await seen('context')) as unknown as Record<string, unknown>;
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

  test('prints to whoever listens', async () => {
    await start();
    const { instance } = await seen();
    await running.hasPrinted(`started ${instance}\n`);
  });
});

test('closing ends requests under way', async () => {
  await start();
  const spinning = running.call('/spin').catch(() => 'cut');
  const hanging = running.call('/hang').catch(() => 'cut');
  await running.hasPrinted('hanging');
  await running.close();
  expect(await Promise.all([spinning, hanging])).toEqual(['cut', 'cut']);
});
