import { stringify } from 'csv-stringify/sync';

/** RFC 4180: lines end with CR LF. In quotes where a tab or a lone CR or LF is, which some programs take for the end of a cell. */
export const csvRow = (cells: string[]) =>
  stringify([cells], { record_delimiter: 'windows', quoted_match: /[\t\r\n]/ });

/** Without it, Excel takes UTF-8 for the code page of its machine. */
export const BYTE_ORDER_MARK = '\u{feff}';

/** What spreadsheets run as a formula; in East Asia also with the wide forms of these characters. */
const FORMULA = /^[=+\-@\t\r\n＝＋－＠]/;
/** What spreadsheets take for a number: of a msg_id they would show, and keep, 15 digits. */
const NUMBER = /^\s*[+-]?(\d[\d.,]*|[.,]\d+)(e[+-]?\d+)?\s*%?$/i;

/**
 * A text that looks like a formula gets an apostrophe in front, one that looks like a number a tab, which nobody sees and which
 * makes it a text in Excel and LibreOffice. Real numbers stay as they are.
 */
export function cellOf(value: unknown): string {
  if (value === null || value === undefined) return '';
  if (typeof value !== 'string') return JSON.stringify(value);
  if (NUMBER.test(value)) return `\t${value}`;
  return FORMULA.test(value) ? `'${value}` : value;
}
