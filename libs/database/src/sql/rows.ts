import { QueryFailedError, type EntityManager, type ObjectLiteral, type SelectQueryBuilder } from 'typeorm';
import type { Bind } from './statement.js';

/** A DataSource, or the EntityManager of a transaction. */
export type Sql = Pick<EntityManager, 'query'>;

/**
 * A statement that becomes a part of another.
 * @param bind adds a value and names it
 * @param once a table or subquery that has one row, or none when nothing shall be done; in it the tenant's names,
 *   `component_appid` and `authorizer_appid`
 */
export type StatementPart = (bind: Bind, once: string) => string;

/** The rows of a statement. TypeORM's own `query` wraps those of UPDATE and DELETE in a pair with their count. */
export async function rows<T>(sql: Sql, text: string, parameters: unknown[] = []): Promise<T[]> {
  const raw: unknown = await sql.query(text, parameters);
  if (!Array.isArray(raw)) return [];
  return (Array.isArray(raw[0]) ? raw[0] : raw) as T[];
}

/** For SQL that is written apart from the query that it becomes a part of. @returns what adds a value and names it */
export function binderOf(query: SelectQueryBuilder<ObjectLiteral>): Bind {
  return (value) => {
    const name = `bound${Object.keys(query.getParameters()).length}`;
    query.setParameter(name, value);
    return `:${name}`;
  };
}

/**
 * Whether a statement failed because of rows in it, so that others may fare better without them. pg's errors and
 * TypeORM's.
 */
export function isItemError(error: unknown): boolean {
  const cause: unknown = error instanceof QueryFailedError ? error.driverError : error;
  const sqlState = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  // Data exceptions, constraints, deadlocks: https://www.postgresql.org/docs/current/errcodes-appendix.html
  return /^(22|23|40)[0-9A-Z]{3}$/.test(sqlState);
}
