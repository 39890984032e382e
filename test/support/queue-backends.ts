/**
 * The queue backends that this run tests: [name, QUEUE_URL of a given Postgres]. Global setup says which were found.
 */
export const queueBackends: [name: string, urlFor: (databaseUrl: string) => string][] = [
  ['PostgreSQL', (databaseUrl) => databaseUrl],
  ...(process.env.TEST_REDIS_URL
    ? ([['Redis', () => ownRedisDatabase(process.env.TEST_REDIS_URL ?? '')]] as [
        string,
        (databaseUrl: string) => string,
      ][])
    : []),
];

/** For what WeChat and merchants do, which is the same wherever the queue is: one of them, or each with RETRACT_ALL_QUEUES. */
export const anyQueueBackend = process.env.RETRACT_ALL_QUEUES ? queueBackends : queueBackends.slice(-1);

/** Test files that run at the same time must not take each other's jobs. */
function ownRedisDatabase(url: string): string {
  const own = new URL(url);
  if (own.pathname.length <= 1) own.pathname = `/${process.env.JEST_WORKER_ID ?? 0}`;
  return own.href;
}
