/** `fresh`: tickets come. `silent`: none for half an hour, the last one still works. `missing`: none that works. */
export type TicketState = 'fresh' | 'silent' | 'missing';

/** WeChat pushes a ticket every ten minutes, so two in a row have been missed. */
export const SILENT_AFTER_MS = 30 * 60_000;
/** A ticket works that long, much longer than pushes are apart, so that silence for a while does no harm. */
export const TICKET_LIFETIME_MS = 12 * 3_600_000;

/** How long ago the newest ticket reached us, and what that means. */
export function ticketStateAt(receivedAt: Date | null, now: Date): { state: TicketState; ageMs: number | null } {
  if (!receivedAt) return { state: 'missing', ageMs: null };
  const ageMs = Math.max(0, now.getTime() - receivedAt.getTime());
  if (ageMs >= TICKET_LIFETIME_MS) return { state: 'missing', ageMs };
  return { state: ageMs >= SILENT_AFTER_MS ? 'silent' : 'fresh', ageMs };
}
