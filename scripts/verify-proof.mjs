// Checks an exported proof: node scripts/verify-proof.mjs FILE (or - for stdin). Needs no database and nothing of ours, so
// that it can be handed to whoever the proof is for. Exits 0 when the file is whole and unchanged, 1 otherwise.
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
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

/** A record and the line that it begins in. */
async function* records(input) {
  let first = '';
  const chunks = input[Symbol.asyncIterator]();
  while (first.trim() === '') {
    const { done, value } = await chunks.next();
    if (done) return;
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
  if (!first.trimStart().startsWith('{')) yield* csvRecords(all());
  else if (/^\s*\{\s*"data"\s*:/.test(first)) yield* jsonRecords(all());
  else yield* ndjsonRecords(all());
}

async function* ndjsonRecords(chunks) {
  const { Readable } = await import('node:stream');
  let line = 0;
  for await (const text of createInterface({ input: Readable.from(chunks), crlfDelay: Infinity })) {
    line += 1;
    if (text !== '') yield { line, record: readJson(line, text) };
  }
}

async function* jsonRecords(chunks) {
  let text = '';
  for await (const chunk of chunks) text += chunk;
  const { data } = readJson(1, text);
  // As it was written: one record a line, after the line that opens the list.
  for (const [i, record] of data.entries()) yield { line: i + 2, record };
}

async function* csvRecords(chunks) {
  const { Readable } = await import('node:stream');
  const parser = Readable.from(chunks).pipe(parse({ columns: true, info: true, bom: true }));
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

function readJson(line, text) {
  try {
    return JSON.parse(text);
  } catch {
    throw new Bad(line, 'is not JSON: the file was cut off or changed');
  }
}

class Bad extends Error {
  constructor(line, what) {
    super(`line ${line} ${what}`);
  }
}

/** @returns how many deletions it has and the hash of its end @throws with the first line that does not fit */
export async function verifyProof(input) {
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
  return { count, lastHash };
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const [file] = process.argv.slice(2);
  if (file === undefined) {
    console.error('usage: npm run verify-proof FILE');
    process.exit(2);
  }
  const input = file === '-' ? process.stdin : createReadStream(file);
  input.setEncoding('utf8');
  try {
    const { count, lastHash } = await verifyProof(input);
    console.log(`ok: ${count} deletion${count === 1 ? '' : 's'}, last hash ${lastHash}`);
  } catch (error) {
    console.error(`not ok: ${error.message}`);
    process.exitCode = 1;
  }
}
