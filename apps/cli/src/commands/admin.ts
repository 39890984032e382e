import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { constants } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import { examples } from '../calling/context.js';

/** Programs of the service's own that need its settings (DATABASE_URL, MASTER_KEYS), as they are built beside this one. */
const PROGRAMS = [
  { name: 'migrate', file: 'api/src/migrate.js', does: 'bring the database to this version' },
  { name: 'verify-audit', file: 'api/src/verify-audit.js', does: 'check the chain of the audit log' },
  { name: 'archive-audit', file: 'api/src/audit/archive-audit.js', does: 'take old rows of the audit log into a file' },
  { name: 'rotate-proof-key', file: 'api/src/rotate-proof-key.js', does: 'sign proofs with a new key from now on' },
  { name: 'keys', file: 'api/src/keys.js', does: 'count what each master key is needed for' },
  { name: 'reseal', file: 'api/src/reseal.js', does: 'seal with the newest master key what older ones have sealed' },
];

export function addAdmin(program: Command): void {
  const admin = program
    .command('admin')
    .description('what needs the settings of the service: its database and master keys')
    .addHelpText(
      'after',
      examples(
        ['with the settings of the service in the environment', 'retract admin verify-audit'],
        ['what each master key is needed for', 'retract admin keys'],
      ),
    );
  for (const one of PROGRAMS) {
    addProgram(admin.command(one.name), one);
    // Runbooks say `retract reseal`: each is known without `admin` as well.
    addProgram(program.command(one.name, { hidden: true }), one);
  }
}

function addProgram(command: Command, { file, does }: (typeof PROGRAMS)[number]): void {
  command
    .description(does)
    .argument('[words...]', 'are handed on')
    .allowUnknownOption()
    .helpOption(false)
    .action(() => become(file, command.args));
}

/** In a process of its own: it loads the service's code, which no other command needs. */
async function become(file: string, args: string[]): Promise<void> {
  const path = fileURLToPath(new URL(`../../../${file}`, import.meta.url));
  const child = spawn(process.execPath, ['--enable-source-maps', path, ...args], { stdio: 'inherit' });
  const hand = (signal: NodeJS.Signals) => void child.kill(signal);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, hand);
  const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
  process.exitCode = code ?? 128 + constants.signals[signal ?? 'SIGTERM'];
}
