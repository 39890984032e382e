import { z } from 'zod';
import { checked, fieldErrors, nearest } from './field-errors.js';

const item = z.strictObject({
  merchant: z.string(),
  msg_id: z.union([z.number(), z.string().max(3)]).optional(),
  article_idx: z.int().optional(),
});
const body = z.strictObject({ items: z.array(item), options: z.strictObject({ reason: z.string() }).optional() });

function errorsOf(schema: z.ZodType, value: unknown) {
  const { error } = checked(schema, value);
  return fieldErrors(error?.issues ?? []).map(({ field, message }) => `${field}: ${message}`);
}

describe('the errors of fields', () => {
  it('name each unknown field with its path, and the known one that it resembles', () => {
    const items = [{ merchant: 'a' }, { merchant: 'b', article_index: 1, whole: true }];
    expect(errorsOf(body, { items, option: 1 })).toEqual([
      'items[1].article_index: there is no such field: did you mean article_idx?',
      'items[1].whole: there is no such field',
      'option: there is no such field: did you mean options?',
    ]);
    expect(errorsOf(body, { items: [], options: { reasons: 'x', reason: 'y' } })).toEqual([
      'options.reasons: there is no such field: did you mean reason?',
    ]);
  });

  it('tell what is wrong in the form that is meant', () => {
    const either = z.union([item, z.array(item)]);
    expect(errorsOf(either, { merchant: 'a', msgid: 1 })).toEqual([
      'msgid: there is no such field: did you mean msg_id?',
    ]);
    expect(errorsOf(either, [{ merchant: 'a', msgid: 1 }])).toEqual([
      '[0].msgid: there is no such field: did you mean msg_id?',
    ]);
    expect(errorsOf(item, { merchant: 'a', msg_id: '12345' })).toEqual([
      'msg_id: Too big: expected string to have <=3 characters',
    ]);
    expect(errorsOf(item, { merchant: 'a', msg_id: true })).toEqual(['msg_id: Invalid input']);
    expect(errorsOf(either, 7)).toEqual([': Invalid input']);
  });

  it('say what is missing', () => {
    expect(errorsOf(body, {})).toEqual(['items: is missing']);
    expect(errorsOf(body, { items: [{}], options: null })).toEqual([
      'items[0].merchant: is missing',
      'options: Invalid input: expected object, received null',
    ]);
  });

  it('are not endless', () => {
    const many = Object.fromEntries(Array.from({ length: 1_000 }, (_, i) => [`x${i}`, 1]));
    expect(errorsOf(item, { merchant: 'a', ...many })).toHaveLength(20);
  });
});

it.each([
  ['article_index', 'article_idx'],
  ['articleIdx', 'article_idx'],
  ['MSG_ID', 'msg_id'],
  ['uri', 'url'],
  ['urls', 'url'],
  ['agian', 'again'],
  ['id', undefined],
  ['', undefined],
  ['article', undefined],
  ['__proto__', undefined],
  ['x'.repeat(100_000), undefined],
])('%.20s is probably %s', (given, meant) => {
  expect(nearest(given, ['merchant', 'msg_id', 'article_idx', 'whole_message', 'url', 'again'])).toBe(meant);
});
