import { z } from 'zod';

const secondsOf = (value: number) => z.int().min(0).default(value);
const ms = (value: number) => z.int().min(0).default(value);
const limits = z.record(z.string(), z.int().min(0)).default({});

/**
 * Everything about WeChat that its documents leave open, that reports disagree on, or that a test wants shorter. The
 * defaults are what is documented or, failing that, observed.
 */
export const settingsSchema = z.strictObject({
  ticket_interval_ms: ms(600_000).describe('Time between two ticket pushes'),
  ticket_retry_ms: ms(60_000).describe('Time to the next push of a ticket that was not answered with `success`'),
  ticket_stop_after_failures: z.int().min(1).default(15).describe('Failed pushes in a row after which tickets stop'),
  ticket_change_ms: ms(10_800_000).describe('How long the pushed ticket keeps its value'),
  ticket_lifetime_s: secondsOf(43_200).describe('Counted from the last push of that ticket'),
  token_lifetime_s: secondsOf(7200),
  old_token_grace_s: secondsOf(300).describe('How long a token works after a newer one was issued; 0: not at all'),
  component_token_expired_errcode: z
    .union([z.literal(42001), z.literal(42006)])
    .default(42001)
    .describe('42001 is observed, 42006 is in the table of return codes'),
  pre_auth_code_lifetime_s: secondsOf(1800),
  auth_code_lifetime_s: secondsOf(3600),
  reauthorization_rotates_refresh_token: z.boolean().default(true),
  every_refresh_rotates_refresh_token: z.boolean().default(false),
  old_refresh_token_grace_s: secondsOf(300).describe('How long a replaced refresh token still works'),
  already_deleted_errcode: z
    .union([z.literal(40065), z.literal(0)])
    .default(40065)
    .describe('Answer to the deletion of what is deleted already; undocumented'),
  require_click: z.boolean().default(true).describe('Authorization pages open only from the launch domain (Referer)'),
  send_duration_ms: ms(50).describe('From mass/sendall to its MASSSENDJOBFINISH'),
  push_deadline_ms: ms(5000),
  event_push_attempts: z
    .int()
    .min(1)
    .default(3)
    .describe('On the authorization-event URL, tickets excepted; unpublished'),
  message_push_attempts: z.int().min(1).default(3),
  mark_fail_after: z.int().min(1).default(20).describe('Failed messages in a row that stop pushes to the account'),
  mark_fail_ms: ms(60_000),
  daily_limits: limits.describe('Calls a day by operation, for every account or platform without its own limit'),
  minute_limits: limits.describe('Calls a minute by operation'),
});

export type Settings = z.infer<typeof settingsSchema>;

/** A change of some settings; what is absent stays. */
export const settingsChangeSchema = settingsSchema.partial();
// `.partial()` keeps the defaults out: zod applies a default only to a key that is present and undefined.
export type SettingsChange = { [K in keyof Settings]?: Settings[K] | undefined };
