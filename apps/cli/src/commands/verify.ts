import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { readKeySet, tellProof, verifyProof, type KeySet, type Verdict } from '@app/proof-verifier';
import { causeOf } from '../settings/connection.js';
import { acting, examples, type Context } from '../calling/context.js';
import { EXIT, NotChecked, type ExitCode } from '../terminal/exit-codes.js';

const PATIENCE_MS = 30_000;

const EXITS: Record<Verdict, ExitCode> = { signed: EXIT.ok, chain_only: EXIT.partlyFailed, refused: EXIT.failed };

export function addVerify(program: Command): void {
  program
    .command('verify')
    .description('check an exported proof: that nothing was changed, and with --jwks who issued it. Needs no service')
    .argument('<file>', 'as it was exported; - is the standard input')
    .argument('[last_hash]', 'what the audit log noted of the export')
    .option('--jwks <file or url>', 'the keys of the issuer')
    .addHelpText(
      'after',
      examples(
        ['whether it was changed', 'retract verify proof.ndjson'],
        ['and who issued it', 'retract verify proof.ndjson --jwks https://retract.example.com/.well-known/jwks.json'],
      ),
    )
    .action(acting(verify));
}

async function verify(
  { terminal }: Context,
  file: string,
  lastHash: string | undefined,
  options: { jwks?: string },
): Promise<ExitCode> {
  const keys = options.jwks === undefined ? undefined : await keySetAt(options.jwks);
  const input = file === '-' ? process.stdin : createReadStream(file);
  input.setEncoding('utf8');
  const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
  let unread: Error | undefined;
  input.once('error', (error: Error) => (unread = error));
  const report = await verifyProof(input as AsyncIterable<string>, keys, { lastHash, sha256 }).catch(
    (error: unknown) => {
      throw unread ? new NotChecked(`The proof cannot be read: ${unread.message}`, { cause: error }) : error;
    },
  );
  const { heading, sentences } = tellProof(report, 'en');
  const style = ({ signed: 'green', chain_only: 'yellow', refused: 'red' } as const)[report.verdict];
  terminal.print(heading, style);
  for (const sentence of sentences) terminal.print(sentence);
  terminal.json(report);
  return EXITS[report.verdict];
}

async function keySetAt(place: string): Promise<KeySet> {
  try {
    return readKeySet(/^https?:\/\//.test(place) ? await fetched(place) : await readFile(place, 'utf8'));
  } catch (error) {
    // What fetch throws says "fetch failed".
    const why = error instanceof Error && !(error instanceof TypeError) ? error.message : causeOf(error);
    throw new NotChecked(`The keys at ${place} cannot be read: ${why}`, { cause: error });
  }
}

async function fetched(place: string): Promise<string> {
  const answer = await fetch(place, { signal: AbortSignal.timeout(PATIENCE_MS) });
  if (!answer.ok) throw new Error(`it answers with ${answer.status}`);
  return answer.text();
}
