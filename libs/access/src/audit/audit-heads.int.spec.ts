import { Logger } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { dataSourceOptions } from '@app/database';
import { SecretBox } from '@app/vault';
import { createMigratedDatabase, type TestDatabase } from '../../../../test/support/database.js';
import { ApiKeys } from '../keys/api-keys.js';
import { CHAIN_START } from './audit-chain.js';
import { isSigned, readHead, writeHead } from './audit-head.js';
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

  it('count on from the head before, if this service has signed it and the chain has its row', async () => {
    const log = new AuditLog(dataSource, dataSource.getRepository(AuditEvent));
    const keys = new ApiKeys(dataSource, log);
    const noteAgain = async (box: SecretBox) => {
      await anHourLater();
      return readHead((await new AuditHeads(dataSource, box).noteHourly()) ?? '');
    };
    const verify = async () => {
      const report = await log.verify(
        [],
        (await heads()).flatMap((head) => head ?? []),
      );
      if (!report.ok) throw new Error('the chain is broken');
      return report;
    };
    const key = (await keys.first()) ?? '';
    const { lastHash: hash } = await verify();
    expect(await noteAgain(box)).toMatchObject({ rows: 1, hash });
    expect((await verify()).unmet).toEqual([]);

    const wrong = writeHead({ at: new Date(), rows: 41, hash }, box);
    await anHourLater();
    await dataSource.query(`INSERT INTO audit_heads VALUES (now() - interval '1 minute', $1)`, [wrong]);
    expect(await noteAgain(box)).toMatchObject({ rows: 41, hash });
    const principal = await keys.authenticate(key);
    if (!principal) throw new Error('no key');
    await log.appendAlone(
      { ...principal, requestId: 'r', ip: '' },
      {
        ...{ action: 'platform.synced', subjectType: 'platform', subjectId: 'wx' },
      },
    );
    expect(await noteAgain(box)).toMatchObject({ rows: 42 });
    expect((await verify()).unmet).toMatchObject([{ rows: 41 }, { rows: 41 }, { rows: 42 }]);

    // Signed with another key, or of rows that are not here: all are counted.
    expect(await noteAgain(new SecretBox([{ id: 'k2', key: Buffer.alloc(32, 2) }]))).toMatchObject({ rows: 2 });
    const elsewhere = writeHead({ at: new Date(), rows: 41, hash: 'e'.repeat(64) }, box);
    await anHourLater();
    await dataSource.query(`INSERT INTO audit_heads VALUES (now() - interval '1 minute', $1)`, [elsewhere]);
    expect(await noteAgain(box)).toMatchObject({ rows: 2 });
  });

  it('can be neither changed nor taken away', async () => {
    await note();
    for (const statement of [`UPDATE audit_heads SET head = ''`, 'DELETE FROM audit_heads', 'TRUNCATE audit_heads']) {
      await expect(dataSource.query(statement)).rejects.toThrow('audit_heads is append-only');
    }
  });
});
