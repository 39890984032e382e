import { createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Option, type Command } from 'commander';
import { causeOf } from '../settings/connection.js';
import { Failure, Stopped } from '../terminal/exit-codes.js';
import { acting, examples, type Context } from '../calling/context.js';
import { untilStopped } from '../calling/interrupts.js';
import { subjectOf } from '../calling/subjects.js';

const FORMATS = ['ndjson', 'json', 'csv'] as const;
type Format = (typeof FORMATS)[number];

export interface FileOptions {
  output?: string;
  format?: Format;
}

export const outputOption = () => new Option('-o, --output <file>', 'write it there, whole or not at all');
export const formatOption = () =>
  new Option('--format <format>', 'by the end of the file name, else ndjson').choices(FORMATS);

export function addProof(program: Command): void {
  program
    .command('proof')
    .description('export the evidence of a takedown or a deletion: who asked, every call, every answer')
    .argument('<id>', 'of the takedown or the deletion')
    .addOption(outputOption())
    .addOption(formatOption())
    .addHelpText(
      'after',
      examples(
        ['for the court', 'retract proof 019ac5d2-7c1f-7000-8000-000000000000 -o proof.csv'],
        ['and whether it is whole', 'retract verify proof.csv'],
      ),
    )
    .action(acting(proof));
}

async function proof(context: Context, id: string, options: FileOptions): Promise<void> {
  const client = await context.connect();
  const subject = await subjectOf(client, id);
  const { proof: read } = 'takedown' in subject ? client.takedowns : client.deletions;
  await keepProof(context, options, { id }, (format) => read(id, { format }));
}

/** Writes an export to its file, or to the standard output. @param facts which one it is, for programs */
export async function keepProof(
  { terminal }: Context,
  { output, format = formatOf(output) }: FileOptions,
  facts: object,
  read: (format: Format) => Promise<ReadableStream<Uint8Array>>,
): Promise<void> {
  // A proof is JSON as it is: `--json` says no more than that.
  const text = Readable.fromWeb((await read(terminal.isJson && output === undefined ? 'ndjson' : format)) as never);
  if (output === undefined) {
    return pipeline(text, process.stdout, { end: false }).catch((error: unknown) => {
      throw new Failure(`It broke off: what was written is not whole (${causeOf(error)}).`, { cause: error });
    });
  }
  const written = `${output}.${process.pid}.part`;
  try {
    const file = createWriteStream(written, { flags: 'wx' });
    await untilStopped((signal) => pipeline(text, file, { signal }), `Stopped. ${output} was not written.`);
    await rename(written, output);
  } catch (error) {
    await rm(written, { force: true });
    if (error instanceof Stopped) throw error;
    throw new Failure(`The proof was not written to ${output}: ${String(error)}`, { cause: error });
  }
  terminal.print(`The proof is in ${output}. \`retract verify ${output}\` checks it.`);
  terminal.json({ ...facts, file: output, format });
}

const formatOf = (file = ''): Format => FORMATS.find((format) => file.toLowerCase().endsWith(`.${format}`)) ?? 'ndjson';
