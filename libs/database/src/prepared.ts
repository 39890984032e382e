import type { Pool, QueryResultRow } from 'pg';
import type { DataSource } from 'typeorm';

/**
 * A statement that runs so often that planning it anew would cost more than running it: each connection plans it once.
 * Outside of transactions only, and errors are those of pg.
 * @param name stands for exactly this text
 */
export async function prepared<Row extends QueryResultRow>(
  dataSource: DataSource,
  name: string,
  text: string,
  values: unknown[],
): Promise<Row[]> {
  // TypeORM has no door to named statements; its driver's pool is pg's.
  const { master } = dataSource.driver as unknown as { master: InstanceType<typeof Pool> };
  return (await master.query<Row>({ name, text, values })).rows;
}
