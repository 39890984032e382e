import { BYTE_ORDER_MARK, cellOf, csvRow } from '@app/csv';

export const CSV_TYPE = 'text/csv; charset=utf-8';

/** CSV of RFC 4180 with a head, row by row. No cell is run as a formula, and no msg_id loses its last digits. */
export async function* csvText<Column extends string>(
  columns: readonly Column[],
  records: AsyncIterable<Record<Column, unknown>>,
): AsyncGenerator<string> {
  yield BYTE_ORDER_MARK + csvRow([...columns]);
  for await (const record of records) yield csvRow(columns.map((column) => cellOf(record[column])));
}
