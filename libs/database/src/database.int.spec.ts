import { randomBytes } from 'node:crypto';
import { Test } from '@nestjs/testing';
import { DataSource } from 'typeorm';
import { SettingsModule } from '@app/settings';
import { SecretBox } from '@app/vault';
import { createEmptyDatabase, type TestDatabase } from '../../../test/support/database.js';
import { eventually } from '../../../test/support/eventually.js';
import { DatabaseModule, rows, SealedColumns } from './index.js';

const masterKey = (id: string) => ({ id, key: randomBytes(32) });

describe('the database', () => {
  let database: TestDatabase;
  let dataSource: DataSource;
  let sealed: SealedColumns;
  let close: () => Promise<void>;

  beforeAll(async () => {
    database = await createEmptyDatabase();
    const secrets = new SecretBox([masterKey('test')]);
    const options = { url: database.url, applicationName: 'retract-under-test', poolSize: 3, secrets };
    const app = await Test.createTestingModule({
      imports: [SettingsModule.of(DatabaseModule.settings(options)), DatabaseModule],
    }).compile();
    dataSource = app.get(DataSource);
    sealed = app.get(SealedColumns);
    close = () => app.close();
    await dataSource.query('CREATE TABLE things (id integer PRIMARY KEY, secret text)');
  });
  afterAll(async () => {
    await close();
    await database.drop();
  });
  beforeEach(() => dataSource.query('TRUNCATE things'));

  it('gives the rows of every kind of statement alike', async () => {
    const run = (sql: string) => rows(dataSource, sql);
    expect(await run('SELECT * FROM things')).toEqual([]);
    expect(await run('INSERT INTO things (id) VALUES (1), (2) RETURNING id')).toEqual([{ id: 1 }, { id: 2 }]);
    expect(await run('INSERT INTO things (id) VALUES (1) ON CONFLICT DO NOTHING RETURNING id')).toEqual([]);
    expect(await run('UPDATE things SET id = id + 10 WHERE id = 1 RETURNING id')).toEqual([{ id: 11 }]);
    expect(await run('UPDATE things SET id = 0 WHERE id = 99 RETURNING id')).toEqual([]);
    expect(await run('SELECT id FROM things ORDER BY id')).toEqual([{ id: 2 }, { id: 11 }]);
    expect(await run('DELETE FROM things RETURNING id')).toHaveLength(2);
    expect(await run('DELETE FROM things RETURNING id')).toEqual([]);
    expect(await run('UPDATE things SET id = 0')).toEqual([]);
  });

  it('names the process that holds a connection', async () => {
    expect(await rows(dataSource, 'SELECT current_setting($1) AS name', ['application_name'])).toEqual([
      { name: 'retract-under-test' },
    ]);
  });

  it('is there again after the server has dropped every connection', async () => {
    const server = await new DataSource({ type: 'postgres', url: database.url, installExtensions: false }).initialize();
    const kill = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'retract-under-test'`;
    await Promise.all([1, 2, 3].map(() => dataSource.query('SELECT pg_sleep(0.05)')));
    expect((await rows(server, kill)).length).toBeGreaterThan(0);
    await server.destroy();
    const one = () => rows<{ one: number }>(dataSource, 'SELECT 1 AS one').catch(() => []);
    expect(await eventually(one, (found) => found.length === 1)).toEqual([{ one: 1 }]);
  });

  it('keeps a secret that opens in its own row and column only', async () => {
    const here = { table: 'things', column: 'secret', rowId: '1' };
    await dataSource.query('INSERT INTO things VALUES (1, $1)', [sealed.seal(here, 'refreshtoken@@@x')]);
    const [row] = await rows<{ secret: string }>(dataSource, 'SELECT secret FROM things');
    const stored = row?.secret ?? '';
    expect(stored).not.toContain('refreshtoken');
    expect(sealed.unseal(here, stored)).toBe('refreshtoken@@@x');
    for (const elsewhere of [{ rowId: '2' }, { column: 'other' }, { table: 'others' }]) {
      expect(() => sealed.unseal({ ...here, ...elsewhere }, stored)).toThrow();
    }
  });

  it('opens what was sealed before a new master key came, and not without the old one', () => {
    const [old, young] = [masterKey('old'), masterKey('young')];
    const place = { table: 'things', column: 'secret', rowId: '1' };
    const stored = new SealedColumns(new SecretBox([old])).seal(place, 'secret');
    expect(new SealedColumns(new SecretBox([young, old])).unseal(place, stored)).toBe('secret');
    expect(() => new SealedColumns(new SecretBox([young])).unseal(place, stored)).toThrow();
  });
});
