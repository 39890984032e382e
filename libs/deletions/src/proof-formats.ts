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

/** RFC 4180: lines end with CR LF. */
const row = (cells: string[]) => stringify([cells], { record_delimiter: 'windows' });

/** Spreadsheets run what looks like a formula: it gets an apostrophe in front. A number is none. */
export function cellOf(value: unknown): string {
  const text = typeof value === 'string' ? value : value === null || value === undefined ? '' : JSON.stringify(value);
  return /^[=+\-@\t\r]/.test(text) && !/^-?\d+$/.test(text) ? `'${text}` : text;
}

const asJson = (chain: ProofChain, record: ProofRecord) => JSON.stringify(chain.link(record));

/** Here a hash covers the cells as they are written, all of them text. */
function asCells(chain: ProofChain, record: ProofRecord): string {
  const cells = Object.fromEntries(COLUMNS.map((column) => [column, cellOf((record as Partial<Cells>)[column])]));
  return row(Object.values(chain.link(cells)));
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
  csv: { head: row([...COLUMNS, 'prev_hash', 'hash']), between: '', tail: '', write: asCells },
};
