import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { addAdmin } from './commands/admin.js';
import { addAuthorize } from './commands/authorize.js';
import { addCompletion } from './commands/completion.js';
import { examples } from './calling/context.js';
import { addDelete } from './commands/delete.js';
import { addDoctor } from './commands/doctor.js';
import { addEvents } from './commands/events.js';
import { addLogin } from './commands/login.js';
import { addMerchants } from './commands/merchants.js';
import { addProof } from './commands/proof.js';
import { addProofs } from './commands/proofs.js';
import { addTakedown } from './commands/takedown.js';
import { addVerify } from './commands/verify.js';
import { addWatch } from './commands/watch.js';
import { EXIT } from './terminal/exit-codes.js';

const ABOUT = `
Exit codes: 0 done, 1 failed, 2 called wrongly, 3 not authorized, 4 done in part,
5 a proof could not be checked, 130 stopped by you, 141 the reader of the output has gone.
RETRACT_URL and RETRACT_API_KEY go before what \`retract login\` has kept. NO_COLOR takes the colours away.`;

export function buildProgram(): Command {
  const program = new Command('retract')
    // It would end the process itself, with 1 for what is an error of usage. Its commands inherit this.
    .exitOverride()
    .version(version())
    .description('Takes WeChat mass messages back, through a Retract service.')
    .option('--json', 'nothing but JSON on the standard output: a document, or one a line')
    .showHelpAfterError('`--help` has examples.')
    .addHelpText(
      'after',
      examples([
        'log in, look around, take something down',
        'retract login && retract doctor && retract takedown links.txt',
      ]),
    )
    .addHelpText('after', ABOUT);
  const parts = [
    addLogin,
    addMerchants,
    addAuthorize,
    addDelete,
    addTakedown,
    addWatch,
    addProof,
    addProofs,
    addVerify,
    addEvents,
    addDoctor,
    addAdmin,
    addCompletion,
  ];
  for (const add of parts) add(program);
  return program;
}

export async function run(argv: string[]): Promise<void> {
  try {
    await buildProgram().parseAsync(argv);
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    process.exitCode = error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  }
}

/** The image has this file as well: it lies above `dist`. */
function version(): string {
  const manifest = readFileSync(new URL('../../../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(manifest) as { version: string }).version;
}
