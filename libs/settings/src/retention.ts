import type { z } from 'zod';

interface Kept {
  EVENTS_RETENTION_DAYS: number;
  WEBHOOK_DELIVERIES_RETENTION_DAYS: number;
  CALLBACKS_RETENTION_DAYS: number;
  PUSH_MAX_AGE_S: number;
}

const DAY_S = 86_400;

/** What must hold between settings of how long something is kept, for `superRefine`. */
export function checkRetention(kept: Kept, context: z.RefinementCtx): void {
  const { EVENTS_RETENTION_DAYS: events, CALLBACKS_RETENTION_DAYS: callbacks, PUSH_MAX_AGE_S: pushMaxAgeS } = kept;
  const refuse = (name: keyof Kept, message: string) => context.addIssue({ code: 'custom', path: [name], message });
  if (kept.WEBHOOK_DELIVERIES_RETENTION_DAYS < events) {
    refuse(
      'WEBHOOK_DELIVERIES_RETENTION_DAYS',
      `must be at least EVENTS_RETENTION_DAYS (${events}): after a restore the events are read again, and those whose ` +
        'webhooks are forgotten would be sent again',
    );
  }
  if (callbacks * DAY_S < 2 * pushMaxAgeS) {
    refuse(
      'CALLBACKS_RETENTION_DAYS',
      `must be at least twice PUSH_MAX_AGE_S, which is ${Math.ceil((2 * pushMaxAgeS) / DAY_S)} days: a push that is ` +
        'forgotten while its time still counts would be taken for new',
    );
  }
}
