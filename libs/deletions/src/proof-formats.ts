import { stringify } from 'csv-stringify/sync';
import { ProofChain } from './proof-chain.js';
import type { ProofRecord } from './proofs.js';

export type ProofFormat = 'json' | 'ndjson' | 'csv';

/** The text of an export, piece by piece. In each format every record carries `prev_hash` and `hash`. */
export function proofText(records: AsyncIterable<ProofRecord>, format: ProofFormat): AsyncGenerator<string> {
  if (format === 'csv') return csv(records);
  return format === 'json' ? json(records) : ndjson(records);
}

async function* ndjson(records: AsyncIterable<ProofRecord>) {
  const chain = new ProofChain();
  for await (const record of records) yield `${JSON.stringify(chain.link(record))}\n`;
}

async function* json(records: AsyncIterable<ProofRecord>) {
  const chain = new ProofChain();
  let before = '{"data":[\n';
  for await (const record of records) {
    yield before + JSON.stringify(chain.link(record));
    before = ',\n';
  }
  yield '\n]}\n';
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
  'url',
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
  'created_at',
  'finished_at',
  'exported_at',
  'calls',
  'count',
] as const;

/** Here a hash covers the cells as they are written, all of them text. */
async function* csv(records: AsyncIterable<ProofRecord>) {
  const chain = new ProofChain();
  yield row([...COLUMNS, 'prev_hash', 'hash']);
  for await (const record of records) {
    const cells = Object.fromEntries(COLUMNS.map((column) => [column, cellOf((record as Partial<Cells>)[column])]));
    yield row(Object.values(chain.link(cells)));
  }
}

type Cells = Record<(typeof COLUMNS)[number], unknown>;

/** RFC 4180: lines end with CR LF. */
const row = (cells: string[]) => stringify([cells], { record_delimiter: 'windows' });

/** Spreadsheets run what looks like a formula: it gets an apostrophe in front. A number is none. */
export function cellOf(value: unknown): string {
  const text = typeof value === 'string' ? value : value === null || value === undefined ? '' : JSON.stringify(value);
  return /^[=+\-@\t\r]/.test(text) && !/^-?\d+$/.test(text) ? `'${text}` : text;
}
