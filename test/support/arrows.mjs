/**
 * Who may import whom, by folder. Lint refuses any other import; test/architecture.spec.ts checks that this table
 * has no circle and names every folder that exists.
 */
const service = [
  'access',
  'concurrency',
  'database',
  'deletions',
  'events',
  'logging',
  'merchants',
  'postgres',
  'proof-verifier',
  'queue',
  'scope',
  'settings',
  'vault',
  'webhooks',
  'wechat',
  'words',
];

export const arrows = {
  'libs/client': [],
  'libs/wechat': [],
  'libs/vault': [],
  'libs/postgres': [],
  'libs/proof-verifier': [],
  'libs/concurrency': [],
  'libs/words': [],
  'libs/queue': ['concurrency', 'logging', 'postgres'],
  'libs/logging': [],
  'libs/settings': ['vault'],
  'libs/embedded-postgres': [],
  'libs/database': ['concurrency', 'postgres', 'settings', 'vault'],
  'libs/scope': ['database'],
  'libs/access': ['database', 'vault', 'scope'],
  'libs/events': ['database', 'scope'],
  'libs/merchants': ['concurrency', 'events', 'database', 'queue', 'vault', 'wechat', 'scope'],
  'libs/deletions': ['concurrency', 'merchants', 'events', 'database', 'queue', 'wechat', 'scope'],
  'libs/webhooks': ['concurrency', 'events', 'database', 'queue', 'scope'],
  'apps/api': service,
  'apps/worker': service,
  'apps/simulator': ['wechat'],
  'apps/cli': ['client', 'proof-verifier'],
  'apps/sandbox': [...service, 'embedded-postgres'],
};

/**
 * The rooms: the folders within a lib or app, from the ground up, each with the rooms it may import. Besides, a room
 * may import the errors.ts of its lib, which imports nothing, and nothing else of the files that stand beside the
 * rooms.
 */
export const rooms = {
  'libs/access/src': {
    principals: [],
    audit: ['principals'],
    keys: ['audit', 'principals'],
    idempotency: ['principals'],
  },
  'libs/database/src': {
    sql: [],
    sealing: ['sql'],
    migrations: [],
  },
  'libs/deletions/src': {
    pacing: [],
    deletion: [],
    lanes: ['deletion', 'pacing'],
    quota: ['lanes', 'deletion', 'pacing'],
    holds: ['lanes', 'deletion', 'pacing'],
    requests: ['lanes', 'deletion'],
    runs: ['holds', 'lanes', 'deletion', 'pacing'],
    takedowns: ['requests', 'lanes', 'deletion'],
    proofs: ['takedowns', 'requests', 'deletion'],
  },
  'libs/merchants/src': {
    tokens: [],
    platforms: ['tokens'],
    merchants: ['platforms', 'tokens'],
    grants: ['merchants', 'platforms', 'tokens'],
    onboarding: ['grants', 'merchants', 'platforms'],
    inventory: ['merchants', 'platforms'],
    callbacks: ['inventory', 'grants', 'merchants', 'platforms'],
  },
  'libs/queue/src': {
    postgres: [],
  },
  'libs/webhooks/src': {
    outbound: [],
  },
  'libs/wechat/src': {
    addresses: [],
    calls: [],
    pushes: [],
  },
  'apps/api/src': {
    'http/problems': [],
    metrics: ['http/access'],
    'http/access': ['http/problems'],
    'http/answers': [],
    'http/bodies': ['http/access', 'http/problems'],
    'http/lines': ['http/bodies', 'http/problems'],
    'http/open-api': ['http/access'],
    'http/requests': ['http/bodies', 'http/problems'],
    'http/server': ['metrics', 'http/bodies', 'http/access', 'http/problems'],
    'api-keys': ['http/access', 'http/requests'],
    audit: ['http/access', 'http/answers', 'http/requests'],
    'authorization-links': ['http/access', 'http/requests'],
    callbacks: ['metrics', 'http/access', 'http/bodies', 'http/problems', 'http/requests'],
    deletions: ['http/access', 'http/answers', 'http/requests'],
    docs: ['http/access', 'http/problems', 'http/server'],
    events: ['http/access', 'http/requests'],
    health: ['http/access', 'http/problems'],
    'mass-messages': ['http/access', 'http/bodies', 'http/lines', 'http/requests'],
    merchants: ['http/access', 'http/answers', 'http/requests'],
    onboarding: ['http/access', 'http/requests', 'http/server'],
    platforms: ['http/access', 'http/problems', 'http/requests'],
    'proof-keys': ['http/access'],
    takedowns: ['deletions', 'http/access', 'http/bodies', 'http/lines', 'http/problems', 'http/requests'],
    webhooks: ['events', 'http/access', 'http/requests'],
  },
  'apps/cli/src': {
    input: [],
    terminal: [],
    settings: ['terminal'],
    calling: ['settings', 'terminal'],
    commands: ['calling', 'input', 'settings', 'terminal'],
  },
  'apps/simulator/src': {
    behaviour: [],
    state: ['behaviour'],
    push: ['state', 'behaviour'],
    simulation: ['push', 'state', 'behaviour'],
    pages: ['simulation', 'state'],
    'release-check': ['simulation', 'push', 'state'],
    'open-api': ['simulation', 'state', 'behaviour'],
    control: ['release-check', 'pages', 'simulation', 'push', 'state', 'behaviour'],
  },
  'apps/worker/src': {
    processors: [],
  },
};
