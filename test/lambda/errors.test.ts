// A log line describes a failure by the codes of a system or a service and by places in the code. It never holds a
// message.

import { createServer } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { describe, expect, test } from '@jest/globals';
import { failureFields, stackFrames, systemCodeOf, VendingError } from '../../lambda/errors.ts';

describe('the system code of a failure', () => {
  test.each<[string, unknown, string | undefined]>([
    ['of Node.js is its code', Object.assign(new Error('canary'), { code: 'ENOTFOUND' }), 'ENOTFOUND'],
    ['of OpenSSL is its code', Object.assign(new Error('canary'), { code: 'CERT_HAS_EXPIRED' }), 'CERT_HAS_EXPIRED'],
    [
      'that another failure caused is the code of that other failure',
      new Error('canary', { cause: Object.assign(new Error('canary'), { code: 'ECONNRESET' }) }),
      'ECONNRESET',
    ],
    [
      'of an AWS service is its name',
      Object.assign(new Error('canary'), { name: 'AccessDeniedException', $fault: 'client' }),
      'AccessDeniedException',
    ],
    [
      'of an AWS service is not the code that its answer claims',
      Object.assign(new Error('canary'), { name: 'SomeException', $fault: 'client', code: 'CANARY' }),
      'SomeException',
    ],
    [
      'that has the form of no code is left out',
      Object.assign(new Error('canary'), { code: 'the canary sings' }),
      undefined,
    ],
    ['that is a number is left out', Object.assign(new Error('canary'), { code: 7 }), undefined],
    [
      'of a service that quotes something is left out',
      Object.assign(new Error('canary'), { name: 'canary: "secret"', $fault: 'client' }),
      undefined,
    ],
    ['of an error of our own code is left out', new TypeError('canary'), undefined],
    ['of something that is no error is left out', 'canary', undefined],
  ])('%s', (_, error, code) => {
    expect(systemCodeOf(error)).toBe(code);
  });

  test('of a server that speaks no TLS is a code of OpenSSL', async () => {
    const server = createServer((socket) => socket.end('HTTP/1.1 400 \r\n\r\n')).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('no port');
    const failure = await new Promise((resolve) =>
      connectTls({ host: '127.0.0.1', port: address.port }).once('error', resolve),
    );
    server.close();
    expect(systemCodeOf(failure)).toMatch(/^(ERR_SSL|ECONNRESET|EPROTO)/);
  });
});

test('a vending error is logged as its code and the system code of its cause', () => {
  const error = new VendingError('unavailable', 'canary', { systemCode: 'ECONNREFUSED' });
  expect(failureFields(error)).toEqual({ error: 'unavailable', systemCode: 'ECONNREFUSED' });
  expect(error.withRetryAfter(3)).toMatchObject({ systemCode: 'ECONNREFUSED', retryAfterSeconds: 3 });
  expect(failureFields(new VendingError('throttled', 'canary'))).toEqual({ error: 'throttled' });
});

test('a failure that is its own cause ends the search', () => {
  const failure = new Error('canary');
  failure.cause = failure;
  expect(systemCodeOf(failure)).toBeUndefined();
});

describe('the stack frames of an unexpected error', () => {
  test('name where it was thrown', () => {
    expect(stackFrames(new Error('canary'))[0]).toMatch(/errors\.test\.ts/);
  });

  test.each([
    ['a message of several lines', 'canary\n    at canary (canary.ts:1:2)\ncanary'],
    ['an empty message', ''],
  ])('leave out %s', (_, message) => {
    const frames = stackFrames(new Error(message));
    expect(frames.length).toBeGreaterThan(0);
    expect(frames.join('\n')).not.toContain('canary');
  });

  test('are empty if the message was changed after the error was made, or if the stack was removed', () => {
    const changed = new Error('canary');
    expect(changed.stack).toContain('canary'); // the stack is made now
    changed.message = 'another';
    const without = new Error('canary');
    delete without.stack;
    const shortened = new Error('canary\n    at canary (canary:1:1)');
    expect(shortened.stack).toContain('canary');
    shortened.message = 'E';
    expect([changed, without, shortened, 'canary'].map(stackFrames)).toEqual([[], [], [], []]);
  });

  test('are at most ten', () => {
    const recurse = (depth: number): Error => (depth === 0 ? new Error('canary') : recurse(depth - 1));
    Error.stackTraceLimit = 50;
    expect(stackFrames(recurse(30))).toHaveLength(10);
  });
});
