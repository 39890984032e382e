/** Every `code` that an answer may carry, with its HTTP status and what it means in general. */
const problems = {
  invalid_request: [400, 'The request is not of the expected form'],
  malformed_body: [400, 'The body cannot be read'],
  body_not_utf8: [400, 'The body is not UTF-8'],
  body_too_deep: [400, 'The body is nested too deep'],
  field_repeated: [400, 'A field is there twice'],
  unauthenticated: [401, 'A valid API key is needed'],
  forbidden: [403, 'The API key has no right to this'],
  key_limited: [403, 'The API key is limited to less than this concerns'],
  not_found: [404, 'There is nothing at this address'],
  method_not_allowed: [405, 'The address does not take this method'],
  payload_too_large: [413, 'The body is too large'],
  unsupported_media_type: [415, 'The body is of a type that is not understood'],

  api_key_not_found: [404, 'The API key is not known'],
  api_key_revoked: [409, 'The API key was revoked'],
  limits_too_wide: [422, 'The new API key would reach further than the one that asks'],
  last_admin_key: [409, 'The service would be left without an admin'],

  platform_not_found: [404, 'The platform is not registered'],
  platform_exists: [409, 'The platform is registered already'],
  platform_required: [409, 'The merchant authorized several platforms'],
  merchant_not_found: [404, 'The merchant is not known'],
  merchant_not_eligible: [409, 'WeChat would refuse deletions of this merchant'],
  unauthorized: [409, 'The merchant took the authorization back'],
  reauthorization_required: [409, 'The merchant has to authorize again'],
  ticket_missing: [503, 'The platform has no ticket yet'],
  token_unavailable: [503, 'An access token could not be had just now'],
  authorization_state_forged: [400, 'The authorization link is not valid'],
  authorization_state_expired: [400, 'The authorization link is too old'],
  authorization_state_used: [409, 'The authorization link was used already'],
  push_refused: [403, 'Not an authentic push'],
  authorization_code_refused: [409, 'WeChat refused the authorization code'],

  target_missing: [422, 'Nothing to delete is named'],
  msg_id_invalid: [422, 'The msg_id is not one'],
  msg_id_unsafe_number: [422, 'The msg_id may have lost digits'],
  article_idx_needs_msg_id: [422, 'article_idx counts only with a msg_id'],
  whole_message_not_confirmed: [422, 'Every article would be deleted'],
  whole_message_contradicts_article_idx: [422, 'One article or the whole message'],
  whole_message_needs_msg_id: [422, 'A whole message needs its msg_id'],
  url_not_an_article: [422, 'The url is not of an article'],
  deletion_not_found: [404, 'The deletion is not known'],
  deletion_state_conflict: [409, 'The deletion is not in a state for this'],
  idempotency_key_reused: [422, 'The Idempotency-Key belongs to another request'],
  idempotency_key_in_use: [409, 'The same request is still running'],

  feed_cursor_invalid: [400, 'The cursor is not one that the feed gave'],
  webhook_endpoint_not_found: [404, 'The webhook endpoint is not known'],
  webhook_endpoint_disabled: [409, 'The webhook endpoint is disabled'],
  webhook_delivery_not_found: [404, 'The webhook delivery is not known'],
  webhook_address_private: [422, 'The url is not a public address'],

  upstream_failed: [502, 'WeChat did not do what was asked'],
  queue_unavailable: [503, 'The queue is not available'],
  internal_error: [500, 'Something went wrong here'],
} as const satisfies Record<string, readonly [status: number, title: string]>;

export type ProblemCode = keyof typeof problems;

export const isProblemCode = (code: string): code is ProblemCode => Object.hasOwn(problems, code);

export function describeProblem(code: string): { status: number; title: string } {
  const [status, title] = problems[isProblemCode(code) ? code : 'internal_error'];
  return { status, title };
}
