// Checks an exported proof: node scripts/verify-proof.mjs FILE (or - for stdin) [LAST_HASH]. Needs no database and nothing of
// ours, so that it can be handed to whoever the proof is for. Exits 0 when the file is whole and unchanged, 1 otherwise.
// Without LAST_HASH that means: unless somebody changed it and computed all hashes anew. The service notes the last hash of every
// export in its audit log (`proof_exported`).
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { Readable } from 'node:stream';
import { pathToFileURL } from 'node:url';
import { CsvError, parse } from 'csv-parse';

const START = '0'.repeat(64);

const canonicalJson = (value) =>
  JSON.stringify(value, (_key, part) =>
    typeof part !== 'object' || part === null || Array.isArray(part)
      ? part
      : Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1))),
  );

const hashOf = (record) => createHash('sha256').update(canonicalJson(record)).digest('hex');

/** As proofs have them now, and had them before. */
const COLUMNS = [
  'type,subject,version,id,merchant,component_appid,msg_id,article_idx,message_articles,url,asked_url,state,proof,proof_note,outcome_code,errcode,errmsg,rid,' +
    'reason,requested_by,request_id,takedown,counted_as,created_at,finished_at,exported_at,calls,count,prev_hash,hash',
  'type,subject,version,id,merchant,component_appid,msg_id,article_idx,url,state,proof,outcome_code,errcode,errmsg,rid,reason,' +
    'requested_by,request_id,takedown,created_at,finished_at,exported_at,calls,count,prev_hash,hash',
];

/** A record and the line that it begins in. The text must be as it was written: of two equal names readers see either. */
async function* records(input) {
  let first = '';
  const chunks = input[Symbol.asyncIterator]();
  while (!first.includes('\n')) {
    const { done, value } = await chunks.next();
    if (done) break;
    first += value;
  }
  async function* all() {
    yield first;
    for (;;) {
      const { done, value } = await chunks.next();
      if (done) return;
      yield value;
    }
  }
  if (first === '') return;
  if (!first.startsWith('{')) yield* csvRecords(all());
  else if (first.startsWith(`${JSON_HEAD}\n`)) yield* jsonRecords(all());
  else yield* ndjsonRecords(all());
}

const JSON_HEAD = '{"data":[';
const JSON_TAIL = ']}';

async function* ndjsonRecords(chunks) {
  let line = 0;
  for await (const text of linesOf(chunks)) {
    line += 1;
    yield { line, record: readJson(line, text) };
  }
}

/** One record a line, between a line that opens the list and one that closes it. */
async function* jsonRecords(chunks) {
  let line = 0;
  let isClosed = false;
  let hasMore = true;
  for await (const text of linesOf(chunks)) {
    line += 1;
    if (line === 1) continue;
    if (isClosed) throw new Bad(line, 'stands behind the end');
    isClosed = text === JSON_TAIL;
    if (isClosed !== !hasMore) throw new Bad(line, 'is not where it belongs');
    if (isClosed) continue;
    hasMore = text.endsWith(',');
    yield { line, record: readJson(line, hasMore ? text.slice(0, -1) : text) };
  }
  if (!isClosed) throw new Bad(line + 1, 'is missing: the file was cut off');
}

async function* csvRecords(chunks) {
  const columns = (names) => {
    if (!COLUMNS.includes(names.join())) throw new Bad(1, 'does not name the columns of a proof');
    return names;
  };
  const parser = Readable.from(chunks).pipe(parse({ columns, info: true, bom: true }));
  let before = 1;
  try {
    for await (const { record, info } of parser) {
      yield { line: before + 1, record };
      before = info.lines;
    }
  } catch (error) {
    throw error instanceof CsvError ? new Bad(before + 1, 'is not CSV: the file was cut off or changed') : error;
  }
}

/** At line feeds alone: `readline` would also split at U+2028, which may stand in a text. */
async function* linesOf(chunks) {
  let rest = '';
  for await (const chunk of chunks) {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop();
    yield* lines;
  }
  if (rest !== '') yield rest;
}

function readJson(line, text) {
  let record;
  try {
    record = JSON.parse(text);
  } catch {
    throw new Bad(line, 'is not JSON: the file was cut off or changed');
  }
  if (JSON.stringify(record) !== text) throw new Bad(line, 'was changed');
  return record;
}

class Bad extends Error {
  constructor(line, what) {
    super(`line ${line} ${what}`);
  }
}

/**
 * @param expectedHash what was noted of its end, if anything was
 * @returns how many deletions it has and the hash of its end
 * @throws with the first line that does not fit
 */
export async function verifyProof(input, expectedHash) {
  let lastHash = START;
  let count = 0;
  let type;
  let line = 0;
  for await (const { line: at, record } of records(input)) {
    line = at;
    if (type === 'trailer') throw new Bad(line, 'stands behind the end');
    const { hash, ...hashed } = record ?? {};
    if (hashed.prev_hash !== lastHash) throw new Bad(line, 'does not follow the one before it');
    if (hashOf(hashed) !== hash) throw new Bad(line, 'was changed');
    if ((type === undefined) !== (record.type === 'header')) throw new Bad(line, 'is not where it belongs');
    if (record.type === 'deletion') count += 1;
    if (record.type === 'trailer' && Number(record.count) !== count) throw new Bad(line, 'counts other deletions');
    ({ type } = record);
    lastHash = hash;
  }
  if (type !== 'trailer') throw new Bad(line + 1, 'is missing: the file was cut off');
  if (expectedHash !== undefined && expectedHash !== lastHash) {
    throw new Error(`whole, but not the export that was noted: its last hash is ${lastHash}`);
  }
  return { count, lastHash };
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const [file, expectedHash] = process.argv.slice(2);
  if (file === undefined) {
    console.error('usage: npm run verify-proof FILE [LAST_HASH]');
    process.exit(2);
  }
  const input = file === '-' ? process.stdin : createReadStream(file);
  input.setEncoding('utf8');
  try {
    const { count, lastHash } = await verifyProof(input, expectedHash);
    console.log(`ok: ${count} deletion${count === 1 ? '' : 's'}, last hash ${lastHash}`);
  } catch (error) {
    console.error(`not ok: ${error.message}`);
    process.exitCode = 1;
  }
}
