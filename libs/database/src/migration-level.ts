import { rows, type Sql } from './sql/rows.js';

/** The newest migration that the database has had, by its name. */
export async function migrationLevel(sql: Sql): Promise<string> {
  const [newest] = await rows<{ name: string }>(sql, `SELECT name FROM migrations ORDER BY timestamp DESC LIMIT 1`);
  if (!newest) throw new Error('The database was never migrated.');
  return newest.name;
}
