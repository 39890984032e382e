/**
 * Who may import whom, by folder. Lint refuses any other import; test/architecture.spec.ts checks that this table has no
 * circle and names every folder that exists.
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
  'queue',
  'settings',
  'vault',
  'webhooks',
  'wechat',
];

export const arrows = {
  'libs/wechat': [],
  'libs/vault': [],
  'libs/postgres': [],
  'libs/concurrency': [],
  'libs/queue': ['concurrency', 'logging', 'postgres'],
  'libs/logging': [],
  'libs/settings': ['vault'],
  'libs/embedded-postgres': [],
  'libs/database': ['concurrency', 'postgres', 'vault'],
  'libs/access': ['database', 'vault'],
  'libs/events': ['database'],
  'libs/merchants': ['concurrency', 'events', 'database', 'queue', 'vault', 'wechat'],
  'libs/deletions': ['concurrency', 'merchants', 'events', 'database', 'queue', 'wechat'],
  'libs/webhooks': ['concurrency', 'events', 'database', 'queue'],
  'apps/api': service,
  'apps/worker': service,
  'apps/simulator': ['wechat'],
  'apps/sandbox': [...service, 'embedded-postgres'],
};
