import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomUUID } from 'node:crypto';
import { Logger } from '@nestjs/common';
import pg from 'pg';
import { DataSource } from 'typeorm';
import {
  accessEntities,
  ApiKeys,
  AuditArchives,
  AuditHeads,
  AuditLog,
  AuditVerification,
  BEFORE_ALL,
} from '@app/access';
import { dataSourceOptions, prepareDatabase } from '@app/database';
import { EVERYTHING } from '@app/scope';
import { SecretBox } from '@app/vault';
import { batchesOf, lookAtArchive, writeArchive } from '../apps/api/src/audit/archive-file.js';
import { auditEventResource } from '../apps/api/src/audit/audit-event.js';
import { CommandLine } from './support/command-line.js';
import { createMigratedDatabase, type TestDatabase } from './support/database.js';
import { eventually } from './support/eventually.js';
import { commandsOf } from './support/runbook.js';

const key = { id: 'k1', key: Buffer.alloc(32, 1) };
const MASTER_KEYS = `k1:${key.key.toString('base64')}`;
const box = new SecretBox([key]);
/** A day that every row of `aYear(2023)` is from before. */
const DAY = '2024-01-01';

describe('npm run archive-audit', () => {
  const role = `service_${randomUUID().replaceAll('-', '')}`;
  let owned: TestDatabase;
  let serviceUrl: string;
  let dataSource: DataSource;
  let log: AuditLog;
  let apiKeyId: string;
  let folder: string;
  let file: string;

  beforeAll(() => Logger.overrideLogger(false));
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'retract-archives-'));
    file = join(folder, 'audit-2023.ndjson');
    owned = await createMigratedDatabase();
    await asOwner(`CREATE ROLE ${role} LOGIN PASSWORD '${role}'`);
    const url = new URL(owned.url);
    [url.username, url.password] = [role, role];
    serviceUrl = url.href;
    await prepareDatabase(serviceUrl, [key], { ownerUrl: owned.url });
    dataSource = await open(serviceUrl);
    log = AuditLog.of(dataSource);
    const keys = new ApiKeys(dataSource, log);
    const principal = await keys.authenticate((await keys.first()) ?? '');
    if (!principal) throw new Error('no key');
    ({ apiKeyId } = principal);
    await tamper('TRUNCATE audit_events');
  });
  afterEach(async () => {
    await dataSource.destroy();
    await asOwner(`DROP OWNED BY ${role}`);
    await owned.drop();
    await asOwner(`DROP ROLE ${role}`, new URL('/postgres', owned.url).href);
    rmSync(folder, { recursive: true });
  });

  const open = (url: string) =>
    new DataSource(dataSourceOptions({ url, entities: accessEntities, applicationName: 'test' })).initialize();

  async function asOwner<T extends object>(text: string, url = owned.url): Promise<T[]> {
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    return await client
      .query<T>(text)
      .then(({ rows }) => rows)
      .finally(() => client.end());
  }
  const tamper = (text: string) =>
    asOwner(`ALTER TABLE audit_events DISABLE TRIGGER USER; ${text}; ALTER TABLE audit_events ENABLE TRIGGER USER`);

  /** So many acts of the service at a time. */
  async function acts(count: number, from: string): Promise<void> {
    await dataSource.query(
      `INSERT INTO audit_inbox (at, api_key_id, role, action, subject_type, subject_id, request_id, ip, data)
       SELECT $3::timestamptz + n * interval '1 second', $1, 'admin', 'platform.updated', 'platform', 'wx' || n, 'test',
         '192.0.2.7', '{}' FROM generate_series(1, $2::int) AS n`,
      [apiKeyId, count, from],
    );
    await log.chainDeferred();
  }
  const aYear = (year: number, count: number) => acts(count, `${year}-03-01T00:00:00Z`);
  const today = (count: number) => acts(count, new Date().toISOString());
  const count = async () => {
    const [found] = await asOwner<{ count: number }>('SELECT count(*)::int AS count FROM audit_events');
    return found?.count ?? 0;
  };

  interface Ended {
    code: number | null;
    out: string;
    err: string;
  }
  const start = (program: string, words: string[], env: Record<string, string> = {}) =>
    spawn(
      'sh',
      ['-c', `${env.LIMIT ?? ''} exec "$@"`, 'sh', process.execPath, `dist/apps/api/src/${program}.js`, ...words],
      {
        env: {
          PATH: process.env.PATH,
          DATABASE_URL: serviceUrl,
          MIGRATION_DATABASE_URL: owned.url,
          MASTER_KEYS,
          ...env,
        },
      },
    );
  async function run(program: string, words: string[], env: Record<string, string> = {}): Promise<Ended> {
    const child = start(program, words, env);
    const [out, err] = [child.stdout, child.stderr].map(async (stream) => {
      let text = '';
      for await (const chunk of stream) text += String(chunk);
      return text;
    });
    const [code] = (await once(child, 'close')) as [number | null];
    return { code, out: (await out) ?? '', err: (await err) ?? '' };
  }
  const archive = (words: string[], env?: Record<string, string>) => run('audit/archive-audit', words, env);
  const take = (to = file, day = DAY) => archive(['--before', day, '--file', to]);
  const remove = (from = file) => archive(['--delete', '--file', from]);
  const verify = (...words: string[]) => run('verify-audit', words, { DATABASE_URL: owned.url });
  const sound = (text: string) => ({
    code: 0,
    err: '',
    out: expect.stringMatching(new RegExp(`^The audit log is sound: ${text}, newest hash [0-9a-f]{64}\\.\n`)),
  });
  const AFTER_FIVE = '3 rows, after 5 archived up to 2023-03-01T00:00:05\\.000Z';
  const noteHead = async () => (await new AuditHeads(dataSource, box).noteHourly()) ?? '';

  it('takes rows into a file that is an export, and deletes them once it is told', async () => {
    await aYear(2023, 5);
    const rows: string[] = [];
    for await (const event of log.oldestFirst(EVERYTHING, {})) rows.push(JSON.stringify(auditEventResource(event)));
    await noteHead();
    await today(3);
    expect(await take()).toMatchObject({ code: 0, err: '', out: expect.stringMatching(/has 5 rows, [^]* 1 heads/) });
    expect(readFileSync(file, 'utf8')).toBe(rows.map((row) => `${row}\n`).join(''));
    expect(await verify()).toMatchObject(sound('8 rows'));
    // Not deleted yet, it is in both.
    expect(await verify('--file', file, '--database')).toMatchObject(sound('3 rows, after 5 in the files'));

    expect(await remove()).toMatchObject({ code: 0, err: '', out: expect.stringContaining('5 rows were deleted.') });
    expect(await count()).toBe(3);
    expect(await verify()).toMatchObject(sound(AFTER_FIVE));
    expect(await verify('--file', file, '--database')).toMatchObject(sound('3 rows, after 5 in the files'));
    expect(await remove()).toMatchObject({ code: 0, out: expect.stringContaining('0 rows were deleted.') });
    // The service goes on.
    await today(2);
    await noteHead();
    expect(await verify()).toMatchObject(sound('5 rows, after 5 archived up to .*'));
    expect(await new AuditVerification(dataSource, box).recent()).toMatchObject({ isSound: true, rows: 5 });
  });

  it('makes archives one after the other, which are verified in their order, with the log behind them', async () => {
    await aYear(2022, 4);
    await aYear(2023, 5);
    const head = await noteHead();
    await today(3);
    const first = join(folder, 'audit-2022.ndjson');
    for (const [path, day] of [
      [first, '2023-01-01'],
      [file, DAY],
    ] as const) {
      expect(await take(path, day)).toMatchObject({ code: 0, err: '' });
      expect(await remove(path)).toMatchObject({ code: 0, err: '' });
    }
    expect(await verify()).toMatchObject(sound('3 rows, after 9 archived up to 2023-.*'));
    const both = ['--file', first, '--file', file];
    expect(await verify(...both, '--head', head)).toMatchObject(sound('9 rows'));
    expect(await verify(...both, '--database', '--head', head)).toMatchObject(sound('3 rows, after 9 in the files'));
    const [{ last_hash: hash } = { last_hash: '' }] = await asOwner<{ last_hash: string }>(
      'SELECT last_hash FROM audit_archives ORDER BY last_seq LIMIT 1',
    );
    expect(await verify('--file', file, '--after', hash)).toMatchObject(sound(`5 rows, after the hash ${hash}`));
    for (const [words, why] of [
      [['--file', file, '--file', first], /does not fit the 0 sound rows[^]*needs these before it/],
      [['--file', first, '--database'], /does not follow the files/],
    ] as const) {
      expect(await verify(...words)).toMatchObject({ code: 1, out: '', err: expect.stringMatching(why) });
    }
    expect(await verify('--file', file, '--database', '--after', hash)).toMatchObject({ code: 2 });
    // An export of the service is what comes behind them.
    const exported = join(folder, 'export.ndjson');
    let text = '';
    for await (const event of log.oldestFirst(EVERYTHING, {})) text += `${JSON.stringify(auditEventResource(event))}\n`;
    writeFileSync(exported, text);
    expect(await verify(...both, '--file', exported)).toMatchObject(sound('12 rows'));
  });

  it('goes on where it was killed: nothing is lost that the file has not, and the log is sound at each moment', async () => {
    await aYear(2023, 2_500);
    await today(3);
    const blocker = new pg.Client({ connectionString: owned.url });
    await blocker.connect();
    const killedWhere = async (words: string[], lock: string, isThere: () => Promise<boolean>) => {
      await blocker.query(`BEGIN; ${lock}`);
      const child = start('audit/archive-audit', words);
      await eventually(isThere, Boolean);
      await eventually(waiting, (backends) => backends.length === 1);
      const ended = once(child, 'close');
      child.kill('SIGKILL');
      await ended;
      await blocker.query('ROLLBACK');
      await eventually(
        () => ours(),
        (backends) => backends.length === 0,
      );
    };
    const ours = (where = 'true') =>
      blocker
        .query(
          `SELECT pid FROM pg_stat_activity WHERE datname = current_database()
           AND application_name = 'retract-archive-audit' AND ${where}`,
        )
        .then(({ rows }) => rows);
    const waiting = () =>
      asOwner(
        `SELECT pid FROM pg_stat_activity WHERE datname = current_database()
         AND application_name = 'retract-archive-audit' AND wait_event_type = 'Lock'`,
      );
    const taking = ['--before', DAY, '--file', file];
    // While it writes: no file is there by its name.
    const partial = () => Promise.resolve(existsSync(`${file}.partial`));
    await killedWhere(taking, 'LOCK TABLE audit_events IN ACCESS EXCLUSIVE MODE', partial);
    expect(existsSync(file)).toBe(false);
    expect(await archive(taking)).toMatchObject({ code: 0, err: '' });
    expect(existsSync(`${file}.partial`)).toBe(false);
    const kept = new Set(
      readFileSync(file, 'utf8')
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line).hash),
    );
    expect(kept.size).toBe(2_500);

    // Between the note and the first row, and between two steps.
    const sealed = async () => (await asOwner('SELECT 1 FROM audit_archives')).length === 1;
    for (const nth of [1, 600]) {
      const lock = `SELECT 1 FROM (SELECT seq FROM audit_events ORDER BY seq LIMIT 1 OFFSET ${nth - 1}) AS nth
        JOIN audit_events USING (seq) FOR UPDATE OF audit_events`;
      await killedWhere(['--delete', '--file', file], lock, sealed);
      const left = await asOwner<{ hash: string }>(`SELECT hash FROM audit_events WHERE at < '${DAY}'`);
      expect(left.every(({ hash }) => kept.has(hash))).toBe(true);
      expect(await verify()).toMatchObject(sound('3 rows, after 2500 archived up to .*'));
      expect(await verify('--file', file, '--database')).toMatchObject(sound('3 rows, after 2500 in the files'));
      expect(await new AuditVerification(dataSource, box).recent()).toMatchObject({ isSound: true, rows: 3 });
    }
    await blocker.end();
    expect(await count()).toBeGreaterThan(3);
    expect(await verify()).toMatchObject({ out: expect.stringMatching(/rows are archived and still here as well/) });
    expect(await remove()).toMatchObject({ code: 0, err: '' });
    expect(await count()).toBe(3);
    expect(await verify('--file', file, '--database')).toMatchObject(sound('3 rows, after 2500 in the files'));
  });

  describe('refuses, and changes nothing:', () => {
    beforeEach(async () => {
      await aYear(2023, 5);
      await today(3);
    });
    afterEach(async () => {
      expect(await count()).toBe(8);
      expect(await asOwner('SELECT 1 FROM audit_archives')).toEqual([]);
    });
    const refused = (why: RegExp) => ({ code: 2, out: '', err: expect.stringMatching(why) });

    it('words that are none of its own', async () => {
      for (const words of [
        [],
        ['--before', '2024-02-30', '--file', file],
        ['--before', DAY, '--file', file, '--delete'],
        ['--delete', '--file', file, '--force'],
      ])
        expect(await archive(words)).toMatchObject(refused(/^usage: /));
    });

    it('a day that is too young, and a file that is there', async () => {
      const young = new Date(Date.now() - 80 * 24 * 60 * 60_000).toISOString().slice(0, 10);
      expect(await take(file, young)).toMatchObject(refused(/^Rows of the last 90 days stay: the day may be /));
      writeFileSync(file, 'mine');
      expect(await take()).toMatchObject(refused(/is there already/));
      expect(readFileSync(file, 'utf8')).toBe('mine');
    });

    it('a disk that is full, and a folder that is none', async () => {
      const full = await archive(['--before', DAY, '--file', file], { LIMIT: 'ulimit -f 1;' });
      expect(full).toMatchObject(refused(/^The file cannot be used: EFBIG.*\n$/));
      expect(existsSync(file) || existsSync(`${file}.partial`)).toBe(false);
      expect(await take(join(folder, 'no/file'))).toMatchObject(refused(/^The file cannot be used: ENOENT/));
      expect(await remove(join(folder, 'nothing'))).toMatchObject(refused(/^The file cannot be used: ENOENT/));
    });

    it('a role that does not own the log, other keys, and a database without one', async () => {
      const asService = { MIGRATION_DATABASE_URL: serviceUrl };
      const words = ['--before', DAY, '--file', file];
      expect(await archive(words, asService)).toMatchObject(
        refused(/does not own the audit log.*MIGRATION_DATABASE_URL/),
      );
      const other = `k1:${Buffer.alloc(32, 2).toString('base64')}`;
      expect(await archive(words, { MASTER_KEYS: other })).toMatchObject(refused(/"?k1"?/));
      const empty = new URL('/postgres', owned.url).href;
      expect(await archive(words, { MIGRATION_DATABASE_URL: empty })).toMatchObject(refused(/has no audit log/));
      const none = 'postgres://nobody@127.0.0.1:1/nothing';
      expect(await archive(words, { MIGRATION_DATABASE_URL: none })).toMatchObject(
        refused(/^The database of MIGRATION_DATABASE_URL does not answer/),
      );
      expect(await archive(words, { DATABASE_URL: '', MIGRATION_DATABASE_URL: '' })).toMatchObject(
        refused(/DATABASE_URL must be/),
      );
    });

    it('a log that is broken, or has not what a head says', async () => {
      await tamper(`UPDATE audit_events SET ip = '192.0.2.8' WHERE subject_id = 'wx2' AND at < '${DAY}'`);
      expect(await take()).toMatchObject(refused(/^The log is broken at row/));
      await tamper('TRUNCATE audit_events');
      await aYear(2022, 4);
      await noteHead();
      await tamper('TRUNCATE audit_events');
      await aYear(2023, 5);
      await today(3);
      expect(await take()).toMatchObject(refused(/^The log had 4 rows/));
      expect(existsSync(file) || existsSync(`${file}.partial`)).toBe(false);
    });

    it('a file that is not as it was taken', async () => {
      await writeArchive(file, log.oldRows(BEFORE_ALL, new Date(DAY)));
      const lines = readFileSync(file, 'utf8').trim().split('\n');
      const write = (changed: readonly string[]) => writeFileSync(file, changed.map((line) => `${line}\n`).join(''));
      for (const [changed, why] of [
        [lines.slice(1), /does not begin at the start of the log/],
        [lines.toSpliced(2, 1), /broken at row/],
        [lines.with(1, (lines[1] ?? '').replace('192.0.2.7', '192.0.2.8')), /broken at row/],
        [[...lines, 'no row'], /^Line 6 is no row/],
      ] as const) {
        write(changed);
        await expect(lookAtArchive(file, BEFORE_ALL, [])).rejects.toThrow(why);
      }
      write(lines.with(1, (lines[1] ?? '').replace(/"seq":"\d+"/, '"seq":"1"')));
      expect(await remove()).toMatchObject(refused(/is not in order/));
      write([]);
      expect(await remove()).toMatchObject(refused(/has no rows/));
    });

    it('a file of another log', async () => {
      expect(await take()).toMatchObject({ code: 0 });
      await tamper('TRUNCATE audit_events');
      await aYear(2022, 5);
      await today(3);
      expect(await remove()).toMatchObject(refused(/is not in this log/));
    });
  });

  it('never takes the newest row', async () => {
    await aYear(2023, 1);
    expect(await take()).toMatchObject({ code: 0, out: expect.stringContaining('no rows to archive') });
    expect(existsSync(file)).toBe(false);
    await aYear(2023, 1);
    expect(await take()).toMatchObject({ code: 0, out: expect.stringContaining('has 1 rows') });
    expect(await remove()).toMatchObject({ code: 0 });
    expect(await count()).toBe(1);
    await noteHead();
    await today(1);
    expect(await verify()).toMatchObject(sound('2 rows, after 1 archived up to .*'));
  });

  describe('verify-audit behind an archive', () => {
    let head: string;
    beforeEach(async () => {
      await aYear(2023, 5);
      head = await noteHead();
      await aYear(2023, 1);
      await today(3);
      // As the program does it, in this process.
      const owner = await open(owned.url);
      const archives = new AuditArchives(owner, box);
      await writeArchive(file, AuditLog.of(owner).oldRows(BEFORE_ALL, new Date(DAY)));
      const part = await lookAtArchive(file, BEFORE_ALL, []);
      if (!part) throw new Error('no rows');
      await archives.seal(part);
      for await (const batch of batchesOf(file, part.prevHash, 4)) await archives.remove(batch);
      await owner.destroy();
      expect(await count()).toBe(3);
    });

    it.each([
      [
        'its first row was taken away',
        'DELETE FROM audit_events WHERE seq = (SELECT min(seq) FROM audit_events)',
        /does not follow the last archive/,
      ],
      ['all its rows were', 'TRUNCATE audit_events', /no rows behind the last archive/],
      [
        'an old row was put in',
        `INSERT INTO audit_events OVERRIDING SYSTEM VALUE SELECT 1, at, api_key_id, role, action, subject_type, subject_id,
           request_id, ip, data, repeat('0', 64), repeat('f', 64), NULL, NULL FROM audit_events LIMIT 1`,
        /still here and does not fit the last archive/,
      ],
    ])('finds the log broken where %s', async (_how, text, why) => {
      await tamper(text);
      expect(await verify()).toMatchObject({ code: 1, err: expect.stringMatching(why) });
    });

    it('believes no note that was written without the master key, and none of a key that it does not have', async () => {
      await asOwner('ALTER TABLE audit_archives DISABLE TRIGGER USER; UPDATE audit_archives SET rows = rows');
      expect(await verify()).toMatchObject({ code: 0, err: '' });
      await asOwner(`UPDATE audit_archives SET up_to = '2022-01-01'`);
      expect(await verify()).toMatchObject({ code: 1, err: expect.stringContaining('not as archive-audit wrote it') });
      await asOwner(`UPDATE audit_archives SET key_id = 'k0'`);
      expect(await verify()).toMatchObject({ code: 1, err: expect.stringContaining('master key "k0"') });
      await asOwner(`UPDATE audit_archives SET total_rows = 7`);
      expect(await verify()).toMatchObject({ code: 1, err: expect.stringContaining('does not follow the one before') });
    });

    it('does not pass over a head that was noted: it asks for the file, and looks there', async () => {
      expect(await verify()).toMatchObject({ code: 0, out: expect.stringContaining('1 heads are of archived rows') });
      expect(await verify('--head', head)).toMatchObject({
        code: 1,
        err: expect.stringContaining('1 of the heads that were given are of archived rows'),
      });
      expect(await verify('--file', file, '--database', '--head', head)).toMatchObject({ code: 0, err: '' });
      // Somebody who owns the database, and has the keys, notes what he deletes as archived; his file fits in itself.
      const lines = readFileSync(file, 'utf8').trim().split('\n').slice(0, 4);
      writeFileSync(file, lines.map((line) => `${line}\n`).join(''));
      expect(await verify('--file', file, '--head', head)).toMatchObject({
        code: 1,
        err: expect.stringContaining('The audit log had 5 rows'),
      });
    });

    it('names the archives as where a hash may be that was noted', async () => {
      const { hash } = JSON.parse(readFileSync(file, 'utf8').split('\n')[2] ?? '') as { hash: string };
      expect(await verify(hash)).toMatchObject({ code: 1, err: expect.stringContaining('Or it is before them') });
      expect(await verify('--file', file, '--database', hash)).toMatchObject({ code: 0, err: '' });
    });
  });

  it('follows the runbook, also after an earlier dump was restored', async () => {
    await aYear(2024, 5);
    await noteHead();
    await today(3);
    const user = new CommandLine({ DATABASE_URL: serviceUrl, MIGRATION_DATABASE_URL: owned.url, MASTER_KEYS });
    const follow = async (block: string | undefined) => {
      const { code, out, err } = await user.run(block ?? 'false');
      expect({ code, err }).toEqual({ code: 0, err: '' });
      return out;
    };
    const [taking, removing, checking] = commandsOf('Archive the audit log');
    await follow(taking);
    // As yesterday's dump has it.
    await asOwner('CREATE TABLE dumped AS SELECT * FROM audit_events');
    await follow(removing);
    expect(await count()).toBe(3);
    expect(await follow(checking)).toContain('3 rows, after 5 in the files');

    await asOwner(
      'ALTER TABLE audit_archives DISABLE TRIGGER USER; DELETE FROM audit_archives; ALTER TABLE audit_archives ENABLE TRIGGER USER',
    );
    await tamper('TRUNCATE audit_events; INSERT INTO audit_events OVERRIDING SYSTEM VALUE SELECT * FROM dumped');
    expect(await verify()).toMatchObject(sound('8 rows'));
    await follow(removing);
    expect(await count()).toBe(3);
    expect(await follow(checking)).toContain('3 rows, after 5 in the files');
  });
});
