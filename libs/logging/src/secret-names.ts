const names = [
  'access_token',
  'component_access_token',
  'authorizer_access_token',
  'refresh_token',
  'authorizer_refresh_token',
  'appsecret',
  'component_appsecret',
  'component_secret',
  'app_secret',
  'component_verify_ticket',
  'ticket',
  'auth_code',
  'authorization_code',
  'pre_auth_code',
  'encoding_aes_key',
  'token',
  'authorization',
  'secret',
  'password',
  'master_keys',
];

/** Names under which a secret may travel, in WeChat's spelling and ours. */
export const secretNames: readonly string[] = names;

/**
 * Keys whose values never reach the log, in snake_case and camelCase (compared without regard to case). `state` is the
 * signed one of an onboarding link: log a life-cycle state under a name of its own, such as `deletion_state`.
 */
export const redactedKeys: readonly string[] = [...names, 'state'].flatMap((name) => [
  ...new Set([name, name.replaceAll('_', '')]),
]);
