import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { constants } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import { examples } from '../calling/context.js';

interface Program {
  name: string;
  file: string;
  does: string;
  /** What it takes, and reads by itself. Absent: nothing. */
  words?: string;
  /** The same, as somebody would write it. */
  example?: string;
}

/** Programs of the service's own that need its settings (DATABASE_URL, MASTER_KEYS), as they are built beside this one. */
const PROGRAMS: Program[] = [
  { name: 'migrate', file: 'api/src/migrate.js', does: 'bring the database to this version' },
  {
    name: 'verify-audit',
    file: 'api/src/verify-audit.js',
    does: 'check the chain of the audit log',
    words: '[--file FILE]… [--after HASH | --database] [--head LINE]… [HASH]…',
    example: '--file audit-2025.ndjson --database',
  },
  {
    name: 'archive-audit',
    file: 'api/src/audit/archive-audit.js',
    does: 'take old rows of the audit log into a file',
    words: '--before DAY --file FILE | --delete --file FILE',
    example: '--before 2026-01-01 --file audit-2025.ndjson',
  },
  {
    name: 'rotate-proof-key',
    file: 'api/src/rotate-proof-key.js',
    does: 'sign proofs with a new key from now on',
    words: '[--compromised | --all | --kid=KID]',
    example: '--compromised',
  },
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

/** `--help` and words that a program does not take end here: some of them change the database as soon as they run. */
function addProgram(command: Command, { name, file, does, words, example }: Program): void {
  command
    .description(does)
    .addHelpText('after', examples([does, ['retract admin', name, example].filter(Boolean).join(' ')]))
    .action(() => become(file, command.args));
  if (words !== undefined) command.usage(words).argument('[words...]').allowUnknownOption();
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
