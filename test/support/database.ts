import { randomUUID } from 'node:crypto';
import pg from 'pg';

export interface TestDatabase {
  url: string;
  drop(): Promise<void>;
}

/** An empty database of its own for one test file, on the server that global setup started. */
export const createEmptyDatabase = (): Promise<TestDatabase> => create();

/** One with every migration run: a copy of the template that global setup migrated. */
export const createMigratedDatabase = (): Promise<TestDatabase> =>
  create(new URL(process.env.TEST_TEMPLATE_URL ?? '').pathname.slice(1));

async function create(template?: string): Promise<TestDatabase> {
  const server = new URL(process.env.TEST_TEMPLATE_URL ?? '');
  const run = async (sql: string) => {
    const client = new pg.Client({ connectionString: new URL('/postgres', server).href });
    await client.connect();
    try {
      await client.query(sql);
    } finally {
      await client.end();
    }
  };
  const name = `t_${randomUUID().replaceAll('-', '')}`;
  await run(`CREATE DATABASE "${name}"${template ? ` TEMPLATE "${template}"` : ''}`);
  return { url: new URL(`/${name}`, server).href, drop: () => run(`DROP DATABASE "${name}" WITH (FORCE)`) };
}
