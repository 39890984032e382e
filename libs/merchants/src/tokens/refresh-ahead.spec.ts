import { v7 as uuidv7 } from 'uuid';
import { MAX_REFRESH_AHEAD_MS, refreshAheadMs } from './refresh-ahead.js';

const MINUTE_MS = 60_000;

describe('refreshAheadMs', () => {
  it('is ten minutes at least and less than fifteen', () => {
    expect(refreshAheadMs('0198c0de-0000-7000-8000-000000000000')).toBe(10 * MINUTE_MS);
    const latest = refreshAheadMs('0198c0de-0000-7000-8000-ffffffffffff');
    expect(latest).toBeGreaterThan(14.9 * MINUTE_MS);
    expect(latest).toBeLessThan(MAX_REFRESH_AHEAD_MS);
  });

  it('is always the same for one merchant', () => {
    const id = uuidv7();
    expect(refreshAheadMs(id)).toBe(refreshAheadMs(id));
  });

  it('spreads merchants that were made together', () => {
    const ids = Array.from({ length: 1000 }, () => uuidv7());
    const minutes = ids.map((id) => Math.floor(refreshAheadMs(id) / MINUTE_MS));
    expect(new Set(minutes)).toEqual(new Set([10, 11, 12, 13, 14]));
  });
});
