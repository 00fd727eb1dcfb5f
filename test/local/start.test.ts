// npm start as a user sees it: it prints a command that works, and ends as it should.

import { type ChildProcessWithoutNullStreams, execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { afterEach, describe, expect, jest, test } from '@jest/globals';
import { listen } from '../../local/http.ts';
import { type ServedAuthorizationServer, startAuthorizationServer } from '../../local/serve-authorization-server.ts';
import { sign } from '../../local/sign.ts';

const ROOT = join(import.meta.dirname, '../..');
/** What `npm start` runs, without npm. */
const LOCAL_MODE = [process.execPath, '--import', 'tsx', 'bin/local.ts'];
const hasCurl = spawnSync('curl', ['--help', 'all'], { encoding: 'utf8' }).stdout?.includes('--aws-sigv4') === true;

interface Started {
  readonly process: ChildProcessWithoutNullStreams;
  readonly output: () => string;
  readonly errors: () => string;
  /** Resolves with the exit code. */
  readonly exit: Promise<number | null>;
  hasPrinted(pattern: RegExp): Promise<RegExpExecArray>;
}

// Each test starts a process.
jest.setTimeout(60_000);

let started: Started | undefined;
let server: ServedAuthorizationServer | undefined;
afterEach(async () => {
  if (started) signalAll(started, 'SIGKILL');
  await server?.close();
});

/** Sends a signal to the process and to all that it has started, as a terminal does. */
function signalAll({ process: { pid } }: Started, signal: NodeJS.Signals): void {
  try {
    if (pid !== undefined) process.kill(-pid, signal);
  } catch {
    // All have ended.
  }
}

function start(
  env: Record<string, string> = {},
  args: readonly string[] = [],
  [program = '', ...firstArgs]: readonly string[] = LOCAL_MODE,
): Started {
  const { PATH = '', TMPDIR = '' } = process.env;
  const child = spawn(program, [...firstArgs, ...args], {
    cwd: ROOT,
    // A process group of its own.
    detached: true,
    env: { PATH, ...(TMPDIR && { TMPDIR }), PORT: '0', ...env },
  });
  let output = '';
  let errors = '';
  child.stdout.setEncoding('utf8').on('data', (text) => {
    output += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text) => {
    errors += text;
  });
  // 'close' comes when all output has been read, too: when every process that could write it has ended.
  const exit = once(child, 'close').then(([code]) => code as number | null);
  const hasPrinted = async (pattern: RegExp) => {
    for (;;) {
      const found = pattern.exec(output);
      if (found) return found;
      const ended = await Promise.race([once(child.stdout, 'data').then(() => false), exit.then(() => true)]);
      if (ended && !pattern.test(output)) throw new Error(`ended without printing ${pattern}: ${output}${errors}`);
    }
  };
  started = { process: child, output: () => output, errors: () => errors, exit, hasPrinted };
  return started;
}

describe('npm start', () => {
  test('prints URL, credentials and a command that works when pasted, and vends a token as proof', async () => {
    const { hasPrinted, output, errors, process: child, exit } = start();
    const [proof] = await hasPrinted(/^Vended .*\n/m);
    expect(proof).toMatch(
      /^Vended the first token \d+ ms after the start: source mint, 1439\d s left, \d+ scopes\. Ctrl-C stops\.$/m,
    );
    expect(output()).toMatch(/^ {2}URL {10}http:\/\/127\.0\.0\.1:\d+\/$/m);
    expect(output()).toContain('local / local, region eu-central-1');
    const [, line = ''] = /^ +(curl .*)$/m.exec(output()) ?? [];
    expect(line).toMatch(
      /^curl -sS --fail-with-body --noproxy '\*' --aws-sigv4 "aws:amz:eu-central-1:lambda" --user "local:local" -d grant_type=client_credentials http:\/\/127\.0\.0\.1:\d+\/oauth\/token$/,
    );
    if (hasCurl) {
      // A proxy that isn't there: it must not come between curl and this machine.
      const env = { ...process.env, http_proxy: 'http://127.0.0.1:1' };
      const answer = JSON.parse(execFileSync('sh', ['-c', line], { encoding: 'utf8', env }));
      expect(answer).toMatchObject({ token_type: 'Bearer', tenant: 'yourtenant', refresh_token_expires_in: 0 });
      expect(answer).not.toHaveProperty('refresh_token');
      expect(output()).not.toContain(answer.access_token);
    }
    child.kill('SIGINT');
    expect([await exit, errors()]).toEqual([0, '']);
  });

  test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
    'ends at once on %s, also while a request is running',
    async (signal) => {
      let onSecondMint = () => {};
      const secondMint = new Promise<void>((resolve) => {
        onSecondMint = resolve;
      });
      server = await startAuthorizationServer({
        respondWith: ({ params }) => {
          if (params.scope === undefined) return undefined;
          onSecondMint();
          return { delayMs: 3_600_000 };
        },
      });
      const { tokenEndpoint: TOKEN_ENDPOINT, clientId: CLIENT_ID, clientSecret: CLIENT_SECRET } = server;
      const { hasPrinted, errors, process: child, exit } = start({ TOKEN_ENDPOINT, CLIENT_ID, CLIENT_SECRET });
      await hasPrinted(/^Vended/m);
      const [, url = ''] = await hasPrinted(/^ +URL +(\S+)$/m);
      const headers = { 'content-type': 'application/x-www-form-urlencoded' };
      const request = fetch(url, await sign(url, { headers, body: 'scope=order.order_read' })).catch(() => 'cut');
      await secondMint;
      child.kill(signal);
      expect([await exit, errors(), await request]).toEqual([0, '', 'cut']);
    },
  );

  test('says in one line why no token could be vended', async () => {
    server = await startAuthorizationServer();
    const env = { TOKEN_ENDPOINT: server.tokenEndpoint, CLIENT_ID: 'wrong', CLIENT_SECRET: 'very-secret' };
    const { errors, output, exit } = start(env);
    expect(await exit).toBe(1);
    expect(errors()).toMatch(/^No token could be vended: 502 server_error .*\n$/);
    expect(output() + errors()).not.toContain('very-secret');
  });
});

describe('nothing that npm start has started stays behind', () => {
  test.each<[NodeJS.Signals, string]>([
    ['SIGTERM', 'npm'],
    ['SIGINT', 'npm'],
    ['SIGHUP', 'npm'],
    ['SIGKILL', 'npm'],
    ['SIGTERM', 'the process group'],
    ['SIGINT', 'the process group'],
    ['SIGHUP', 'the process group'],
  ])('after %s to %s', async (signal, receiver) => {
    const npm = start({}, [], ['npm', 'start']);
    const [, url = ''] = await npm.hasPrinted(/^ +URL +(\S+)$/m);
    if (receiver === 'npm') npm.process.kill(signal);
    else signalAll(npm, signal);
    await npm.exit;
    await expect(fetch(url)).rejects.toThrow('fetch failed');
  });
});

test('npm start serves in the background, without a terminal and after its shell has ended', async () => {
  const { hasPrinted } = start({}, [], ['sh', '-c', 'npm start <&- &']);
  const [, url = ''] = await hasPrinted(/^ +URL +(\S+)$/m);
  await hasPrinted(/^Vended/m);
  expect((await fetch(url, await sign(url))).status).toBe(200);
});

describe('npm start ends with exit code 1 and one line', () => {
  const SERVER = { TOKEN_ENDPOINT: 'https://auth.example.com/token', CLIENT_ID: 'id', CLIENT_SECRET: 'secret' };

  test('for a port in use', async () => {
    const other = await listen(createServer());
    const { port } = new URL(other.url);
    const { errors, output, exit } = start({ PORT: port });
    expect([await exit, output()]).toEqual([1, '']);
    expect(errors()).toBe(`Port ${port} is in use: set PORT to another one, or to 0 for any free one\n`);
    await other.close();
  });

  test.each<[string, Record<string, string>, readonly string[], RegExp]>([
    ['a port that is not a number', { PORT: 'http' }, [], /^PORT is "http"/],
    ['no instances', {}, ['--instances', '0'], /^--instances is "0"/],
    ['an unknown flag', {}, ['--verbose'], /^Unknown option '--verbose'/],
    ['an unknown profile', {}, ['--profile', 'nobody'], /^--profile is "nobody"/],
    ['an incomplete authorization server', { CLIENT_ID: 'id' }, [], /^TOKEN_ENDPOINT and CLIENT_SECRET not set/],
    [
      'a token endpoint with plain http',
      { ...SERVER, TOKEN_ENDPOINT: 'http://auth.example.com/' },
      [],
      /^TOKEN_ENDPOINT must be/,
    ],
  ])('for %s', async (_, env, args, line) => {
    const { errors, output, exit } = start(env, args);
    expect([await exit, output()]).toEqual([1, '']);
    expect(errors()).toMatch(line);
    expect(errors().split('\n')).toEqual([expect.any(String), '']);
  });
});
