import { nameOf, quotaUse, setsInOrder, standingOf, tokenHealth } from './standing.js';

const NOW = Date.parse('2026-11-29T12:00:00Z');
const LATER = '2026-11-29T13:00:00Z';
const BEFORE = '2026-11-29T11:00:00Z';

describe('a merchant’s standing', () => {
  it.each([
    [{ eligible: true, facts_unknown: false }, 'eligible'],
    [{ eligible: true, facts_unknown: true }, 'unknown'],
    [{ eligible: false, facts_unknown: false }, 'ineligible'],
    [{ eligible: false, facts_unknown: true }, 'ineligible'],
  ])('of %p is %s', (merchant, standing) => expect(standingOf(merchant)).toBe(standing));
});

describe('the use of a quota', () => {
  const use = (used_today: number, daily_limit: number) =>
    quotaUse({ quota: { used_today }, limits: { daily_limit } } as never);
  it.each([
    [0, 10, { used: 0, limit: 10, left: 10, percent: 0, level: 'fine' }],
    [7, 10, { used: 7, limit: 10, left: 3, percent: 70, level: 'fine' }],
    [8, 10, { used: 8, limit: 10, left: 2, percent: 80, level: 'low' }],
    [10, 10, { used: 10, limit: 10, left: 0, percent: 100, level: 'spent' }],
    [12, 10, { used: 12, limit: 10, left: 0, percent: 100, level: 'spent' }],
    [0, 0, { used: 0, limit: 0, left: 0, percent: 100, level: 'spent' }],
  ])('%s of %s', (used, limit, told) => expect(use(used, limit)).toEqual(told));
});

describe('the health of a token', () => {
  const conflict = { kind: 'void_early' as const, since: BEFORE, next_try_at: null };
  it.each([
    ['authorized' as const, null, LATER, 'valid'],
    ['authorized' as const, null, BEFORE, 'idle'],
    ['authorized' as const, null, null, 'idle'],
    ['authorized' as const, conflict, LATER, 'conflict'],
    ['unauthorized' as const, null, null, 'no_grant'],
    ['reauthorization_required' as const, conflict, null, 'no_grant'],
  ])('of one %s, with conflict %p, until %s', (state, token_conflict, token_expires_at, health) =>
    expect(tokenHealth({ state, token_conflict, token_expires_at }, NOW)).toBe(health),
  );
});

it('calls a merchant by the best name there is', () => {
  expect(nameOf({ nick_name: '茶馆', ref: 'shop 7', appid: 'wx1' })).toBe('茶馆');
  expect(nameOf({ nick_name: null, ref: 'shop 7', appid: 'wx1' })).toBe('shop 7');
  expect(nameOf({ nick_name: '', ref: null, appid: 'wx1' })).toBe('wx1');
});

it('has set 7 before the others', () => {
  expect(setsInOrder([11, 1, 7])).toEqual([7, 1, 11]);
  expect(setsInOrder([11, 1])).toEqual([1, 11]);
});
