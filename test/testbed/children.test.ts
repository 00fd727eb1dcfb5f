// Child processes of the suites: programs that are run to their end, and servers that are stopped with all they started.

import { expect, test } from '@jest/globals';
import { hasEnded, kill, run, startProgram, stop, until } from '../../testbed/processes/children.ts';
import { freePort, ServerProcess } from '../../testbed/processes/server.ts';

test('a program that succeeds is run to its end, and its standard output returned', async () => {
  expect(await run('sh', ['-c', 'echo out; echo err >&2'])).toBe('out\n');
});

test('a program that fails is an error that shows its exit code and both outputs', async () => {
  const failing = run('sh', ['-c', 'echo out; echo err >&2; exit 3']);
  await expect(failing).rejects.toThrow(/^sh -c .* ended with 3\nout\nerr/s);
});

test('a program that does not exist is an error', async () => {
  await expect(run('no-such-program', [])).rejects.toThrow('ENOENT');
});

test.each([
  ['stop', stop],
  ['kill', kill],
])('%s ends a program with the processes that it started', async (_, end) => {
  const program = startProgram('sh', ['-c', 'sleep 60 & echo started; wait'], { stdio: ['ignore', 'pipe', 'ignore'] });
  const output = program.stdout;
  await new Promise((resolve) => output?.once('data', resolve));
  // The pipe closes when no process holds it any more.
  const closed = new Promise((resolve) => program.once('close', resolve));
  await end(program);
  await closed;
  expect(hasEnded(program)).toBe(true);
});

test('a wait that ends at its limit names its condition', async () => {
  await expect(until('the moon is full', 10, () => false)).rejects.toThrow('not within 0.01 s: the moon is full');
});

test('a server that ends at its start is reported at once', async () => {
  const server = new ServerProcess({ name: 'sh', port: await freePort(), command: ['sh', '-c', 'exit 4'] });
  await expect(server.start()).rejects.toThrow('sh could not be started, or ended with 4');
});

test('a server answers once it was started, and again on the same port after it was killed', async () => {
  const port = await freePort();
  const script = `require('http').createServer((_, response) => response.end('here')).listen(${port}, '127.0.0.1')`;
  const server = new ServerProcess({ name: 'server', port, command: [process.execPath, '-e', script] });
  await server.start();
  await server.kill();
  await expect(fetch(server.url)).rejects.toThrow();
  await server.start();
  expect(await (await fetch(server.url)).text()).toBe('here');
  await server.stop();
});
