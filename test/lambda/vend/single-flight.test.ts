import { expect, test } from '@jest/globals';
import { MemoryCache } from '../../../lambda/vend/memory-cache.ts';
import { SingleFlight } from '../../../lambda/vend/single-flight.ts';

test('who comes while a call is under way joins it; who comes later starts anew', async () => {
  const flights = new SingleFlight<number>();
  let calls = 0;
  const fly = async () => ++calls;
  const first = flights.run('key', fly);
  const second = flights.run('key', fly);
  const other = flights.run('other', fly);
  expect([first.joined, second.joined, other.joined]).toEqual([false, true, false]);
  expect(await Promise.all([first.flight, second.flight, other.flight])).toEqual([1, 1, 2]);
  const later = flights.run('key', fly);
  expect(later.joined).toBe(false);
  expect(await later.flight).toBe(3);
});

test('a failure is shared by who joined, and not kept', async () => {
  const flights = new SingleFlight<number>();
  const fails = () => flights.run('key', () => Promise.reject(new Error('no'))).flight;
  expect(await Promise.allSettled([fails(), fails()])).toMatchObject([{ status: 'rejected' }, { status: 'rejected' }]);
  expect(await flights.run('key', async () => 1).flight).toBe(1);
});

test('memory is bounded: the least recently used goes first', () => {
  const memory = new MemoryCache<number>(3);
  for (const [place, key] of ['a', 'b', 'c'].entries()) memory.set(key, place);
  memory.get('a');
  memory.set('d', 3);
  expect(['a', 'b', 'c', 'd'].map((key) => memory.get(key))).toEqual([0, undefined, 2, 3]);
});

test('a hot entry outlives any number of others', () => {
  const memory = new MemoryCache<number>(10);
  memory.set('hot', 1);
  for (let n = 0; n < 1000; n++) {
    memory.set(`cold ${n}`, n);
    expect(memory.get('hot')).toBe(1);
  }
});
