import { z } from 'zod';
import { OPERATION_NAMES } from './operation-names.js';

const count = z.int().min(0);
const limits = z.partialRecord(z.enum(OPERATION_NAMES), count);

const schema = z.strictObject({
  ticket_interval_ms: count.describe('Time between two ticket pushes'),
  ticket_retry_ms: count.describe('Time to the next push of a ticket that was not answered with `success`'),
  ticket_stop_after_failures: z.int().min(1).describe('Failed pushes in a row after which tickets stop'),
  ticket_change_ms: count.describe('How long the pushed ticket keeps its value'),
  ticket_lifetime_s: count.describe('Counted from the last push of that ticket'),
  token_lifetime_s: count,
  old_token_grace_s: count.describe('How long a token works after a newer one was issued; 0: not at all'),
  component_token_expired_errcode: z
    .union([z.literal(42001), z.literal(42006)])
    .describe('42001 is observed, 42006 is in the table of return codes'),
  pre_auth_code_lifetime_s: count,
  auth_code_lifetime_s: count,
  reauthorization_rotates_refresh_token: z.boolean(),
  every_refresh_rotates_refresh_token: z.boolean(),
  new_events_url_rotates_refresh_tokens: z.boolean().describe('A change of events_url replaces them all; reported'),
  old_refresh_token_grace_s: count.describe('How long a replaced refresh token still works'),
  already_deleted_errcode: z
    .union([z.literal(40065), z.literal(0)])
    .describe('Answer to the deletion of what is deleted already; undocumented'),
  require_click: z.boolean().describe('Authorization pages open only from the launch domain (Referer)'),
  send_duration_ms: count.describe('From mass/sendall to its MASSSENDJOBFINISH'),
  push_deadline_ms: count,
  event_push_attempts: z.int().min(1).describe('On the authorization-event URL, tickets excepted; unpublished'),
  message_push_attempts: z.int().min(1),
  mark_fail_after: z.int().min(1).describe('Failed messages in a row that stop pushes to the account'),
  mark_fail_ms: count,
  daily_limits: limits.describe('Calls a day by operation, for every account or platform without its own limit'),
  minute_limits: limits.describe('Calls a minute by operation'),
});

/**
 * Everything about WeChat that its documents leave open, that reports disagree on, or that a test wants shorter. The
 * defaults are what is documented or, failing that, observed.
 */
export type Settings = z.infer<typeof schema>;

export const DEFAULT_SETTINGS: Settings = {
  ticket_interval_ms: 600_000,
  ticket_retry_ms: 60_000,
  ticket_stop_after_failures: 15,
  ticket_change_ms: 10_800_000,
  ticket_lifetime_s: 43_200,
  token_lifetime_s: 7200,
  old_token_grace_s: 300,
  component_token_expired_errcode: 42001,
  pre_auth_code_lifetime_s: 1800,
  auth_code_lifetime_s: 3600,
  reauthorization_rotates_refresh_token: true,
  every_refresh_rotates_refresh_token: false,
  new_events_url_rotates_refresh_tokens: false,
  old_refresh_token_grace_s: 300,
  already_deleted_errcode: 40065,
  require_click: true,
  send_duration_ms: 50,
  push_deadline_ms: 5000,
  event_push_attempts: 3,
  message_push_attempts: 3,
  mark_fail_after: 20,
  mark_fail_ms: 60_000,
  daily_limits: {},
  minute_limits: {},
};

/** A change of some settings; what is absent stays. Without defaults, which a partial schema would fill in. */
export const settingsChangeSchema = schema.partial();
export type SettingsChange = z.infer<typeof settingsChangeSchema>;

export function changed(settings: Settings, change: SettingsChange): Settings {
  return schema.parse({ ...settings, ...change });
}
