/** Which lib each table belongs to. Nobody else writes it: test/architecture.spec.ts reads every SQL text for that. */
export const tableOwners: Record<string, string[]> = {
  'libs/access': [
    'api_keys',
    'audit_archives',
    'audit_events',
    'audit_heads',
    'audit_inbox',
    'audit_late',
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
  'libs/events': ['events', 'forgotten_events'],
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

/** How a table is kept from growing without end, or why it need not be. The texts are those of docs/operations.md. */
export type Kept =
  /** Rows go so many days after a moment: the setting, and that moment. */
  | { setting: string; since: string }
  /** Nothing of it is ever deleted while its subject is there: why. */
  | { forEver: string }
  /** It does not grow with time: by what. */
  | { bounded: string };

const withDeletion = { setting: 'DELETIONS_RETENTION_DAYS', since: 'with their deletion' };
const withTakedown = { setting: 'DELETIONS_RETENTION_DAYS', since: 'with their takedown' };
const ofPlatform = { bounded: 'one row for each platform' };
const ofMerchant = { bounded: 'one row for each merchant' };
const oneRow = { bounded: 'one row' };
const inventory = { forEver: 'a message may be taken back years later, by an address that only the inventory knows' };

/** Every table of the schema. */
export const tableRetention: Record<string, Kept> = {
  access_tokens: { bounded: 'one row for each merchant and platform' },
  account_ledgers: { bounded: 'one row for each account' },
  api_keys: { forEver: 'deletions and audit rows name keys by their ids, also revoked ones' },
  audit_archives: { bounded: 'one row for each archive that the owner makes' },
  audit_events: { forEver: 'the service cannot delete them; their owner archives them: `npm run archive-audit`' },
  audit_heads: { forEver: 'one row an hour, by which a log that was cut off is found out' },
  audit_inbox: { bounded: 'workers move its rows to `audit_events` within seconds' },
  audit_late: { forEver: 'one row for each act that was chained more than a minute after a later one, which is rare' },
  authorization_codes: { setting: 'CALLBACKS_RETENTION_DAYS', since: 'since they came' },
  authorization_links: { bounded: 'rows go 30 days after their end, which is at most 30 days after their issue' },
  callback_events: { setting: 'CALLBACKS_RETENTION_DAYS', since: 'since they were received' },
  callback_forwards: { setting: 'CALLBACKS_RETENTION_DAYS', since: 'with their push' },
  deletion_attempts: withDeletion,
  deletion_tallies: { bounded: 'rows go after 31 days; twelve an hour for each way to end on each platform' },
  deletion_tally_marks: oneRow,
  deletion_totals: { bounded: 'one row for each way to end' },
  deletions: { setting: 'DELETIONS_RETENTION_DAYS', since: 'since they ended' },
  events: { setting: 'EVENTS_RETENTION_DAYS', since: 'since they happened, and their webhooks are made' },
  forgotten_events: oneRow,
  gone_targets: { forEver: 'what was taken back is known to be gone, so that it is not asked for again' },
  idempotency_keys: { bounded: 'rows go after 24 hours' },
  import_limits: { bounded: 'one row for each set of limits of keys that have imported' },
  lane_wakes: { bounded: 'the dispatcher takes its rows away every second' },
  limited_import_articles: inventory,
  limited_imports: inventory,
  mass_message_articles: inventory,
  mass_messages: inventory,
  master_key_checks: { bounded: 'one row for each master key that was ever used' },
  merchant_census: oneRow,
  merchant_pacing: ofMerchant,
  merchants: { forEver: 'one row for each account on each platform; deletions and proofs are of merchants' },
  migrations: { bounded: 'one row for each migration' },
  platform_holds: ofPlatform,
  platform_pacing: ofPlatform,
  platforms: { bounded: 'the platforms that are registered' },
  pre_auth_budgets: { bounded: 'rows go after two hours' },
  pre_auth_codes: { bounded: 'rows go a minute after their code is handed out no more' },
  proof_keys: { forEver: 'one row for each rotation: old proofs are checked with old keys' },
  readiness: oneRow,
  sessions: { bounded: 'rows go after 12 hours; 100 for each key' },
  shared_figures: { bounded: 'one row for each figure that takes long to count' },
  sign_in_tokens: { bounded: 'rows go after ten minutes' },
  takedown_items: { bounded: 'rows go when their takedown is released or cancelled' },
  takedown_links: withTakedown,
  takedown_rejections: { setting: 'REJECTIONS_RETENTION_DAYS', since: 'since their takedown was asked for' },
  takedowns: { setting: 'DELETIONS_RETENTION_DAYS', since: 'since they finished, before their deletions' },
  token_conflicts: ofMerchant,
  used_authorization_states: { setting: 'CALLBACKS_RETENTION_DAYS', since: 'since they were used' },
  webhook_deliveries: { setting: 'WEBHOOK_DELIVERIES_RETENTION_DAYS', since: 'since they arrived or were given up' },
  webhook_endpoints: { bounded: 'the endpoints that somebody has made and not deleted' },
  webhook_feed: oneRow,
};
