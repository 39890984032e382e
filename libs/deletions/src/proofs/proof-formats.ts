import { BYTE_ORDER_MARK, cellOf, csvRow } from '@app/csv';
import { ProofChain } from './proof-chain.js';
import type { ProofEnd, SignatureRecord } from './proof-signature.js';
import type { ProofRecord } from './proofs.js';

export type ProofFormat = 'json' | 'ndjson' | 'csv';

/**
 * The text of an export, piece by piece. In each format every record carries `prev_hash` and `hash`.
 * @param seal notes the end elsewhere and signs it, for a chain alone can be made anew. The trailer is handed out after it: no export
 * is whole whose end was not noted and signed.
 */
export async function* proofText(
  records: AsyncIterable<ProofRecord>,
  format: ProofFormat,
  seal: (end: ProofEnd) => Promise<SignatureRecord>,
): AsyncGenerator<string> {
  const chain = new ProofChain();
  const { head, between, tail, write } = WRITERS[format];
  let before = head;
  let of = { subject: '', id: '' };
  for await (const record of records) {
    const text = before + write(chain, record);
    before = between;
    if (record.type === 'header') of = { subject: record.subject, id: record.id };
    if (record.type !== 'trailer') yield text;
    else yield text + between + write(chain, await seal({ ...of, count: record.count, lastHash: chain.lastHash }));
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
  'issuer',
  'signed_at',
  'jws',
] as const;

type Cells = Record<(typeof COLUMNS)[number], unknown>;

function asJson(chain: ProofChain, record: ProofRecord | SignatureRecord): string {
  return JSON.stringify(record.type === 'signature' ? record : chain.link(record));
}

/** Here a hash covers the cells as they are written, all of them text. */
function asCells(chain: ProofChain, record: ProofRecord | SignatureRecord): string {
  const values: Partial<Cells> =
    record.type === 'header' && record.subject === 'period'
      ? { ...record, merchant: record.merchants, component_appid: record.platforms }
      : record;
  const cells = Object.fromEntries(COLUMNS.map((column) => [column, cellOf(values[column])]));
  return csvRow(
    record.type === 'signature' ? [...Object.values(cells), record.prev_hash, ''] : Object.values(chain.link(cells)),
  );
}

interface Writer {
  head: string;
  between: string;
  tail: string;
  write: (chain: ProofChain, record: ProofRecord | SignatureRecord) => string;
}

/** libs/proof-verifier takes them to the letter. */
const WRITERS: Record<ProofFormat, Writer> = {
  json: { head: '{"data":[\n', between: ',\n', tail: '\n]}\n', write: asJson },
  ndjson: { head: '', between: '\n', tail: '\n', write: asJson },
  csv: { head: BYTE_ORDER_MARK + csvRow([...COLUMNS, 'prev_hash', 'hash']), between: '', tail: '', write: asCells },
};
