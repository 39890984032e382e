import { Logger } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { dataSourceOptions } from '@app/database';
import { SecretBox } from '@app/vault';
import { createMigratedDatabase, type TestDatabase } from '../../../../test/support/database.js';
import { ApiKeys } from '../keys/api-keys.js';
import { AuditEvent } from './audit-event.entity.js';
import { AuditHeads } from './audit-heads.js';
import { AuditLog, type Actor } from './audit-log.js';
import { AuditVerification } from './audit-verification.js';
import { accessEntities } from '../index.js';

beforeAll(() => Logger.overrideLogger(false));

describe('a look at the newest part of the audit log', () => {
  let database: TestDatabase;
  let dataSource: DataSource;
  let actor: Actor;
  const box = (id: string, byte = 1) => new SecretBox([{ id, key: Buffer.alloc(32, byte) }]);

  beforeEach(async () => {
    database = await createMigratedDatabase();
    const options = { url: database.url, entities: accessEntities, applicationName: 'test' };
    dataSource = await new DataSource(dataSourceOptions(options)).initialize();
    const keys = new ApiKeys(dataSource, log());
    const key = `rk_${'k'.repeat(40)}`;
    // Its row is the first of the log.
    await keys.bootstrap(key);
    const principal = await keys.authenticate(key);
    if (!principal) throw new Error('no key');
    actor = { ...principal, requestId: uuidv7(), ip: '192.0.2.7' };
  });
  afterEach(async () => {
    await dataSource.destroy();
    await database.drop();
  });

  const log = () => new AuditLog(dataSource, dataSource.getRepository(AuditEvent));
  const look = (by = box('k1')) => new AuditVerification(dataSource, by).recent();
  const note = () => new AuditHeads(dataSource, box('k1')).noteHourly();

  /** As the appends of one act after the other, in one transaction. */
  async function append(count: number): Promise<void> {
    await dataSource.transaction(async (tx) => {
      for (let i = 0; i < count; i++)
        await log().defer(tx, actor, { action: 'merchant.refreshed', subjectType: 'merchant', subjectId: `wx${i}` });
    });
    await log().chainDeferred();
  }

  /** As somebody does who owns the database. */
  async function tamper(text: string): Promise<void> {
    await dataSource.query(`ALTER TABLE audit_events DISABLE TRIGGER USER; ${text}`);
  }

  it('finds a log of few rows whole and sound, and one without a head', async () => {
    await append(3);
    expect(await look()).toMatchObject({
      isSound: true,
      rows: 4,
      isWhole: true,
      brokenSeq: undefined,
      head: undefined,
    });
  });

  it('looks at the newest 250 of many, after the hash of the row before them', async () => {
    await append(300);
    await note();
    const verdict = await look();
    expect(verdict).toMatchObject({ isSound: true, rows: 250, isWhole: false, head: { state: 'met' } });
    // What lies before is checked by verify alone.
    await tamper(`UPDATE audit_events SET ip = '192.0.2.8' WHERE seq = (SELECT min(seq) FROM audit_events)`);
    expect(await look()).toMatchObject({ isSound: true });
    expect((await log().verify()).ok).toBe(false);
  });

  it.each([
    ['changed', `UPDATE audit_events SET ip = '192.0.2.8' WHERE subject_id = 'wx1'`, 'wx1'],
    ['taken out', `DELETE FROM audit_events WHERE subject_id = 'wx1'`, 'wx2'],
  ])('names the first that does not fit where one was %s', async (_how, text, broken) => {
    await append(3);
    await note();
    await tamper(text);
    const verdict = await look();
    const [row] = await dataSource.query(`SELECT seq FROM audit_events WHERE subject_id = $1`, [broken]);
    expect(verdict).toMatchObject({ isSound: false, brokenSeq: row.seq, head: { state: 'met' } });
  });

  it('tells that the end was cut off, by the head that was noted', async () => {
    await append(3);
    await note();
    await append(1);
    expect(await look()).toMatchObject({ isSound: true, head: { state: 'met' } });
    await tamper(`DELETE FROM audit_events WHERE seq > (SELECT min(seq) FROM audit_events)`);
    expect(await look()).toMatchObject({ isSound: false, brokenSeq: undefined, head: { state: 'not_met' } });
  });

  it('tells of a head that is signed otherwise', async () => {
    await append(1);
    await note();
    expect(await look(box('k1', 2))).toMatchObject({ isSound: false, head: { state: 'forged' } });
    expect(await look(box('k2', 2))).toMatchObject({ isSound: true, head: { state: 'unknown_key' } });
  });
});
