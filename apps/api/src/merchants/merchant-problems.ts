/** Of whatever names a merchant by its appid. */
export const MERCHANT_PROBLEMS = ['merchant_not_found', 'platform_not_found', 'platform_required'] as const;

/** Of whatever asks WeChat something for a merchant, besides. */
export const CALL_PROBLEMS = [
  'unauthorized',
  'reauthorization_required',
  'ticket_missing',
  'token_unavailable',
  'upstream_failed',
] as const;
