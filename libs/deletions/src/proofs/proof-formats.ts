import { stringify } from 'csv-stringify/sync';
import { ProofChain } from './proof-chain.js';
import type { ProofRecord } from './proofs.js';

export type ProofFormat = 'json' | 'ndjson' | 'csv';

/** What whoever doubts a file compares it with. */
export interface ProofEnd {
  /** Of its deletions. */
  count: number;
  lastHash: string;
}

/**
 * The text of an export, piece by piece. In each format every record carries `prev_hash` and `hash`.
 * @param seal notes the end elsewhere, for a chain alone can be made anew. The trailer is handed out after it: no export is
 * whole whose end was not noted.
 */
export async function* proofText(
  records: AsyncIterable<ProofRecord>,
  format: ProofFormat,
  seal: (end: ProofEnd) => Promise<void>,
): AsyncGenerator<string> {
  const chain = new ProofChain();
  const { head, between, tail, write } = WRITERS[format];
  let before = head;
  for await (const record of records) {
    const text = before + write(chain, record);
    if (record.type === 'trailer') await seal({ count: record.count, lastHash: chain.lastHash });
    yield text;
    before = between;
  }
  if (tail !== '') yield tail;
}

const COLUMNS = [
  'type',
  'subject',
  'version',
  'id',
  'merchant',
  'component_appid',
  'msg_id',
  'article_idx',
  'message_articles',
  'url',
  'asked_url',
  'state',
  'proof',
  'proof_note',
  'outcome_code',
  'errcode',
  'errmsg',
  'rid',
  'reason',
  'requested_by',
  'request_id',
  'takedown',
  'counted_as',
  'created_at',
  'finished_at',
  'exported_at',
  'calls',
  'count',
] as const;

type Cells = Record<(typeof COLUMNS)[number], unknown>;

/** RFC 4180: lines end with CR LF. In quotes where a tab is, which some programs take for the end of a cell. */
export const csvRow = (cells: string[]) => stringify([cells], { record_delimiter: 'windows', quoted_match: /\t/ });

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

const asJson = (chain: ProofChain, record: ProofRecord) => JSON.stringify(chain.link(record));

/** Here a hash covers the cells as they are written, all of them text. */
function asCells(chain: ProofChain, record: ProofRecord): string {
  const cells = Object.fromEntries(COLUMNS.map((column) => [column, cellOf((record as Partial<Cells>)[column])]));
  return csvRow(Object.values(chain.link(cells)));
}

interface Writer {
  head: string;
  between: string;
  tail: string;
  write: (chain: ProofChain, record: ProofRecord) => string;
}

/** scripts/verify-proof.mjs takes them to the letter. */
const WRITERS: Record<ProofFormat, Writer> = {
  json: { head: '{"data":[\n', between: ',\n', tail: '\n]}\n', write: asJson },
  ndjson: { head: '', between: '\n', tail: '\n', write: asJson },
  csv: { head: BYTE_ORDER_MARK + csvRow([...COLUMNS, 'prev_hash', 'hash']), between: '', tail: '', write: asCells },
};
