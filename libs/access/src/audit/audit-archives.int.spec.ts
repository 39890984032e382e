import { randomUUID } from 'node:crypto';
import { Logger } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { dataSourceOptions } from '@app/database';
import { EVERYTHING } from '@app/scope';
import { SecretBox } from '@app/vault';
import { createMigratedDatabase, type TestDatabase } from '../../../../test/support/database.js';
import { ApiKeys } from '../keys/api-keys.js';
import { AuditArchives, endOf, firstUnjoined, isArchiveSigned, type ArchivedRows } from './audit-archives.js';
import { AuditEvent } from './audit-event.entity.js';
import { readHead } from './audit-head.js';
import { AuditHeads } from './audit-heads.js';
import { AuditLog } from './audit-log.js';
import { AuditVerification } from './audit-verification.js';
import { accessEntities } from '../index.js';

beforeAll(() => Logger.overrideLogger(false));

describe('archives of the audit log', () => {
  let database: TestDatabase;
  let dataSource: DataSource;
  let apiKeyId: string;
  let log: AuditLog;
  let archives: AuditArchives;
  const box = new SecretBox([{ id: 'k1', key: Buffer.alloc(32, 1) }]);

  beforeEach(async () => {
    database = await createMigratedDatabase();
    const options = { url: database.url, entities: accessEntities, applicationName: 'test' };
    dataSource = await new DataSource(dataSourceOptions(options)).initialize();
    log = AuditLog.of(dataSource);
    archives = new AuditArchives(dataSource, box);
    const keys = new ApiKeys(dataSource, log);
    const principal = await keys.authenticate((await keys.first()) ?? '');
    if (!principal) throw new Error('no key');
    ({ apiKeyId } = principal);
    await asOwner('TRUNCATE audit_events');
    await act(10, 200);
    await act(5, 0);
  });
  afterEach(async () => {
    await dataSource.destroy();
    await database.drop();
  });

  /** As somebody does who owns the database. */
  async function asOwner(text: string): Promise<void> {
    await dataSource.query(
      `ALTER TABLE audit_events DISABLE TRIGGER USER; ${text}; ALTER TABLE audit_events ENABLE TRIGGER USER`,
    );
  }

  /** So many acts, of so many days ago. */
  async function act(count: number, daysAgo: number): Promise<void> {
    await dataSource.query(
      `INSERT INTO audit_inbox (at, api_key_id, role, action, subject_type, subject_id, request_id, ip, data)
       SELECT now() - $3::int * interval '1 day' + n * interval '1 ms', $1, 'admin', 'platform.updated', 'platform',
         'wx' || n, $4, '192.0.2.7', '{}' FROM generate_series(1, $2::int) AS n`,
      [apiKeyId, count, daysAgo, uuidv7()],
    );
    await log.chainDeferred();
  }

  const daysAgo = (days: number) => new Date(Date.now() - days * 24 * 60 * 60_000);
  const seqs = async () =>
    (await dataSource.query<{ seq: string }[]>('SELECT seq FROM audit_events ORDER BY seq')).map(({ seq }) => seq);

  /** The oldest rows that are not archived, as the file of them says. */
  async function oldest(before = daysAgo(100)): Promise<{ part: ArchivedRows; events: AuditEvent[] }> {
    const events: AuditEvent[] = [];
    for await (const event of log.oldRows(endOf(await AuditArchives.newest(dataSource)), before)) events.push(event);
    const [first, last] = [events[0], events.at(-1)];
    if (!first || !last) throw new Error('no rows');
    const ends = { firstSeq: first.seq, lastSeq: last.seq, prevHash: first.prevHash, lastHash: last.hash };
    const upTo = new Date(Math.max(...events.map(({ at }) => at.getTime())));
    return { part: { ...ends, rows: events.length, upTo, sha256: randomUUID() }, events };
  }

  it('take out the rows that they have, and the log goes on behind them', async () => {
    const { part, events } = await oldest();
    expect(events).toHaveLength(10);
    const archive = await archives.seal(part);
    expect(archive).toMatchObject({ ...part, totalRows: 10 });
    expect(isArchiveSigned(archive, box)).toBe(true);
    expect(await AuditArchives.all(dataSource)).toEqual([archive]);
    expect(await archives.remove(events.slice(0, 4))).toBe(4);
    expect(await archives.oldestLeft()).toBe(events[4]?.seq);
    expect(await log.verify()).toMatchObject({ ok: true, rows: 15, leftRows: 6 });
    expect(await archives.remove(events)).toBe(6);
    expect(await archives.oldestLeft()).toBeUndefined();
    await act(3, 0);
    expect(await log.verify()).toMatchObject({ ok: true, rows: 18, leftRows: 0, archives: [archive] });
    expect(await seqs()).toHaveLength(8);
  });

  it('follow one another', async () => {
    await asOwner('TRUNCATE audit_events');
    for (const [count, age] of [
      [10, 300],
      [4, 200],
      [5, 0],
    ] as const)
      await act(count, age);
    for (const age of [250, 100]) {
      const { part, events } = await oldest(daysAgo(age));
      await archives.seal(part);
      await archives.remove(events);
    }
    const found = await AuditArchives.all(dataSource);
    expect(found.map(({ totalRows }) => totalRows)).toEqual([10, 14]);
    expect(firstUnjoined(found)).toBeUndefined();
    expect(await log.verify()).toMatchObject({ ok: true, rows: 19, leftRows: 0 });
  });

  it('end before the first row that is too young, and before the newest row of all', async () => {
    // Chained after younger ones, as acts are that were deferred.
    await act(3, 200);
    expect((await oldest()).events).toHaveLength(10);
    expect((await oldest(new Date(Date.now() + 60_000))).events).toHaveLength(17);
  });

  it.each<[string, (part: ArchivedRows) => Promise<Partial<ArchivedRows>>, RegExp]>([
    ['are young', () => Promise.resolve({ upTo: daysAgo(89) }), /rows of the last 90 days/],
    ['are of another log', () => Promise.resolve({ lastHash: 'f'.repeat(64) }), /not in this log/],
    ['do not begin where the log does', () => Promise.resolve({ prevHash: 'f'.repeat(64) }), /does not begin/],
    [
      'have the newest row',
      async () => {
        const [newest] = await log.list(EVERYTHING, { limit: 1 });
        return { lastSeq: newest?.seq ?? '', lastHash: newest?.hash ?? '' };
      },
      /the newest row of the log/,
    ],
  ])('are refused that %s', async (_how, change, why) => {
    const { part } = await oldest();
    await expect(archives.seal({ ...part, ...(await change(part)) })).rejects.toThrow(why);
    expect(await AuditArchives.all(dataSource)).toEqual([]);
  });

  it('are noted one after the other, however many try at once', async () => {
    const { part, events } = await oldest();
    const shorter = events[4];
    if (!shorter) throw new Error('no row');
    const other = { ...part, rows: 5, lastSeq: shorter.seq, lastHash: shorter.hash };
    const tried = await Promise.allSettled([part, other, part, other].map((one) => archives.seal(one)));
    expect(tried.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(await AuditArchives.all(dataSource)).toHaveLength(1);
    await expect(archives.seal((await oldest(daysAgo(-1))).part)).rejects.toThrow(/the last 90 days/);
  });

  it('wait until the one before them is taken out', async () => {
    const { part, events } = await oldest();
    const [half, rest] = [events[4], events[5]];
    if (!half || !rest) throw new Error('no row');
    await archives.seal({ ...part, rows: 5, lastSeq: half.seq, lastHash: half.hash });
    const next = { ...part, rows: 5, firstSeq: rest.seq, prevHash: half.hash };
    await expect(archives.seal(next)).rejects.toThrow(/an earlier archive are still here/);
    await archives.remove(events.slice(0, 5));
    expect(await archives.seal(next)).toMatchObject({ totalRows: 10 });
  });

  it('let no other row go, nor one that is not as they have it', async () => {
    const { part, events } = await oldest();
    await expect(archives.remove(events)).rejects.toThrow('a row goes only once an archive has it');
    await archives.seal(part);
    await expect(dataSource.query('DELETE FROM audit_events')).rejects.toThrow('append-only');
    expect(await archives.remove(events.map((event) => ({ ...event, hash: 'f'.repeat(64) })))).toBe(0);
    expect(await seqs()).toHaveLength(15);
    for (const text of [`UPDATE audit_archives SET rows = 1`, 'DELETE FROM audit_archives', 'TRUNCATE audit_archives'])
      await expect(dataSource.query(text)).rejects.toThrow('audit_archives is append-only');
  });

  it('are not for a role that does not own the log, whatever it was granted', async () => {
    const role = `r_${randomUUID().replaceAll('-', '')}`;
    const { part, events } = await oldest();
    await dataSource.query(
      `CREATE ROLE ${role} LOGIN PASSWORD '${role}'; GRANT ALL ON ALL TABLES IN SCHEMA public TO ${role}`,
    );
    const url = new URL(database.url);
    [url.username, url.password] = [role, role];
    const options = { url: url.href, entities: accessEntities, applicationName: 'test', poolSize: 1 };
    const service = await new DataSource(dataSourceOptions(options)).initialize();
    try {
      const its = new AuditArchives(service, box);
      await expect(its.refuseUnlessOwner()).rejects.toThrow(`The role ${role} does not own the audit log`);
      await expect(its.seal(part)).rejects.toThrow('audit_archives is written by its owner only');
      await archives.seal(part);
      await expect(its.remove(events)).rejects.toThrow('audit_events is append-only');
      // Tables of its own do not stand in front of these.
      await service.query(
        `CREATE TEMP TABLE audit_archives AS SELECT 1000::bigint AS last_seq;
         CREATE TEMP TABLE pg_class AS SELECT c.oid, r.oid AS relowner
           FROM pg_catalog.pg_class c, pg_roles r WHERE rolname = current_user`,
      );
      await expect(its.remove(events)).rejects.toThrow('audit_events is append-only');
      expect(await seqs()).toHaveLength(15);
    } finally {
      await service.destroy();
      await dataSource.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`);
    }
    await archives.refuseUnlessOwner();
  });

  it('count in heads, which are met behind them', async () => {
    const heads = new AuditHeads(dataSource, box);
    const { part, events } = await oldest();
    await archives.seal(part);
    await archives.remove(events.slice(0, 3));
    const head = readHead((await heads.noteHourly()) ?? '');
    expect(head).toMatchObject({ rows: 15 });
    await archives.remove(events);
    const report = await log.verify([], head ? [head] : []);
    expect(report).toMatchObject({ ok: true, rows: 15, unmet: [], earlier: [] });
  });

  describe('seen from the service', () => {
    const look = () => new AuditVerification(dataSource, box).recent();
    const read = async (onFirst?: () => Promise<unknown>) => {
      const events: AuditEvent[] = [];
      for await (const event of log.oldestFirst(EVERYTHING, {})) {
        if (events.length === 0) await onFirst?.();
        events.push(event);
      }
      return events;
    };

    it('are where its look at the newest rows begins', async () => {
      await new AuditHeads(dataSource, box).noteHourly();
      expect(await look()).toMatchObject({ isSound: true, rows: 15, isWhole: true, archived: undefined });
      const { part, events } = await oldest();
      await archives.seal(part);
      for (const some of [events.slice(0, 5), events]) {
        await archives.remove(some);
        expect(await look()).toMatchObject({
          isSound: true,
          rows: 5,
          isWhole: true,
          head: { state: 'met' },
          archived: { rows: 10, upTo: part.upTo, state: 'signed' },
        });
      }
      const [first] = await seqs();
      await asOwner(`DELETE FROM audit_events WHERE seq = ${first}`);
      const [second] = await seqs();
      expect(await look()).toMatchObject({ isSound: false, brokenSeq: second });
    });

    it.each<[string, number, { state: string } | undefined]>([
      ['the head that stands at their end', 10, { state: 'met' }],
      ['no head from before that', 5, undefined],
    ])('leave it %s', async (_what, rowsThen, head) => {
      await asOwner('TRUNCATE audit_events');
      await act(rowsThen, 200);
      await new AuditHeads(dataSource, box).noteHourly();
      await act(10 - rowsThen, 200);
      await act(5, 0);
      const { part, events } = await oldest();
      await archives.seal(part);
      await archives.remove(events);
      const verdict = await look();
      expect(verdict).toMatchObject({ isSound: true, rows: 5 });
      expect(verdict.head).toEqual(head && { at: expect.any(Date), ...head });
    });

    it('are told to be forged, or signed by an unknown key', async () => {
      const { part } = await oldest();
      await archives.seal(part);
      const by = (id: string) => new AuditVerification(dataSource, new SecretBox([{ id, key: Buffer.alloc(32, 2) }]));
      expect(await by('k1').recent()).toMatchObject({ isSound: false, archived: { state: 'forged' } });
      expect(await by('k2').recent()).toMatchObject({ isSound: true, archived: { state: 'unknown_key' } });
    });

    it('are not in its exports, even before their rows are deleted', async () => {
      expect(await read()).toHaveLength(15);
      const { part, events } = await oldest();
      await archives.seal(part);
      await archives.remove(events.slice(0, 5));
      const exported = await read();
      expect(exported).toHaveLength(5);
      expect(exported[0]?.prevHash).toBe(part.lastHash);
    });

    it('break off an export that has not come so far', async () => {
      await asOwner('TRUNCATE audit_events');
      await act(2_500, 200);
      await act(5, 0);
      const { part, events } = await oldest();
      const archive = async () => {
        await archives.seal(part);
        await archives.remove(events);
      };
      await expect(read(archive)).rejects.toThrow('archived meanwhile');
    });
  });

  it('have no rows of the last 90 days', async () => {
    await expect(archives.refuseUnlessOld(daysAgo(89))).rejects.toThrow(
      /^Rows of the last 90 days stay: the day may be/,
    );
    await archives.refuseUnlessOld(daysAgo(91));
  });
});
