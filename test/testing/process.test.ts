// startLocal in a process of its own, which begins as a consumer's does: without the settings of this project's tests.
// Each program ends by itself only if nothing is open any more, and any warning would be on its standard error.

import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from '@jest/globals';

const ROOT = join(import.meta.dirname, '../..');
/** A process that doesn't end by itself is ended, and fails its test. */
const LIMIT_MS = 50_000;
const CALL = join(import.meta.dirname, 'call.ts');

/** Runs a program that has `startLocal` and `call`. Returns, when it has ended by itself, what it printed and left. */
async function run(program: string, ...imports: string[]) {
  const source = `
    import { startLocal } from './testing/index.ts';
    import { call } from ${JSON.stringify(CALL)};
    ${program}
  `;
  const args = ['tsx', ...imports].flatMap((module) => ['--import', module]);
  const { PATH = '', TMPDIR = '' } = process.env;
  const options = { cwd: ROOT, env: { PATH, ...(TMPDIR && { TMPDIR }) }, timeout: LIMIT_MS };
  const running = promisify(execFile)(process.execPath, [...args, '--input-type=module', '-e', source], options);
  const { stdout, stderr } = await running;
  const folders = readdirSync(tmpdir()).filter((name) => name.startsWith(`token-vending-${running.child.pid}-`));
  return { stdout, stderr, folders };
}

test('a process is as before when startLocal is closed, and it ends by itself', async () => {
  const { stdout, stderr, folders } = await run(`
    const stateOf = () => ({
      environment: { ...process.env },
      listeners: process.eventNames().map((name) => [String(name), process.listenerCount(name)]),
    });
    const before = stateOf();
    const local = await startLocal();
    const whileOpen = { ...process.env };
    await call(local);
    await local.faults.replaceSecret('rightly');
    await call(local, { scope: 'order.order_read' });
    await local.close();
    console.log(JSON.stringify({ before, whileOpen, after: stateOf(), open: process.getActiveResourcesInfo() }));
  `);
  expect(stderr).toBe('');
  expect(stdout.split('\n')).toHaveLength(2);
  const { before, whileOpen, after, open } = JSON.parse(stdout);
  expect(after).toEqual(before);
  expect(whileOpen).toEqual(before.environment);
  expect(open.filter((resource: string) => !/^(TTY|Pipe)Wrap$/.test(resource))).toEqual([]);
  expect(folders).toEqual([]);
});

test('a process goes on without an error when startLocal is closed while requests are running', async () => {
  const { stdout, stderr, folders } = await run(`
    for (let round = 0; round < 3; round += 1) {
      const local = await startLocal();
      const scopes = ['order.order_read', 'price.price_manage', 'media.asset_manage', ''];
      const calls = scopes.map((scope) => call(local, { scope }).then(() => 'answered', () => 'cut'));
      // In the first round no call has an answer yet, in the others one has.
      if (round > 0) await Promise.race(calls);
      await local.close();
      await Promise.all(calls);
    }
    console.log('ended');
  `);
  expect([stdout, stderr]).toEqual(['ended\n', '']);
  expect(folders).toEqual([]);
});

test('a process that ends without closing leaves no folder behind', async () => {
  const { folders } = await run(`
    await startLocal();
    process.exit();
  `);
  expect(folders).toEqual([]);
});

test('a start without dynalite is refused in one line, and the process ends by itself', async () => {
  // dynalite is searched for in a folder where it is not installed.
  const hooks = `export const resolve = (specifier, context, next) =>
    next(specifier, specifier === 'dynalite' ? { ...context, parentURL: 'file:///nowhere/index.js' } : context);`;
  const register = `
    import { register } from 'node:module';
    register(${JSON.stringify(`data:text/javascript,${encodeURIComponent(hooks)}`)});
  `;
  const { stdout, stderr, folders } = await run(
    'await startLocal().catch(({ message }) => console.log(message));',
    `data:text/javascript,${encodeURIComponent(register)}`,
  );
  const { peerDependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  const major = /^\^(\d+)\./.exec(peerDependencies.dynalite)?.[1];
  expect(stdout).toBe(`token-vending/testing needs the package dynalite: npm i -D dynalite@${major}\n`);
  expect(stderr).toBe('');
  expect(folders).toEqual([]);
});

test('a start whose port is in use leaves nothing open, so the process ends by itself', async () => {
  const { stdout, stderr, folders } = await run(`
    const first = await startLocal();
    await startLocal({ port: Number(new URL(first.url).port) }).catch(({ message }) => console.log(message));
    await first.close();
  `);
  expect(stdout).toMatch(/^listen EADDRINUSE: .*\n$/);
  expect(stderr).toBe('');
  expect(folders).toEqual([]);
});
