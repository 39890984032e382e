/** The queue backends that this run tests: [name, QUEUE_URL of a given Postgres]. Global setup says which were found. */
export const queueBackends: [name: string, urlFor: (databaseUrl: string) => string][] = [
  ['PostgreSQL', (databaseUrl) => databaseUrl],
  ...(process.env.TEST_REDIS_URL
    ? ([['Redis', () => process.env.TEST_REDIS_URL ?? '']] as [string, (databaseUrl: string) => string][])
    : []),
];
