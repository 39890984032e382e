import type { EntityManager } from 'typeorm';

/** A DataSource, or the EntityManager of a transaction. */
export type Sql = Pick<EntityManager, 'query'>;

/** The rows of a statement. TypeORM's own `query` wraps those of UPDATE and DELETE in a pair with their count. */
export async function rows<T>(sql: Sql, text: string, parameters: unknown[] = []): Promise<T[]> {
  const raw: unknown = await sql.query(text, parameters);
  if (!Array.isArray(raw)) return [];
  return (Array.isArray(raw[0]) ? raw[0] : raw) as T[];
}
