import { ticketStateAt, type TicketState } from './ticket-state.js';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const now = new Date('2026-01-01T12:00:00Z');

describe('ticketStateAt', () => {
  it('says that a ticket is missing where none ever came', () => {
    expect(ticketStateAt(null, now)).toEqual({ state: 'missing', ageMs: null });
  });

  it.each<[number, TicketState]>([
    [0, 'fresh'],
    [30 * MINUTE_MS - 1, 'fresh'],
    [30 * MINUTE_MS, 'silent'],
    [12 * HOUR_MS - 1, 'silent'],
    [12 * HOUR_MS, 'missing'],
  ])('calls a ticket of %i ms %s', (ageMs, state) => {
    expect(ticketStateAt(new Date(now.getTime() - ageMs), now)).toEqual({ state, ageMs });
  });

  it('takes a ticket from the future, by clocks that differ, for a new one', () => {
    expect(ticketStateAt(new Date(now.getTime() + 500), now)).toEqual({ state: 'fresh', ageMs: 0 });
  });
});
