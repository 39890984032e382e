import { isReconciliationDue } from './reconciliation-schedule.js';

const HOUR_MS = 3_600_000;
const now = new Date('2026-01-02T00:00:00Z');
const early = '0198c0de-0000-7000-8000-000000000000';
const late = '0198c0de-0000-7000-8000-ffffffffffff';

describe('isReconciliationDue', () => {
  it('is so for a platform that never was', () => {
    expect(isReconciliationDue({ id: early, reconciledAt: null }, now)).toBe(true);
  });

  it.each([
    [early, 24 * HOUR_MS - 1, false],
    [early, 24 * HOUR_MS, true],
    [late, 24 * HOUR_MS, false],
    [late, 25 * HOUR_MS - 1000, false],
    [late, 25 * HOUR_MS, true],
  ])('of platform %s is %2$s after %i ms', (id, agoMs, isDue) => {
    expect(isReconciliationDue({ id, reconciledAt: new Date(now.getTime() - agoMs) }, now)).toBe(isDue);
  });
});
