import { setTimeout as delay } from 'node:timers/promises';
import { startBuiltApp, type BuiltApp } from './support/built-app.js';
import { eventually } from './support/eventually.js';
import { freePort } from './support/free-port.js';
import { queueBackends } from './support/queue-backends.js';
import { startRestartablePostgres, type RestartablePostgres } from './support/restartable-postgres.js';
import { System } from './support/system.js';

/** How many times the database ends every connection in the short test. */
const ROUNDS = 3;
const POSTS = 40;
/** For so long, the long test lets anything happen to the database; absent: it is left out. */
const OUTAGE_SECONDS = Number(process.env.RETRACT_OUTAGE_SECONDS ?? 0);

describe.each(queueBackends)(
  'processes whose database ends their connections, queue on %s',
  (_backend, queueUrlFor) => {
    let postgres: RestartablePostgres;
    let system: System;
    let api: BuiltApp;
    let worker: BuiltApp;
    let url: string;
    let targets: { merchant: string; msgId: string }[];

    beforeAll(async () => {
      postgres = await startRestartablePostgres();
      system = await System.start({
        database: postgres,
        queueUrlFor,
        withWorker: false,
        // Many deletions for few merchants.
        env: { DEFAULT_DAILY_QUOTA: '1000000' },
        simulator: { settings: { daily_limits: { 'mass/delete': 1_000_000 } } },
      });
      worker = await startBuiltApp('worker', system.environment);
      await system.registerPlatform();
      targets = await system.grantedMerchants(4);
      const port = await freePort();
      url = `http://127.0.0.1:${port}`;
      api = await startBuiltApp('api', { ...system.environment, PORT: String(port) });
    });
    afterAll(async () => {
      await api.end('SIGKILL');
      await worker.end('SIGKILL');
      await system.close();
    });

    /** Of a keyed request to the built api; 0 when no answer came. */
    const post = async (i: number): Promise<number> => {
      const { merchant, msgId } = targets[i % targets.length] ?? { merchant: '', msgId: '' };
      const headers = {
        authorization: `Bearer ${system.apiKey}`,
        'content-type': 'application/json',
        'idempotency-key': `outage-${i}`,
      };
      const body = JSON.stringify({ merchant, msg_id: String(BigInt(msgId) + BigInt(i)), whole_message: true });
      const answer = await fetch(`${url}/v1/deletions`, { method: 'POST', headers, body }).catch(() => undefined);
      await answer?.text().catch(() => undefined);
      return answer?.status ?? 0;
    };
    let posted = 0;
    const postMany = () => Promise.all(Array.from({ length: POSTS }, () => post(posted++)));

    const endConnections = () =>
      system.sql(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`,
      );
    const signal = (name: 'SIGSTOP' | 'SIGCONT') => {
      for (const { pid } of [api, worker]) process.kill(pid, name);
    };
    /** As when a machine is suspended: what the database last said and its good-bye are read in one go. */
    const endConnectionsOfFrozen = async () => {
      signal('SIGSTOP');
      try {
        await delay(120);
        await endConnections();
      } finally {
        signal('SIGCONT');
      }
    };
    const areUp = () => expect([api.isUp(), worker.isUp()]).toEqual([true, true]);
    const serves = () =>
      eventually(
        () => post(posted++),
        (status) => status === 202,
      );

    it('stay up while they are frozen and their connections are ended', async () => {
      for (let round = 0; round < ROUNDS; round++) {
        const answers = postMany();
        await delay(10 * round);
        await endConnectionsOfFrozen();
        await answers;
        areUp();
        await serves();
      }
      areUp();
    });

    it('stay up while the database restarts', async () => {
      const answers = postMany();
      await postgres.stop();
      await answers;
      const refused = postMany();
      await postgres.start();
      await refused;
      await serves();
      areUp();
    });

    if (OUTAGE_SECONDS > 0) {
      it(
        'stay up whatever happens to the database, for long',
        async () => {
          const restart = async () => {
            await postgres.stop();
            await delay(Math.random() * 3_000);
            await postgres.start();
          };
          const misfortunes = [endConnections, endConnectionsOfFrozen, endConnectionsOfFrozen, restart];
          for (const until = Date.now() + OUTAGE_SECONDS * 1_000; Date.now() < until;) {
            const answers = postMany();
            await delay(Math.random() * 300);
            await misfortunes[Math.floor(Math.random() * misfortunes.length)]?.();
            await answers;
            areUp();
            await serves();
          }
          const worked = await eventually(
            () => system.sql<{ count: number }>(`SELECT count(*)::int FROM deletions WHERE finished_at IS NULL`),
            ([row]) => row?.count === 0,
          );
          expect(worked).toEqual([{ count: 0 }]);
          areUp();
        },
        OUTAGE_SECONDS * 1_000 + 180_000,
      );
    }
  },
);
