import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Logger } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { accessEntities, ApiKeys, AuditHeads, AuditLog, type Actor } from '@app/access';
import { dataSourceOptions } from '@app/database';
import { EVERYTHING } from '@app/scope';
import { SecretBox } from '@app/vault';
import { auditEventResource } from '../apps/api/src/audit/audit-event.js';
import { startBuiltApp } from './support/built-app.js';
import { createMigratedDatabase, type TestDatabase } from './support/database.js';
import { eventually } from './support/eventually.js';

const key = { id: 'k1', key: Buffer.alloc(32, 1) };
const MASTER_KEYS = `k1:${key.key.toString('base64')}`;

describe('npm run verify-audit', () => {
  let database: TestDatabase;
  let dataSource: DataSource;
  let audit: AuditLog;
  let actor: Actor;

  beforeAll(() => Logger.overrideLogger(false));
  beforeEach(async () => {
    database = await createMigratedDatabase();
    const options = { url: database.url, entities: accessEntities, applicationName: 'test' };
    dataSource = await new DataSource(dataSourceOptions(options)).initialize();
    audit = AuditLog.of(dataSource);
    const keys = new ApiKeys(dataSource, audit);
    const principal = await keys.authenticate((await keys.first()) ?? '');
    if (!principal) throw new Error('no key');
    actor = { ...principal, requestId: 'test', ip: '192.0.2.7' };
    for (const subjectId of ['wx1', 'wx2', 'wx3']) {
      await audit.appendAlone(actor, { action: 'platform.updated', subjectType: 'platform', subjectId });
    }
  });
  afterEach(async () => {
    await dataSource.destroy();
    await database.drop();
  });

  const verify = (url = database.url, noted: string[] = [], masterKeys = MASTER_KEYS) =>
    new Promise<{ code: unknown; out: string; err: string }>((resolve) => {
      const env = { PATH: process.env.PATH, DATABASE_URL: url, MASTER_KEYS: masterKeys };
      execFile(process.execPath, ['dist/apps/api/src/verify-audit.js', ...noted], { env }, (error, out, err) =>
        resolve({ code: error ? error.code : 0, out, err }),
      );
    });

  async function tamper(statement: string, table = 'audit_events'): Promise<void> {
    await dataSource.query(`ALTER TABLE ${table} DISABLE TRIGGER USER`);
    await dataSource.query(statement);
    await dataSource.query(`ALTER TABLE ${table} ENABLE TRIGGER USER`);
  }

  it('finds a log sound that nobody touched', async () => {
    await dataSource.transaction((tx) =>
      audit.defer(tx, actor, { action: 'deletion.accepted', subjectType: 'deletion', subjectId: 'x' }),
    );
    const { code, out } = await verify();
    expect({ code, out }).toEqual({
      code: 0,
      out: expect.stringMatching(/^The audit log is sound: 4 rows, newest hash [0-9a-f]{64}\.\n1 acts .* chained\.\n$/),
    });
  });

  it.each([
    ['changed', `UPDATE audit_events SET ip = '127.0.0.1' WHERE subject_id = 'wx2'`, 'wx2'],
    ['given to another tenant', `UPDATE audit_events SET authorizer_appid = 'wx9' WHERE subject_id = 'wx2'`, 'wx2'],
    ['taken away', `DELETE FROM audit_events WHERE subject_id = 'wx2'`, 'wx3'],
  ])('names the first row that does not fit where one was %s', async (_how, statement, subjectId) => {
    await tamper(statement);
    const [{ seq } = { seq: '' }] = await dataSource.query<{ seq: string }[]>(
      'SELECT seq FROM audit_events WHERE subject_id = $1',
      [subjectId],
    );
    expect(await verify()).toEqual({
      code: 1,
      out: '',
      err: `The audit log is broken: row ${seq} does not fit the 2 sound rows before it.\n`,
    });
  });

  it('misses rows that were cut off, also where others came after them', async () => {
    const [last] = await audit.list(actor.scope, { limit: 1 });
    const noted = [last?.hash ?? ''];
    await audit.appendAlone(actor, { action: 'platform.updated', subjectType: 'platform', subjectId: 'wx4' });
    expect(await verify(database.url, noted)).toMatchObject({ code: 0 });
    await tamper(`DELETE FROM audit_events WHERE subject_id IN ('wx3', 'wx4')`);
    await audit.appendAlone(actor, { action: 'platform.updated', subjectType: 'platform', subjectId: 'wx5' });
    expect(await verify()).toMatchObject({ code: 0 });
    expect(await verify(database.url, noted)).toMatchObject({ code: 1, err: expect.stringContaining(noted[0] ?? '') });
    expect(await verify(database.url, ['newest'])).toMatchObject({ code: 2 });
  });

  describe('with heads', () => {
    const noteHead = async (by = key) => (await new AuditHeads(dataSource, new SecretBox([by])).noteHourly()) ?? '';
    const anHourLater = () => tamper(`UPDATE audit_heads SET at = at - interval '1 hour'`, 'audit_heads');

    it('finds a log sound that has grown since', async () => {
      await noteHead();
      expect(await noteHead()).toBe('');
      await audit.appendAlone(actor, { action: 'platform.updated', subjectType: 'platform', subjectId: 'wx4' });
      await anHourLater();
      await noteHead();
      expect(await verify()).toMatchObject({ code: 0, out: expect.stringContaining('sound: 5 rows'), err: '' });
      expect(await verify(database.url, [], '')).toMatchObject({ code: 0, out: expect.stringContaining('2 heads') });
    });

    it.each([
      ['was emptied', 'TRUNCATE audit_events'],
      ['was cut off at its end', `DELETE FROM audit_events WHERE subject_id IN ('wx2', 'wx3')`],
    ])('calls no log sound that %s', async (_how, statement) => {
      await noteHead();
      await tamper(statement);
      const emptied = { code: 1, out: '', err: expect.stringMatching(/^The audit log had 4 rows at .*: 1 of 1\.\n$/) };
      expect(await verify()).toEqual(emptied);
      // What comes later covers nothing up.
      for (const subjectId of ['wx5', 'wx6', 'wx7', 'wx8']) {
        await audit.appendAlone(actor, { action: 'platform.updated', subjectType: 'platform', subjectId });
      }
      await anHourLater();
      await noteHead();
      expect(await verify()).toMatchObject({ code: 1, out: '', err: expect.stringContaining('1 of 2.') });
    });

    it('knows a head from the log of a process where all is gone from the database', async () => {
      const lines: string[] = [];
      const settings = { DATABASE_URL: database.url, MASTER_KEYS };
      const worker = await startBuiltApp('worker', settings, (line) => lines.push(line));
      const told = () => Promise.resolve(lines.find((line) => line.includes('audit head')));
      const line = (await eventually(told, (found) => found !== undefined)) ?? '';
      await worker.end('SIGTERM');
      expect(await verify(database.url, ['--head', line])).toMatchObject({ code: 0 });
      await tamper('TRUNCATE audit_events');
      await tamper('TRUNCATE audit_heads', 'audit_heads');
      expect(await verify()).toMatchObject({
        code: 1,
        out: '',
        err: expect.stringContaining('no head of it is known'),
      });
      expect(await verify(database.url, ['--head', line])).toMatchObject({
        code: 1,
        err: expect.stringContaining('The audit log had 4 rows'),
      });
      expect(await verify(database.url, ['--head', 'nothing'])).toMatchObject({ code: 2 });
    });

    it('believes no head that was written without the master key', async () => {
      const other = { id: 'k1', key: Buffer.alloc(32, 2) };
      await noteHead(other);
      expect(await verify()).toMatchObject({
        code: 1,
        err: expect.stringContaining('is not as this service wrote it'),
      });
      await tamper('TRUNCATE audit_heads', 'audit_heads');
      await noteHead({ ...other, id: 'k0' });
      expect(await verify()).toMatchObject({ code: 1, err: expect.stringContaining('master key "k0"') });
    });

    it('misses heads that were taken away', async () => {
      await noteHead();
      await tamper('TRUNCATE audit_heads', 'audit_heads');
      await dataSource.query(
        `INSERT INTO audit_inbox (at, api_key_id, role, action, subject_type, subject_id, request_id, ip, data)
         VALUES (now() + interval '3 hours', $1, 'admin', 'platform.updated', 'platform', 'wx9', 'test', '192.0.2.7', '{}')`,
        [actor.apiKeyId],
      );
      await audit.chainDeferred();
      expect(await verify()).toMatchObject({ code: 1, err: expect.stringContaining('Rows of 3 hours are in no head') });
    });
  });

  describe('with an export', () => {
    const exported = async () => {
      const rows: string[] = [];
      for await (const event of audit.oldestFirst(EVERYTHING, {})) rows.push(JSON.stringify(auditEventResource(event)));
      return rows;
    };
    const verifyFile = async (rows: string[], words: string[] = [], masterKeys = MASTER_KEYS) => {
      const file = join(await mkdtemp(join(tmpdir(), 'retract-audit-')), 'export.ndjson');
      await writeFile(file, rows.map((row) => `${row}\n`).join(''));
      // There is no database.
      return verify('', ['--file', file, ...words], masterKeys).finally(() => rm(dirname(file), { recursive: true }));
    };

    it('finds it sound without the database, and by what was noted before', async () => {
      const head = (await new AuditHeads(dataSource, new SecretBox([key])).noteHourly()) ?? '';
      const rows = await exported();
      const out = expect.stringMatching(/^The audit log is sound: 4 rows, newest hash [0-9a-f]{64}\.\n$/);
      expect(await verifyFile(rows)).toEqual({ code: 0, out, err: '' });
      expect(await verifyFile(rows, ['--head', head])).toEqual({ code: 0, out, err: '' });
      const cut = { code: 1, out: '', err: expect.stringContaining('The audit log had 4 rows') };
      expect(await verifyFile(rows.slice(0, 3), ['--head', head])).toEqual(cut);
      const other = `k1:${Buffer.alloc(32, 2).toString('base64')}`;
      const forged = { code: 1, err: expect.stringContaining('is not as this service wrote it') };
      expect(await verifyFile(rows, ['--head', head], other)).toMatchObject(forged);
      expect(await verifyFile(rows, ['--head', head], '')).toMatchObject({
        code: 0,
        out: expect.stringContaining('1 heads were not checked'),
      });
    });

    it('names the first row that does not fit, and a line that is none', async () => {
      const rows = await exported();
      const { seq } = JSON.parse(rows[2] ?? '') as { seq: string };
      const broken = { code: 1, err: expect.stringContaining(`row ${seq} does not fit the 2 sound rows`) };
      expect(await verifyFile(rows.with(2, (rows[2] ?? '').replace('192.0.2.7', '192.0.2.8')))).toMatchObject(broken);
      expect(await verifyFile([...rows, '{"seq":"1"}'])).toMatchObject({
        code: 2,
        err: expect.stringContaining('Line 5 is no row'),
      });
      expect(await verifyFile(['no json'])).toMatchObject({ code: 2 });
      expect(await verify('', ['--file', '/no/such/file'])).toMatchObject({ code: 2 });
    });
  });

  it('finds acts that nobody chains', async () => {
    await dataSource.transaction((tx) =>
      audit.defer(tx, actor, { action: 'deletion.accepted', subjectType: 'deletion', subjectId: 'x' }),
    );
    await dataSource.query(`UPDATE audit_inbox SET at = now() - interval '6 minutes'`);
    expect(await verify()).toMatchObject({ code: 1, err: expect.stringContaining('the oldest for 6 minutes') });
  });

  it('tells a log that is broken from one that could not be read', async () => {
    expect(await verify('')).toMatchObject({ code: 2, err: expect.stringContaining('DATABASE_URL must be') });
    expect(await verify('postgres://nobody@127.0.0.1:1/nothing')).toMatchObject({ code: 2 });
  });
});
