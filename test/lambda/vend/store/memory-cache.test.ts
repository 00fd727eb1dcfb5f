import { expect, test } from '@jest/globals';
import { MemoryCache } from '../../../../lambda/vend/store/memory-cache.ts';

test('the least recently used entry is removed first when the memory is full', () => {
  const memory = new MemoryCache<number>(3);
  for (const [index, key] of ['a', 'b', 'c'].entries()) memory.set(key, index);
  memory.get('a');
  memory.set('d', 3);
  expect(['a', 'b', 'c', 'd'].map((key) => memory.get(key))).toEqual([0, undefined, 2, 3]);
});

test('an entry that is in use outlives any number of others', () => {
  const memory = new MemoryCache<number>(10);
  memory.set('used', 1);
  for (let n = 0; n < 1000; n++) {
    memory.set(`unused ${n}`, n);
    expect(memory.get('used')).toBe(1);
  }
});
