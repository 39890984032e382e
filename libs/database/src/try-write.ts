import type { DataSource } from 'typeorm';

/**
 * A row that stays as large as it was needs no room, so it alone would not notice a full disk: a sort that goes beyond
 * its memory does, for it puts some 600 kB there and takes them away again. One round trip, all in one transaction.
 */
const TRY_WRITE = `
  SET LOCAL work_mem = '64kB';
  UPDATE readiness SET written_at = now();
  SELECT count(*) FROM (
    SELECT md5(n::text) AS word FROM generate_series(1, 8000) AS n ORDER BY word OFFSET 0
  ) AS sorted`;

/** Whether the database can be written just now. @throws what pg says, when it cannot: see databaseShortage */
export async function tryWrite(dataSource: DataSource): Promise<void> {
  await dataSource.query(TRY_WRITE);
}
