import { isReconciliationDue } from './platform-upkeep.js';

const HOUR_MS = 3_600_000;
const now = new Date('2026-01-02T00:00:00Z');
const early = '0198c0de-0000-7000-8000-000000000000';
const late = '0198c0de-0000-7000-8000-ffffffffffff';
const ago = (ms: number) => new Date(now.getTime() - ms);

describe('isReconciliationDue', () => {
  it.each([
    [early, 24 * HOUR_MS - 1, false],
    [early, 24 * HOUR_MS, true],
    [late, 24 * HOUR_MS, false],
    [late, 25 * HOUR_MS - 1000, false],
    [late, 25 * HOUR_MS, true],
  ])('of platform %s, %i ms after the last time, is %s', (id, agoMs, isDue) => {
    expect(isReconciliationDue({ id, createdAt: ago(100 * HOUR_MS), reconciledAt: ago(agoMs) }, now)).toBe(isDue);
  });

  it('counts from the registration where there was no last time', () => {
    expect(isReconciliationDue({ id: late, createdAt: ago(24 * HOUR_MS), reconciledAt: null }, now)).toBe(false);
    expect(isReconciliationDue({ id: late, createdAt: ago(25 * HOUR_MS), reconciledAt: null }, now)).toBe(true);
  });
});
