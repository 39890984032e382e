import { v7 as uuidv7 } from 'uuid';
import { earliestIdOf, latestIdOf } from './id-bounds.js';

const HOUR_MS = 60 * 60_000;
const DAY_MS = 24 * HOUR_MS;
const moment = new Date('2026-11-23T22:00:00.123Z');
const idOf = (laterMs: number) => uuidv7({ msecs: moment.getTime() + laterMs });

describe('the ids of deletions', () => {
  it.each([-7 * DAY_MS, -DAY_MS, 0, DAY_MS])('created since a moment may be given %d ms after it', (laterMs) => {
    expect(idOf(laterMs) > earliestIdOf(moment)).toBe(true);
  });

  it.each([-DAY_MS, 0, HOUR_MS - 1])('created until a moment may be given %d ms after it', (laterMs) => {
    expect(idOf(laterMs) < latestIdOf(moment)).toBe(true);
  });

  it('are bounded', () => {
    expect(idOf(-7 * DAY_MS - 1) < earliestIdOf(moment)).toBe(true);
    expect(idOf(HOUR_MS) > latestIdOf(moment)).toBe(true);
  });

  it.each(['0000-01-01T00:00:00Z', '9999-12-31T23:59:59Z'])('have bounds that are UUIDs, at %s', (text) => {
    for (const bound of [earliestIdOf(new Date(text)), latestIdOf(new Date(text))]) {
      expect(bound).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
    }
  });
});
