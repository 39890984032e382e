/** A list that people still look through; a longer file is sent as it is. */
const LOOKED_THROUGH_BYTES = 3 * 1024 * 1024;

const CSV = 'text/csv';
const NDJSON = 'application/x-ndjson';

export type FileWay =
  /** Its text is read as if it had been pasted. */
  | { as: 'text' }
  /** It is sent as it is. */
  | { as: 'stream'; type: typeof CSV | typeof NDJSON }
  | { as: 'workbook' };

/** @param start the first bytes of the file */
export function wayOf({ name, size }: Pick<File, 'name' | 'size'>, start: Uint8Array): FileWay {
  // A workbook is a zip archive, or in its old form a compound file.
  const [a, b] = start;
  if ((a === 0x50 && b === 0x4b) || (a === 0xd0 && b === 0xcf)) return { as: 'workbook' };
  if (size <= LOOKED_THROUGH_BYTES) return { as: 'text' };
  const isJson = /\.(ndjson|jsonl|json)$/i.test(name) || /^(\ufeff)?\s*\{/.test(new TextDecoder().decode(start));
  return { as: 'stream', type: isJson ? NDJSON : CSV };
}

/** Spreadsheets save text as UTF-8 or UTF-16, or, on Windows in China, as GB 18030. Undefined for what is no text. */
export function textIn(bytes: Uint8Array): string | undefined {
  const [a, b] = bytes;
  const mark = a === 0xff && b === 0xfe ? 'utf-16le' : a === 0xfe && b === 0xff ? 'utf-16be' : undefined;
  for (const encoding of mark ? [mark] : ['utf-8', 'gb18030']) {
    try {
      const text = new TextDecoder(encoding, { fatal: true }).decode(bytes);
      return text.includes('\0') ? undefined : text;
    } catch {
      continue;
    }
  }
  return undefined;
}
