import { z } from 'zod';
import { checked } from '../problems/field-errors.js';
import { checkLongList, longLists } from './long-lists.js';
import { batchesOf } from './turns.js';

const item = z.strictObject({ a: z.int(), b: z.string().default('b') });
const bodyOf = <Item extends z.ZodType>(one: Item) =>
  z.strictObject({ items: z.array(one).min(1).max(1_000).optional(), more: z.boolean().default(false) });
const body = bodyOf(item);
longLists.set(body, { field: 'items', item, rest: bodyOf(z.unknown()) });
const list = z.array(item).max(1_000);
longLists.set(list, { item, rest: z.array(z.unknown()).max(1_000) });

describe('a body with a long list', () => {
  const items = Array.from({ length: 1_000 }, (_, a) => ({ a }));

  it.each<[string, z.ZodType, unknown]>([
    ['in a field', body, { items }],
    ['in a field beside others', body, { items: items.slice(0, 1), more: true }],
    ['that it is itself', list, items],
  ])('is what its schema makes of it: %s', async (_what, schema, given) => {
    expect(await checkLongList(schema, given)).toEqual({ value: schema.parse(given) });
  });

  it.each<[string, z.ZodType, unknown]>([
    ['an item is wrong', body, { items: [{ a: 1 }, { a: 'x', c: 1 }, 5] }],
    ['an item of the list that it is', list, [{ a: 1 }, {}]],
    ['there are too many', body, { items: [...items, { a: 1 }] }],
    ['there are none', body, { items: [] }],
    ['something beside it is wrong', body, { items: [{ a: 1 }], less: true }],
  ])('is refused as its schema would: %s', async (_what, schema, given) => {
    const told = (issues: readonly { path: PropertyKey[]; message: string }[] = []) =>
      issues.map(({ path, message }) => ({ path, message }));
    const long = await checkLongList(schema, given);
    expect(told(long && 'issues' in long ? long.issues : [])).toEqual(told(checked(schema, given).error?.issues));
  });

  it('is not read to its end when there is enough to tell', async () => {
    const checked = await checkLongList(list, Array(1_000).fill({}));
    expect(checked).toEqual({ issues: Array(100).fill(expect.anything()) });
  });

  it.each<[unknown]>([[{}], [{ items: {} }], [null], [1]])('is none: %j', (given) => {
    expect(checkLongList(body, given)).toBeUndefined();
  });
});

describe('batches', () => {
  it('are of a thousand, or fewer when they are long, and leave nothing out', () => {
    const all = Array.from({ length: 2_500 }, (_, i) => i);
    const batches = [...batchesOf(all, () => 1)];
    expect(batches.map(({ length }) => length)).toEqual([1_000, 1_000, 500]);
    expect(batches.flat()).toEqual(all);
    expect([...batchesOf([1, 2, 3], () => 200_000)]).toEqual([[1, 2], [3]]);
    expect([...batchesOf([], () => 1)]).toEqual([]);
  });
});
