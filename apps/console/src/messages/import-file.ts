import { textIn } from '../take-down/lines/file.js';

const CSV = 'text/csv';
const TYPES: Readonly<Record<string, string>> = {
  csv: CSV,
  ndjson: 'application/x-ndjson',
  jsonl: 'application/x-ndjson',
};

/** What people save from a spreadsheet is shorter. */
const READ_BYTES = 32 * 1024 * 1024;

/**
 * The same file with the type that the api knows it by, from the ending of its name. Spreadsheets do not always save UTF-8, which is all
 * that the api reads: their files are sent in that.
 * @returns undefined for a file of any other kind
 */
export async function importable(file: File): Promise<Blob | undefined> {
  const ending = /\.(\w+)$/.exec(file.name)?.[1]?.toLowerCase() ?? '';
  const type = TYPES[ending];
  if (type === undefined) return undefined;
  const text = type === CSV && file.size <= READ_BYTES ? textIn(new Uint8Array(await file.arrayBuffer())) : undefined;
  return text === undefined ? file.slice(0, file.size, type) : new Blob([text], { type });
}
