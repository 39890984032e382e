import type { Command } from 'commander';
import { acting, examples, type Context } from '../calling/context.js';
import { asMoment } from '../calling/options.js';
import { formatOption, keepProof, outputOption, type FileOptions } from './proof.js';

interface Options extends FileOptions {
  from: string;
  to: string;
  merchant?: string;
  platform?: string;
}

export function addProofs(program: Command): void {
  program
    .command('proofs')
    .description('export the evidence of all that ended in a period, to be kept')
    .requiredOption('--from <time>', 'what ended from then on: a day in Shanghai, or a time with its offset', asMoment)
    .requiredOption('--to <time>', 'what ended before: the day after the last one', asMoment)
    .option('--merchant <appid>', 'only of this account')
    .option('--platform <appid>', 'of which platform, where the account has authorized several')
    .addOption(outputOption())
    .addOption(formatOption())
    .addHelpText(
      'after',
      examples(
        ['all of October', 'retract proofs --from 2026-10-01 --to 2026-11-01 -o october.ndjson'],
        ['the same, packed', 'retract proofs --from 2026-10-01 --to 2026-11-01 | gzip > october.ndjson.gz'],
      ),
    )
    .action(acting(proofs));
}

async function proofs(context: Context, { from, to, merchant, platform, ...file }: Options): Promise<void> {
  const client = await context.connect();
  const period = { finished_after: from, finished_before: to };
  const only = { ...(merchant && { merchant }), ...(platform && { component_appid: platform }) };
  await keepProof(context, file, { ...period, ...only }, (format) =>
    client.proofs.export({ ...period, ...only, format }),
  );
}
