import { Logger } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { dataSourceOptions } from '@app/database';
import { SecretBox } from '@app/vault';
import { createMigratedDatabase, type TestDatabase } from '../../../../test/support/database.js';
import { ApiKeys } from '../keys/api-keys.js';
import { CHAIN_START } from './audit-chain.js';
import { isSigned, readHead } from './audit-head.js';
import { AuditHeads } from './audit-heads.js';
import { AuditEvent } from './audit-event.entity.js';
import { AuditLog } from './audit-log.js';
import { accessEntities } from '../index.js';

beforeAll(() => Logger.overrideLogger(false));

describe('the heads of the audit log', () => {
  let database: TestDatabase;
  let dataSource: DataSource;
  const box = new SecretBox([{ id: 'k1', key: Buffer.alloc(32, 1) }]);

  beforeEach(async () => {
    database = await createMigratedDatabase();
    const options = { url: database.url, entities: accessEntities, applicationName: 'test' };
    dataSource = await new DataSource(dataSourceOptions(options)).initialize();
  });
  afterEach(async () => {
    await dataSource.destroy();
    await database.drop();
  });

  const note = () => new AuditHeads(dataSource, box).noteHourly();
  const anHourLater = () =>
    dataSource.query(`
      ALTER TABLE audit_heads DISABLE TRIGGER audit_heads_append_only;
      UPDATE audit_heads SET at = at - interval '1 hour';
      ALTER TABLE audit_heads ENABLE TRIGGER audit_heads_append_only`);
  const heads = async () => (await AuditHeads.noted(dataSource)).map((text) => readHead(text));

  it('are noted once an hour, however many processes try, and say what the chain came to', async () => {
    const first = await Promise.all([note(), note(), note(), note()]);
    expect(first.filter(Boolean)).toHaveLength(1);
    expect(await note()).toBeUndefined();
    await new ApiKeys(dataSource, new AuditLog(dataSource, dataSource.getRepository(AuditEvent))).first();
    await anHourLater();
    await note();
    const report = await new AuditLog(dataSource, dataSource.getRepository(AuditEvent)).verify();
    if (!report.ok) throw new Error('the chain is broken');
    expect(report.rows).toBeGreaterThan(0);
    const noted = await heads();
    expect(noted).toMatchObject([
      { rows: 0, hash: CHAIN_START },
      { rows: report.rows, hash: report.lastHash, keyId: 'k1' },
    ]);
    expect(noted.map((head) => head && isSigned(head, box))).toEqual([true, true]);
  });

  it('can be neither changed nor taken away', async () => {
    await note();
    for (const statement of [`UPDATE audit_heads SET head = ''`, 'DELETE FROM audit_heads', 'TRUNCATE audit_heads']) {
      await expect(dataSource.query(statement)).rejects.toThrow('audit_heads is append-only');
    }
  });
});
