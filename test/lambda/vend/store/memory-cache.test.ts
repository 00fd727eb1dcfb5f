import { expect, test } from '@jest/globals';
import { MemoryCache } from '../../../../lambda/vend/store/memory-cache.ts';

test('memory is bounded: the least recently used entry goes first', () => {
  const memory = new MemoryCache<number>(3);
  for (const [index, key] of ['a', 'b', 'c'].entries()) memory.set(key, index);
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
