import type { Pool, PoolClient, QueryResultRow } from 'pg';
import type { EntityManager } from 'typeorm';

/**
 * A statement that runs so often that planning it anew would cost more than running it: each connection plans it once.
 * Errors are those of pg.
 * @param manager a transaction's, or the DataSource's own
 * @param name stands for exactly this text; at most 63 characters, for Postgres reads no more of it
 */
export async function prepared<Row extends QueryResultRow>(
  manager: EntityManager,
  name: string,
  text: string,
  values: unknown[],
): Promise<Row[]> {
  // TypeORM has no door to named statements; its driver's pool is pg's, and so are the connections.
  const { master } = manager.dataSource.driver as unknown as { master: InstanceType<typeof Pool> };
  const connection = ((await manager.queryRunner?.connect()) as PoolClient | undefined) ?? master;
  return (await connection.query<Row>({ name, text, values })).rows;
}
