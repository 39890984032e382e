import { wholeNumberSchema } from './whole-number.js';

const schema = wholeNumberSchema(-5, 200);

it.each([
  ['0', 0],
  ['-5', -5],
  ['0200', 200],
])('a query with %j has %d', (text, number) => {
  expect(schema.parse(text)).toBe(number);
});

it.each(['', ' ', '1 ', '1.0', '1e2', '0x10', '+1', '١', '-6', '201', '9999999999999999', ['1'], null])(
  'a query with %j has no number',
  (given) => {
    expect(schema.safeParse(given).success).toBe(false);
  },
);
