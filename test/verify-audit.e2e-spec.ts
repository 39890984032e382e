import { execFile } from 'node:child_process';
import { DataSource } from 'typeorm';
import { accessEntities, ApiKeys, AuditLog, type Actor } from '@app/access';
import { dataSourceOptions } from '@app/database';
import { createMigratedDatabase, type TestDatabase } from './support/database.js';

describe('npm run verify-audit', () => {
  let database: TestDatabase;
  let dataSource: DataSource;
  let audit: AuditLog;
  let actor: Actor;

  beforeEach(async () => {
    database = await createMigratedDatabase();
    const options = { url: database.url, entities: accessEntities, applicationName: 'test' };
    dataSource = await new DataSource(dataSourceOptions(options)).initialize();
    audit = new AuditLog(dataSource);
    const keys = new ApiKeys(dataSource, audit);
    const principal = await keys.authenticate((await keys.first()) ?? '');
    if (!principal) throw new Error('no key');
    actor = { ...principal, requestId: 'test', ip: '192.0.2.7' };
    for (const subjectId of ['wx1', 'wx2', 'wx3']) {
      await audit.record(actor, { action: 'platform.updated', subjectType: 'platform', subjectId });
    }
  });
  afterEach(async () => {
    await dataSource.destroy();
    await database.drop();
  });

  const verify = (url = database.url, noted: string[] = []) =>
    new Promise<{ code: unknown; out: string; err: string }>((resolve) => {
      const env = { PATH: process.env.PATH, DATABASE_URL: url };
      execFile(process.execPath, ['dist/apps/api/src/verify-audit.js', ...noted], { env }, (error, out, err) =>
        resolve({ code: error ? error.code : 0, out, err }),
      );
    });

  async function tamper(statement: string): Promise<void> {
    await dataSource.query('ALTER TABLE audit_events DISABLE TRIGGER audit_events_append_only');
    await dataSource.query(statement);
    await dataSource.query('ALTER TABLE audit_events ENABLE TRIGGER audit_events_append_only');
  }

  it('finds a log sound that nobody touched', async () => {
    await dataSource.transaction((tx) =>
      audit.note(tx, actor, { action: 'deletion.accepted', subjectType: 'deletion', subjectId: 'x' }),
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
    await audit.record(actor, { action: 'platform.updated', subjectType: 'platform', subjectId: 'wx4' });
    expect(await verify(database.url, noted)).toMatchObject({ code: 0 });
    await tamper(`DELETE FROM audit_events WHERE subject_id IN ('wx3', 'wx4')`);
    await audit.record(actor, { action: 'platform.updated', subjectType: 'platform', subjectId: 'wx5' });
    expect(await verify()).toMatchObject({ code: 0 });
    expect(await verify(database.url, noted)).toMatchObject({ code: 1, err: expect.stringContaining(noted[0] ?? '') });
    expect(await verify(database.url, ['newest'])).toMatchObject({ code: 2 });
  });

  it('finds acts that nobody chains', async () => {
    await dataSource.transaction((tx) =>
      audit.note(tx, actor, { action: 'deletion.accepted', subjectType: 'deletion', subjectId: 'x' }),
    );
    await dataSource.query(`UPDATE audit_inbox SET at = now() - interval '6 minutes'`);
    expect(await verify()).toMatchObject({ code: 1, err: expect.stringContaining('the oldest for 6 minutes') });
  });

  it('tells a log that is broken from one that could not be read', async () => {
    expect(await verify('')).toMatchObject({ code: 2, err: expect.stringContaining('DATABASE_URL must be') });
    expect(await verify('postgres://nobody@127.0.0.1:1/nothing')).toMatchObject({ code: 2 });
  });
});
