import { expect, test } from '@jest/globals';
import { SharedCalls } from '../../lambda/shared-calls.ts';

test('a caller who comes while a call is under way shares it, and one who comes later starts another', async () => {
  const sharedCalls = new SharedCalls<number>();
  let calls = 0;
  const call = async () => ++calls;
  const first = sharedCalls.run('key', call);
  const second = sharedCalls.run('key', call);
  const other = sharedCalls.run('other', call);
  expect([first.joined, second.joined, other.joined]).toEqual([false, true, false]);
  expect(await Promise.all([first.result, second.result, other.result])).toEqual([1, 1, 2]);
  const later = sharedCalls.run('key', call);
  expect(later.joined).toBe(false);
  expect(await later.result).toBe(3);
});

test('a failure is shared by the callers who joined, and is not kept', async () => {
  const sharedCalls = new SharedCalls<number>();
  const fails = () => sharedCalls.run('key', () => Promise.reject(new Error('no'))).result;
  expect(await Promise.allSettled([fails(), fails()])).toMatchObject([{ status: 'rejected' }, { status: 'rejected' }]);
  expect(await sharedCalls.run('key', async () => 1).result).toBe(1);
});
