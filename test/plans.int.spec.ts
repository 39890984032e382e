import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { Test, type TestingModule } from '@nestjs/testing';
import pg, { type QueryResultRow } from 'pg';
import { DataSource } from 'typeorm';
import { AuditArchives, AuditHeads, AuditLog, BEFORE_ALL, type AuditEvent } from '@app/access';
import { DeletionTallies, FactsWait, LaneDispatch, Retention, Takedowns, TakedownWatch } from '@app/deletions';
import { ineligibleReasonCodes } from '@app/merchants';
import { SteadyClient } from '@app/postgres';
import { SecretBox } from '@app/vault';
import { COUNTED_AT_MOST, WebhookDeliveries, WebhookFanOut } from '@app/webhooks';
import { RetentionSweep } from '../apps/worker/src/sweeps/retention-sweep.js';
import { Sweeper } from '../apps/worker/src/sweeps/sweeper.js';
import { WorkerModule } from '../apps/worker/src/worker.module.js';
import { workerEnvSchema } from '../apps/worker/src/env.js';
// Not behind the lib's door: only its own parts and this test know them.
import { PlatformHolds } from '../libs/deletions/src/holds/platform-holds.js';
import { RunRows } from '../libs/deletions/src/runs/run-rows.js';
import { SharedFigures } from '../libs/telemetry/src/metrics/shared-figures.js';
import { everyList, namesIn, type Names } from '../scripts/every-list.mjs';
import { createMigratedDatabase, type TestDatabase } from './support/database.js';
import { routeTable } from './support/route-table.js';
import { System } from './support/system.js';

const DELETIONS = 40_000;
const MERCHANTS = 25_000;
const OPEN = 500;
/** From so many rows on a table is one that grows; the few others may be read from end to end. */
const MANY_ROWS = 2_500;
/** What one page, one count or one look may read of such a table: what is open, and some more. */
const READ_BESIDES = 2_000;
/** What a list gives, with one more by which it knows that there is a next page. */
const PAGE = 51;
/** For `npm run measure-full`: a full database instead of one that is filled here, and where to write what was read. */
const { PLANS_DATABASE_URL: GIVEN, PLANS_REPORT: REPORT } = process.env;

type Client = InstanceType<typeof pg.Client>;

interface Statement {
  text: string;
  values: unknown[];
}

/** As the script fills them. */
const DAYS = 60;
const UNIQUE_VIOLATION = '23505';

/** A full database is looked at for long before the first test. */
const SETUP_MS = GIVEN ? 3_600_000 : 120_000;

/** Deletions of which the proofs are exported. */
const EXPORTED = 2_500;

/** A sweep deletes what is old, so many rows in a statement. */
const FORGOTTEN_AT_A_TIME = 10_000;

interface Known {
  /** Tables that have many rows. */
  growing: Set<string>;
  /** Indexes in which ids come after something of which there is much. */
  idsLast: ReadonlySet<string>;
}

interface PlanNode {
  'Node Type': string;
  'Relation Name'?: string;
  'Index Name'?: string;
  'Index Cond'?: string;
  'Actual Rows': number;
  'Actual Loops': number;
  'Rows Removed by Filter'?: number;
  'Rows Removed by Index Recheck'?: number;
  'Index Searches'?: number;
  Plans?: PlanNode[];
}

/** What a statement has read, for the figures of a full run. */
interface Told {
  test: string;
  text: string;
  read: number;
}

interface Limits {
  merchants?: string[];
  platforms?: string[];
}

const LIMITS: Record<string, (of: Names) => Limits> = {
  everything: () => ({}),
  'a merchant with few deletions': ({ rare }) => ({ merchants: [rare.merchant] }),
  'a platform with few merchants': ({ rare }) => ({ platforms: [rare.platform] }),
  'a platform with many merchants': ({ common }) => ({ platforms: [common.platform] }),
};

describe('in a database that is full of what is finished', () => {
  let system: System;
  let worker: TestingModule;
  let client: Client;
  let known: Known;
  let heard: Statement[];
  let names: Names;
  let sizes: Record<'deletions' | 'merchants' | 'open', number>;
  let readAtMost: number;
  const explained = new Set<string>();
  const told: Told[] = [];

  beforeAll(async () => {
    const database = GIVEN ? { url: GIVEN, drop: () => Promise.resolve() } : await filledDatabase();
    system = await System.start({ database, withWorker: false });
    // Compiled, not started: nothing runs but what is asked for below.
    const env = workerEnvSchema.parse(system.environment);
    worker = await Test.createTestingModule({ imports: [WorkerModule.forRoot(env)] }).compile();
    client = new pg.Client({ connectionString: database.url });
    await client.connect();
    const [counted] = await rowsOf<typeof sizes>(
      `SELECT (SELECT count(*)::int FROM deletions) AS deletions, (SELECT count(*)::int FROM merchants) AS merchants,
         (SELECT count(*)::int FROM deletions WHERE finished_at IS NULL) AS open`,
    );
    if (counted) sizes = counted;
    readAtMost = sizes.open + READ_BESIDES;
    heard = listen();
    await worker.get(Takedowns).settleEnded();
    // The first counts all rows.
    await worker.get(AuditHeads, { strict: false }).noteHourly();
    // A day at a time.
    for (let day = 0; day <= 32; day++) await worker.get(DeletionTallies).keep();
    await client.query('ANALYZE deletion_tallies');
    const grown = await rowsOf<{ name: string }>(
      `SELECT relname AS name FROM pg_class WHERE relkind = 'r' AND reltuples > ${MANY_ROWS}`,
    );
    // States are few: from version 18 on, Postgres skips from one to the next, and looks up in each the ids that follow it.
    const idsLast = await rowsOf<{ name: string }>(
      `WITH keys AS (
         SELECT i.indexrelid::regclass::text AS name, array_agg(a.attname ORDER BY k.nth) AS columns
         FROM pg_index i CROSS JOIN unnest(i.indkey) WITH ORDINALITY AS k (attnum, nth)
           JOIN pg_class t ON t.oid = i.indrelid LEFT JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = k.attnum
         WHERE t.relnamespace = 'public'::regnamespace GROUP BY 1
       )
       SELECT name FROM keys WHERE columns[1] IS DISTINCT FROM 'id' AND columns[1:2] IS DISTINCT FROM '{state,id}'::name[]`,
    );
    const namesOf = (found: { name: string }[]) => new Set(found.map(({ name }) => name));
    known = { growing: namesOf(grown), idsLast: namesOf(idsLast) };
    names = await namesIn(client);
  }, SETUP_MS);
  afterAll(async () => {
    jest.restoreAllMocks();
    if (REPORT) writeFileSync(REPORT, JSON.stringify(told));
    if (GIVEN) await leaveAsItWas(client);
    await client.end();
    await worker.get(DataSource).destroy();
    await system.close();
  });

  const rowsOf = async <Row extends QueryResultRow>(text: string) => (await client.query<Row>(text)).rows;

  /** What is wrong with the plans of the statements that the work sends. */
  async function faultsOf(work: () => Promise<unknown>, atMost = readAtMost): Promise<string[]> {
    heard.length = 0;
    await work();
    const faults: string[] = [];
    for (const { text, values } of [...heard]) {
      const whole = `${text} ${JSON.stringify(values)}`;
      if (explained.has(whole)) continue;
      explained.add(whole);
      const plan = await planOf(client, text, values);
      if (!plan) continue;
      told.push({ test: expect.getState().currentTestName ?? '', text, read: mostRead(plan, known.growing) });
      faults.push(...faultsIn(plan, known, atMost).map((fault) => `${fault}\n${whole}`));
    }
    return faults;
  }

  it('fills every table that grows', () => {
    expect([...known.growing]).toEqual(
      expect.arrayContaining([
        ...['access_tokens', 'account_ledgers', 'audit_events', 'callback_events', 'deletion_attempts', 'deletions'],
        ...['events', 'mass_message_articles', 'mass_messages', 'merchant_pacing', 'merchants', 'webhook_deliveries'],
      ]),
    );
  });

  async function keyOf(limits: Limits): Promise<{ authorization: string }> {
    const key = await system.call('POST', '/v1/api-keys', { name: 'limited', role: 'admin', ...limits });
    return { authorization: `Bearer ${key.body.key}` };
  }

  describe('lists and pages', () => {
    it('are all asked below, with each of their filters', () => {
      const asked = new Set(Object.keys(everyList(names, ineligibleReasonCodes)));
      const routes = routeTable(system.api).filter((route) => route.startsWith('GET /v1/'));
      expect(routes.filter((route) => !asked.has(route) && !(route in ELSEWHERE))).toEqual([]);
    });

    it.each(Object.entries(LIMITS))(
      'are read by indexes with a key for %s',
      async (_name, limitsIn) => {
        const limits = limitsIn(names);
        const headers = await keyOf(limits);
        const isLimited = Object.keys(limits).length > 0;
        const faults: string[] = [];
        for (const addresses of Object.values(everyList(names, ineligibleReasonCodes))) {
          // Two filters at a time without limits, one with them.
          for (const address of addresses.filter((one) => !isLimited || !one.includes('&'))) {
            const ask = async () => {
              const first = await system.call('GET', address, undefined, headers);
              expect([address, first.status]).toEqual([address, isLimited ? expect.any(Number) : 200]);
              const next: unknown = first.body.next_cursor;
              if (typeof next !== 'string') return;
              const more = `${address}${address.includes('?') ? '&' : '?'}cursor=${encodeURIComponent(next)}`;
              expect((await system.call('GET', more, undefined, headers)).status).toBe(200);
            };
            // Of a takedown that has little of a platform's, or of a time, all may be looked through: it is one takedown's.
            const isRareThere = isLimited || address.includes('finished_after=');
            const ofTakedown = isRareThere && address.includes('takedown=') ? sizes.deletions / 10 : readAtMost;
            // A page, and of a platform with a third of all acts what lies between them, and acts of the minute after: however many
            // the log has.
            const ofAudit = 5 * PAGE + sizes.deletions / (DAYS * 24 * 60);
            // The clock that gave an id may be an hour ahead: so much is walked past from a moment backwards.
            const ofHour = /(created|finished)_before=/.test(address) ? sizes.deletions / (DAYS * 24) : 0;
            const atMost = /audit-events\?.*until=/.test(address) ? ofAudit : ofTakedown + ofHour;
            faults.push(...(await faultsOf(ask, atMost)).map((fault) => `${address}: ${fault}`));
          }
        }
        expect(faults).toEqual([]);
        // Hundreds of lists, each with its plans.
      },
      600_000,
    );
  });

  it('messages of hundreds of merchants are read along the index of each, and not past those of others', async () => {
    const HUNDREDS = 300;
    // The last of all, whose messages are so many that Postgres would look for them among the newest, and so old.
    const merchants = await rowsOf<{ id: string; appid: string }>(
      `SELECT id, authorizer_appid AS appid FROM merchants ORDER BY id DESC LIMIT ${HUNDREDS}`,
    );
    if (!GIVEN) {
      await client.query(
        `INSERT INTO mass_messages (merchant_id, msg_id, status, finished_at, label, import_counts)
         SELECT id, n, 'send success', now() - interval '1 year', 'campaign', true
         FROM unnest($1::uuid[]) AS id, generate_series(1, 30) AS n`,
        [merchants.map(({ id }) => id)],
      );
      await client.query('ANALYZE mass_messages');
    }
    const headers = await keyOf({ merchants: merchants.map(({ appid }) => appid) });
    const faults: string[] = [];
    // A search looks at 500, of which each merchant may have the newest.
    for (const [filter, atMost] of [
      ['', 2 * HUNDREDS],
      ['label=campaign', 2 * HUNDREDS],
      [`sent_before=${names.later}`, 2 * HUNDREDS],
      ['q=nowhere', 5 * 500],
    ] as const) {
      const ask = async () => {
        const { status, body } = await system.call('GET', `/v1/mass-messages?${filter}`, undefined, headers);
        expect([filter, status, typeof body.next_cursor]).toEqual([filter, 200, 'string']);
      };
      faults.push(...(await faultsOf(ask, atMost)));
    }
    expect(faults).toEqual([]);
  });

  it.each(Object.entries(LIMITS))('the overview reads little with a key for %s', async (_name, limitsIn) => {
    const limits = limitsIn(names);
    const headers = await keyOf(limits);
    const ask = async () => {
      expect((await system.call('GET', '/v1/overview', undefined, headers)).status).toBe(200);
    };
    expect(await faultsOf(ask)).toEqual([]);
  });

  it.each(Object.entries(LIMITS))(
    'the proofs of a period are read by indexes with a key for %s',
    async (_name, limitsIn) => {
      const limits = limitsIn(names);
      const headers = await keyOf(limits);
      // However many there are: some pages of an export.
      const [end] = await rowsOf<{ at: string }>(
        `SELECT to_char(date_trunc('milliseconds', finished_at) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS at
         FROM deletions WHERE finished_at >= '${names.middle}' AND created_at > '-infinity'
         ORDER BY finished_at OFFSET ${EXPORTED} LIMIT 1`,
      );
      const period = [names.middle, end?.at];
      const { rows } = await client.query<{ count: number }>(
        `SELECT count(*)::int AS count FROM (SELECT * FROM deletions WHERE finished_at >= $1 AND finished_at < $2
           AND created_at > '-infinity' OFFSET 0) AS d JOIN merchants m ON m.id = d.merchant_id
         JOIN platforms p ON p.id = m.platform_id
         WHERE ($3::text[] IS NULL OR m.authorizer_appid = ANY($3)) AND ($4::text[] IS NULL OR p.component_appid = ANY($4))`,
        [...period, limits.merchants ?? null, limits.platforms ?? null],
      );
      const ask = async () => {
        const query = `finished_after=${period[0]}&finished_before=${period[1]}&format=json`;
        const { status, body } = await system.call('GET', `/v1/proofs?${query}`, undefined, headers);
        expect([status, body.data.at(-2).count]).toEqual([200, rows[0]?.count]);
      };
      expect(await faultsOf(ask)).toEqual([]);
    },
    120_000,
  );

  it('the feed finds types that few events have by an index', async () => {
    const headers = await keyOf({});
    const faults: string[] = [];
    for (const type of ['platform.held', 'deletion.cancelled', 'deletion.failed', 'merchant.*', 'takedown.*']) {
      const ask = async () => {
        const { status, body } = await system.call('GET', `/v1/events?type=${type}`, undefined, headers);
        expect([type, status, body.has_more]).toEqual([type, 200, false]);
      };
      faults.push(...(await faultsOf(ask, 100)));
    }
    expect(faults).toEqual([]);
  });

  it.each(Object.entries(LIMITS))('wishes are decided by indexes with a key for %s', async (_name, limitsIn) => {
    const limits = limitsIn(names);
    const headers = await keyOf(limits);
    const faults: string[] = [];
    for (const table of ['mass_messages', 'limited_imports']) {
      for (const [path, wish] of wishesFor(await messageIn(client, table, limits))) {
        const ask = async () => {
          const { status } = await system.call('POST', path, wish, headers);
          // Of some merchants nothing can be deleted, or it is gone already: that is found out as well.
          expect([wish, [200, 202, 409, 422].includes(status)]).toEqual([wish, true]);
        };
        faults.push(...(await faultsOf(ask)).map((fault) => `${path} ${JSON.stringify(wish)}: ${fault}`));
      }
    }
    expect(faults).toEqual([]);
  });

  it('the dispatcher finds what is due by indexes', async () => {
    await client.query(`UPDATE merchant_pacing SET due_at = now() WHERE merchant_id IN
      (SELECT merchant_id FROM deletions WHERE finished_at IS NULL AND dispatched_at IS NULL ORDER BY id LIMIT 50)`);
    // In a sample of ten million, next to none is open.
    await client.query(
      `SELECT pg_restore_relation_stats('schemaname', 'public', 'relname', 'deletions_lane_idx', 'reltuples', 4::real)`,
    );
    const look = async () => {
      await worker.get(LaneDispatch).dispatch();
      await worker.get(LaneDispatch).wakeClosed();
      await worker.get(RunRows, { strict: false }).withoutProgress(0, 1_000);
      await worker.get(PlatformHolds, { strict: false }).probe();
    };
    expect(await faultsOf(look)).toEqual([]);
    await client.query('ANALYZE deletions');
  });

  it('what a worker looks for all the time is found by indexes', async () => {
    // Elsewhere, webhooks have been told of all events; here, of all but the newest.
    if (!GIVEN) {
      await client.query(`UPDATE webhook_feed SET cursor = (SELECT max(txid) || '.' || max(seq) - 600 FROM events)`);
      // Nearly all links are of one takedown, as in a larger database.
      await client.query(
        `INSERT INTO takedown_links (takedown_id, deletion_id, was_deleted)
         SELECT (SELECT takedown_id FROM takedown_links LIMIT 1), id, true FROM deletions
         WHERE finished_at IS NOT NULL LIMIT ${2 * MANY_ROWS} ON CONFLICT DO NOTHING`,
      );
      await client.query('ANALYZE takedown_links');
      known.growing.add('takedown_links');
    }
    await client.query(
      `UPDATE takedowns SET settled_counts = NULL WHERE id = (SELECT max(id::text)::uuid FROM takedowns WHERE finished_at IS NOT NULL)`,
    );
    const look = async () => {
      await worker.get(FactsWait).claim(100);
      await worker.get(TakedownWatch).look();
      await worker.get(Takedowns).keepProgress();
      await worker.get(WebhookDeliveries).enqueueWaiting();
      await worker.get(WebhookFanOut).readOn();
      await worker.get(Sweeper)['sweep'](new AbortController().signal);
    };
    expect(await faultsOf(look, FORGOTTEN_AT_A_TIME)).toEqual([]);
  });

  it('the hourly head of the audit log counts only what came after the one before', async () => {
    await client.query(`
      ALTER TABLE audit_heads DISABLE TRIGGER audit_heads_append_only;
      UPDATE audit_heads SET at = at - interval '1 hour' WHERE at > now() - interval '1 hour';
      ALTER TABLE audit_heads ENABLE TRIGGER audit_heads_append_only`);
    const note = async () => expect(await worker.get(AuditHeads, { strict: false }).noteHourly()).toBeDefined();
    expect(await faultsOf(note, PAGE)).toEqual([]);
  });

  it('an export of the audit log begins and ends at a time by an index', async () => {
    const FEW = 20;
    const { rows } = await client.query<{ since: Date; until: Date }>(
      `SELECT (SELECT at FROM audit_events WHERE request_id = 'fill' ORDER BY at DESC OFFSET $1 LIMIT 1) AS since,
         (SELECT at FROM audit_events WHERE request_id = 'fill' ORDER BY at OFFSET $1 LIMIT 1) AS until`,
      [FEW],
    );
    const [{ since, until } = {}] = rows;
    const everything = { platforms: null, merchants: null };
    const action = 'deletion.accepted';
    for (const filter of [{ since }, { until }, { since, action }, { until, action }]) {
      const read = async () => {
        let count = 0;
        for await (const _event of worker.get(AuditLog, { strict: false }).oldestFirst(everything, filter)) count++;
        expect(count).toBeLessThan(2 * PAGE);
      };
      expect([filter, await faultsOf(read, 4 * PAGE)]).toEqual([filter, []]);
    }
  });

  it('metrics are read by indexes', async () => {
    const figures = worker.get(SharedFigures, { strict: false });
    // Their endpoint is disabled: they stay as they are.
    await client.query(
      `INSERT INTO webhook_deliveries (id, endpoint_id, event_id, event_type, payload, is_queued)
       SELECT uuidv7(), e.id, uuidv7(), 'deletion.succeeded', '{}', is_queued
       FROM (SELECT id FROM webhook_endpoints ORDER BY id LIMIT 1) AS e, generate_series(0, $1::int) AS n,
         unnest('{true,false}'::boolean[]) AS is_queued`,
      [COUNTED_AT_MOST],
    );
    const faults = await faultsOf(
      async () => {
        const { merchants } = sizes;
        const webhooks = { queued: COUNTED_AT_MOST, unqueued: COUNTED_AT_MOST };
        expect(await figures.read()).toMatchObject({ merchants: { merchants }, webhooks, lanes: expect.anything() });
      },
      Math.max(readAtMost, COUNTED_AT_MOST),
    );
    await client.query(`DELETE FROM webhook_deliveries WHERE state = 'pending' AND event_type = 'deletion.succeeded'`);
    expect(faults).toEqual([]);
  });

  it('what is old is found by indexes, what has to stay is passed over in steps, and else nothing is read', async () => {
    const source = worker.get(DataSource);
    const forget = (days: number) => new Retention(source, { deletions: days, rejections: days }).forgetOld();
    const count = async () =>
      (await client.query<{ count: number }>('SELECT count(*)::int FROM deletions')).rows[0]?.count ?? 0;
    const all = await count();
    expect(await faultsOf(() => new Retention(source, { deletions: 1_095, rejections: 1 }).lateMs())).toEqual([]);
    expect(await faultsOf(() => forget(1_095), 100)).toEqual([]);
    // Their takedowns have finished an hour ago.
    expect(await faultsOf(() => forget(40))).toEqual([]);
    await client.query(`UPDATE takedowns SET finished_at = now() - interval '50 days' WHERE finished_at IS NOT NULL`);
    expect(await faultsOf(() => forget(40))).toEqual([]);
    expect(await count()).toBeLessThan(all);
    // What they have left is looked up.
    await client.query('ANALYZE gone_targets');
    known.growing.add('gone_targets');
    for (const [path, wish] of wishesFor(await messageIn(client, 'mass_messages', {}))) {
      expect(await faultsOf(() => system.call('POST', path, wish))).toEqual([]);
    }
  });

  it('an archive of the audit log is taken by indexes', async () => {
    const box = new SecretBox([{ id: 'k1', key: Buffer.alloc(32, 1) }]);
    const archives = new AuditArchives(worker.get(DataSource), box);
    const STEP = 1_000;
    const take = async () => {
      const events: AuditEvent[] = [];
      for await (const event of worker.get(AuditLog, { strict: false }).oldRows(BEFORE_ALL, new Date())) {
        if (events.push(event) === STEP) break;
      }
      const [first, last] = [events[0], events.at(-1)];
      if (!first || !last) throw new Error('no rows');
      const ends = { firstSeq: first.seq, lastSeq: last.seq, prevHash: first.prevHash, lastHash: last.hash };
      const part = { ...ends, rows: STEP, upTo: last.at, sha256: '' };
      // What is filled in is not that old.
      await expect(archives.seal(part)).rejects.toThrow('does not begin');
      await client.query(`INSERT INTO audit_archives VALUES ($1, $2, $3, $4, $5, $5, $6, '', now(), 'k1', '')`, [
        last.seq,
        first.seq,
        first.prevHash,
        last.hash,
        STEP,
        last.at,
      ]);
      expect(await archives.remove(events)).toBe(STEP);
      expect(await archives.oldestLeft()).toBeUndefined();
      expect((await system.call('GET', '/v1/audit-events/verification')).status).toBe(200);
      expect((await system.call('GET', '/v1/audit-events')).status).toBe(200);
    };
    expect(await faultsOf(take, 2 * STEP)).toEqual([]);
  });

  it('deliveries of a span of time are sent again by an index', async () => {
    await client.query(`UPDATE webhook_endpoints SET state = 'enabled'`);
    const day = 24 * 60 * 60_000;
    // Of ten million, a day's are more than one wish takes.
    const ms = GIVEN ? (500 * DAYS * day) / sizes.deletions : day;
    const until = new Date(new Date(names.later).getTime() + ms).toISOString();
    // Within the hour before and the hour after it are many more, which a busy service has.
    await client.query(
      `INSERT INTO webhook_deliveries (id, endpoint_id, event_id, event_type, payload, state, created_at, finished_at)
       SELECT (lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0') || '70008000' || lpad(to_hex(n), 12, '0'))::uuid,
         $1, uuidv7(), 'deletion.succeeded', '{}', 'delivered', at, at
       FROM generate_series(1, 6000) AS n, LATERAL (SELECT CASE WHEN n % 2 = 0 THEN $2::timestamptz - n * interval '0.59 s'
         ELSE $3::timestamptz + n * interval '0.59 s' END) AS of (at)`,
      [names.common.endpoint, names.later, until],
    );
    const span = { since: names.later, until, states: ['failed', 'delivered'] };
    const faults: string[] = [];
    for (const wish of [span, { ...span, endpoint: names.common.endpoint }, { ...span, event_types: ['deletion.*'] }]) {
      const ask = async () => {
        const { status, body } = await system.call('POST', '/v1/webhook-deliveries/resend', wish);
        expect([status, body.next_cursor]).toEqual([200, null]);
      };
      faults.push(...(await faultsOf(ask)));
    }
    expect(faults).toEqual([]);
    const { rows } = await client.query(`SELECT count(*)::int AS count FROM webhook_deliveries WHERE resends > 0`);
    expect(rows).toEqual([{ count: expect.any(Number) }]);
    expect(rows[0].count).toBeGreaterThan(100);
  });

  it('what is old is found by indexes, and nothing is read where nothing is old', async () => {
    const forget = async () => {
      for (const step of worker.get(RetentionSweep, { strict: false }).steps()) await step();
    };
    for (let round = 0; round < 10; round++) await forget();
    // Of ten million, so many are old that ten sweeps leave some: there, only how much one reads is seen.
    expect(await faultsOf(forget, GIVEN ? FORGOTTEN_AT_A_TIME : 1)).toEqual([]);
  });
});

/** Undefined: of a statement that cannot be run again, for it has done its work. */
async function planOf(client: Client, text: string, values: unknown[]): Promise<PlanNode | undefined> {
  await client.query('BEGIN');
  try {
    const explained = await client.query<{ 'QUERY PLAN': { Plan: PlanNode }[] }>(
      `EXPLAIN (ANALYZE, FORMAT JSON) ${text}`,
      values,
    );
    return explained.rows[0]?.['QUERY PLAN'][0]?.Plan;
  } catch (error) {
    if (error instanceof pg.DatabaseError && error.code === UNIQUE_VIOLATION) return undefined;
    throw error;
  } finally {
    await client.query('ROLLBACK');
  }
}

/** For whoever measures the database next: nothing is handed out, no webhook is to be sent, and no other key is asked for. */
async function leaveAsItWas(client: Client): Promise<void> {
  for (const table of ['audit_archives', 'audit_heads']) {
    await client.query(`
      ALTER TABLE ${table} DISABLE TRIGGER USER;
      DELETE FROM ${table};
      ALTER TABLE ${table} ENABLE TRIGGER USER`);
  }
  await client.query(`
    UPDATE deletions SET dispatched_at = NULL, dispatches = 0 WHERE state = 'queued' AND dispatched_at IS NOT NULL
      AND finished_at IS NULL;
    UPDATE merchant_pacing SET due_at = now() + interval '1 day' WHERE due_at < now() + interval '1 h'
      OR merchant_id IN (SELECT merchant_id FROM deletions WHERE finished_at IS NULL);
    DELETE FROM proof_keys;
    UPDATE webhook_endpoints SET state = 'disabled';
    UPDATE webhook_deliveries SET state = 'delivered', is_queued = false, finished_at = now() WHERE state = 'pending'`);
}

async function filledDatabase(): Promise<TestDatabase> {
  const database = await createMigratedDatabase();
  const sizes = [`--deletions=${DELETIONS}`, `--merchants=${MERCHANTS}`, `--open=${OPEN}`, `--days=90`];
  await fill(database.url, sizes);
  await expect(fill(database.url, sizes)).rejects.toThrow(/not an empty database/);
  return database;
}

async function fill(url: string, sizes: string[]): Promise<void> {
  await promisify(execFile)(process.execPath, ['scripts/fill-database.mjs', ...sizes], {
    env: { PATH: process.env.PATH, DATABASE_URL: url },
  });
}

/** @returns what is sent to Postgres by whatever of ours, as it comes: nothing is kept from it */
function listen(): Statement[] {
  const heard: Statement[] = [];
  const send = Object.getOwnPropertyDescriptor(pg.Client.prototype, 'query')?.value as (...given: unknown[]) => unknown;
  jest.spyOn(SteadyClient.prototype, 'query').mockImplementation(function (this: unknown, ...given: unknown[]) {
    const [first, values] = given;
    const { text, values: named } = (typeof first === 'string' ? { text: first } : first) as Partial<Statement>;
    // The queue's own tables are not ours to index.
    if (text && /^\s*(SELECT|WITH|UPDATE|DELETE)\b/.test(text) && this?.constructor === SteadyClient) {
      heard.push({ text, values: named ?? (Array.isArray(values) ? values : []) });
    }
    return send.apply(this, given);
  });
  return heard;
}

/** The most rows that a node of the plan has read of a table that grows. */
function mostRead(node: PlanNode, growing: ReadonlySet<string>): number {
  const own = growing.has(node['Relation Name'] ?? '') ? readBy(node) : 0;
  return Math.max(own, ...(node.Plans ?? []).map((part) => mostRead(part, growing)));
}

function readBy(node: PlanNode): number {
  const passed = (node['Rows Removed by Filter'] ?? 0) + (node['Rows Removed by Index Recheck'] ?? 0);
  return Math.round((node['Actual Rows'] + passed) * node['Actual Loops']);
}

/** Nodes of a plan that read what grows from end to end, walk far, or sort it. */
function faultsIn(node: PlanNode, known: Known, atMost: number): string[] {
  const { growing, idsLast } = known;
  const table = node['Relation Name'];
  const faults = (node.Plans ?? []).flatMap((part) => faultsIn(part, known, atMost));
  const type = node['Node Type'];
  const loops = node['Actual Loops'];
  const read = readBy(node);
  if (table && growing.has(table)) {
    if (type === 'Seq Scan' && loops > 0) faults.push(`reads all of ${table}`);
    else if (read > atMost) faults.push(`walks past ${read} rows of ${table} by ${node['Index Name'] ?? type}`);
  }
  // One that keeps ids last is walked from end to end for them, of which the rows that it gives do not tell.
  if (node['Index Cond']?.startsWith('(id = ') && idsLast.has(node['Index Name'] ?? '')) {
    faults.push(`looks for ids in all of ${node['Index Name']}`);
  }
  // An index whose first column is not asked for is searched anew for each value of it.
  const searches = node['Index Searches'] ?? 0;
  if (table && growing.has(table) && searches > atMost) {
    faults.push(`searches ${node['Index Name']} ${searches} times`);
  }
  if (type === 'Sort' && read > atMost) faults.push(`sorts ${read} rows`);
  return faults;
}

interface Message {
  merchant: string;
  biz: string;
  msg_id: string;
}

/** One that a key with these limits may reach. */
async function messageIn(client: Client, table: string, { merchants, platforms }: Limits): Promise<Message> {
  const { rows } = await client.query<Message>(
    `SELECT m.authorizer_appid AS merchant, m.biz, t.msg_id FROM ${table} t
     JOIN merchants m ON m.id = t.merchant_id JOIN platforms p ON p.id = m.platform_id
     WHERE ($1::text[] IS NULL OR m.authorizer_appid = ANY($1)) AND ($2::text[] IS NULL OR p.component_appid = ANY($2))
     ORDER BY t.msg_id DESC LIMIT 1`,
    [merchants ?? null, platforms ?? null],
  );
  const [message] = rows;
  if (!message) throw new Error(`${table} has nothing for these limits.`);
  return message;
}

/** Wishes for a deletion, each way in which its target is named, and for takedowns. */
function wishesFor({ merchant, biz, msg_id }: Message): [path: string, wish: object][] {
  const urls = [
    `https://mp.weixin.qq.com/s?__biz=${biz}&mid=${msg_id}&idx=1&sn=fill`,
    `https://mp.weixin.qq.com/s/short-${msg_id}`,
  ];
  const single = { merchant, msg_id, article_idx: 1 };
  const deletions = [
    single,
    { ...single, again: true, if_shared: 'refuse' },
    { merchant, msg_id, whole_message: true },
    ...urls.map((url) => ({ merchant, url })),
  ];
  return [
    ...deletions.map((wish): [string, object] => ['/v1/deletions', wish]),
    ['/v1/takedowns', { urls, dry_run: true }],
    ['/v1/takedowns', { items: [single, { merchant, msg_id, whole_message: true }], dry_run: true }],
    ['/v1/takedowns', { label: 'rare', article_idx: 1, dry_run: true }],
  ];
}

/** Read on, as far as there is anything to read: a page of the feed has a bound of its own, and a proof is of all of it. */
const ELSEWHERE = {
  'GET /v1/overview': 'a test of its own, below the lists',
  'GET /v1/events': 'events.int.spec.ts',
  'GET /v1/events/stream': 'event-streams.e2e-spec.ts',
  'GET /v1/takedowns/:id/events': 'event-streams.e2e-spec.ts',
  'GET /v1/deletions/:id/proof': 'takedowns.e2e-spec.ts',
  'GET /v1/takedowns/:id/proof': 'takedowns.e2e-spec.ts',
  'GET /v1/proofs': 'a test of its own, below the lists',
  'GET /v1/audit-events/export': 'audit-log.int.spec.ts',
};
