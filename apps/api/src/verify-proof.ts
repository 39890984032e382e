import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { exitCodeOf, readKeySet, summaryOf, tellProof, verifyProof, type KeySet } from '@app/proof-verifier';

/**
 * `npm run verify-proof FILE [LAST_HASH] [-- --jwks FILE|URL]`: whether an exported proof (`-`: from stdin) is as it was issued. Needs no
 * database, and no network where the keys are in a file. Exits 0 where chain and signature hold, 1 where the file is not to be
 * relied on, 3 where only the chain could be checked, 2 where it could not look.
 */
const USAGE = 'usage: npm run verify-proof FILE [LAST_HASH] [-- --jwks FILE|URL]';
const ANSWER_WITHIN_MS = 30_000;

try {
  const { values, positionals } = parseArgs({ allowPositionals: true, options: { jwks: { type: 'string' } } });
  const [file, lastHash] = positionals;
  if (file === undefined) throw new Error(USAGE);
  const jwks = values.jwks === undefined ? undefined : await keySetAt(values.jwks);
  const input = file === '-' ? process.stdin : createReadStream(file);
  input.setEncoding('utf8');
  const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
  const report = await verifyProof(input as AsyncIterable<string>, jwks, { lastHash, sha256 });
  const { heading, sentences } = tellProof(report, 'en');
  const tell = report.verdict === 'refused' ? console.error : console.log;
  tell([summaryOf(report), '', heading, ...sentences].join('\n'));
  process.exitCode = exitCodeOf(report.verdict);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 2;
}

async function keySetAt(place: string): Promise<KeySet> {
  if (!/^https?:\/\//.test(place)) return readKeySet(await readFile(place, 'utf8'));
  const answer = await fetch(place, { signal: AbortSignal.timeout(ANSWER_WITHIN_MS) });
  if (!answer.ok) throw new Error(`${place} answers with ${answer.status}.`);
  return readKeySet(await answer.text());
}
