import { CsvError, parse } from 'csv-parse/sync';

/** Cells of a line, or of several where a cell in quotes goes on over the line's end. */
export interface Row {
  /** Of its first line, counted from 1. */
  line: number;
  text: string;
}

/** Lines that a cell in quotes may go on for: of titles, more than anybody writes. A quote that is never closed is a slip. */
const MAX_JOINED = 10;
const HOST = 'mp.weixin.qq.com';

export function rowsOf(text: string): Row[] {
  const lines = text.replace(/^\ufeff/, '').split(/\r\n|\n|\r/);
  const rows: Row[] = [];
  for (let i = 0; i < lines.length; i++) {
    const joined = joinedAt(lines, i);
    rows.push({ line: i + 1, text: joined.text });
    i += joined.more;
  }
  return rows;
}

/**
 * Where a cell in quotes is open at the line's end, the lines up to its end. A target in between says that the quote is
 * a slip, for titles have none.
 */
function joinedAt(lines: string[], i: number): { text: string; more: number } {
  const text = lines[i] ?? '';
  const alone = { text, more: 0 };
  const open = /(?:^|[\t,;|])\s*"(?:[^"]|"")*$/.exec(text)?.[0];
  if (open === undefined || isTarget(open) || text.trimStart().startsWith('{')) return alone;
  for (let more = 1; more <= MAX_JOINED && i + more < lines.length; more++) {
    const [within = '', ...rest] = (lines[i + more] ?? '').split(/"(?!")/);
    if (isTarget(within)) return alone;
    if (rest.length > 0) return { text: lines.slice(i, i + more + 1).join('\n'), more };
  }
  return alone;
}

const isTarget = (text: string) => text.includes(HOST) || /\bwx[0-9a-f]{16}\b/.test(text);

/** The separators of cells, in the order in which they count. A semicolon may also end an HTML entity. */
const DELIMITERS = ['\t', ',', ';', '|', '，', '、'];

export function delimiterOf(text: string): string | undefined {
  const bare = text.replace(/"[^"]*"|&#?\w{2,8};/g, '');
  return DELIMITERS.find((delimiter) => bare.includes(delimiter));
}

/** Without what spreadsheets and people put around a value. */
export function cellsOf(text: string, delimiter: string | undefined): string[] {
  if (delimiter === undefined) return [clean(text)];
  return split(text, delimiter).map(clean);
}

function split(text: string, delimiter: string): string[] {
  // The parser is made anew for each line, which takes seconds for a long list; only quotes need it.
  if (!text.includes('"')) return text.split(delimiter);
  try {
    const options = { delimiter, relax_quotes: true, relax_column_count: true, trim: true };
    const [cells = []] = parse(text, options);
    return cells;
  } catch (error) {
    if (error instanceof CsvError) return text.split(delimiter);
    throw error;
  }
}

/** Excel writes `="314…"` and `'314…` for numbers that are to stay as they are; our own exports put a tab in front. */
function clean(cell: string): string {
  const text = cell.replace(/\p{Cf}/gu, '').trim();
  return (/^="(.*)"$/.exec(text)?.[1] ?? text).replace(/^["'“”‘’\s]+|["'“”‘’\s]+$/g, '');
}
