/** Which lib each table belongs to. Nobody else writes it: test/architecture.spec.ts reads every SQL text for that. */
export const tableOwners: Record<string, string[]> = {
  'libs/access': [
    'api_keys',
    'audit_archives',
    'audit_events',
    'audit_heads',
    'audit_inbox',
    'idempotency_keys',
    'sessions',
    'sign_in_tokens',
  ],
  'libs/database': ['master_key_checks', 'readiness'],
  'libs/deletions': [
    'account_ledgers',
    'deletion_attempts',
    'deletion_tallies',
    'deletion_tally_marks',
    'deletion_totals',
    'deletions',
    'gone_targets',
    'lane_wakes',
    'merchant_pacing',
    'platform_holds',
    'platform_pacing',
    'proof_keys',
    'takedown_items',
    'takedown_links',
    'takedown_rejections',
    'takedowns',
    'token_conflicts',
  ],
  'libs/events': ['events'],
  'libs/merchants': [
    'access_tokens',
    'authorization_codes',
    'authorization_links',
    'callback_events',
    'callback_forwards',
    'import_limits',
    'limited_import_articles',
    'limited_imports',
    'mass_message_articles',
    'mass_messages',
    'merchants',
    'platforms',
    'pre_auth_budgets',
    'pre_auth_codes',
    'used_authorization_states',
  ],
  'libs/telemetry': ['merchant_census', 'shared_figures'],
  'libs/webhooks': ['webhook_deliveries', 'webhook_endpoints', 'webhook_feed'],
};

/** Who reads which foreign tables, and why. Any other foreign read is refused. */
export const foreignReads: Record<string, Record<string, string>> = {
  'libs/deletions': {
    access_tokens: 'The claim of a deletion brings the token for its call, so that a call costs one statement.',
    api_keys:
      'A deletion that was asked for within the limits of a key is told apart from one that was asked for beyond them, and a takedown is shown with the name of the key that asked for it.',
    mass_messages: 'The statement that accepts a deletion refuses what is known to be gone, or never to have gone out.',
    merchants:
      'Whether a deletion may run hangs on its merchant’s grant and account, and one statement decides it for many.',
    platforms: 'A deletion is told with the name of its platform, and a hold ends sooner once its platform was mended.',
  },
  'libs/webhooks': {
    events: 'A delivery to an endpoint with limits leaves out the metadata of what was asked for beyond them.',
  },
  'apps/sandbox': {
    platforms: 'The sandbox refuses the database of a real platform before any service has started.',
  },
};

/** Who writes tables that a statement does not name, and why. */
export const unnamedWrites: Record<string, string> = {
  'libs/database':
    'What any lib has sealed is sealed anew after a rotation of master keys, by the list of sealed columns.',
};
