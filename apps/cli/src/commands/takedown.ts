import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { RetractError, type Retract, type Takedown, type TakedownDryRun } from '@app/client';
import { readTargets, type TargetLine, type TargetList } from '@app/target-lists';
import { decodeText } from '../input/text.js';
import { exitCodeOf, Failure, Stopped, UsageError, type ExitCode } from '../terminal/exit-codes.js';
import { explained } from '../terminal/explained.js';
import { count, firstOf, moment, number, plain } from '../terminal/words.js';
import { acting, examples, type Context } from '../calling/context.js';
import { untilStopped } from '../calling/interrupts.js';
import { exitCodeOfEnd, follow, isPassing, tellEnd, untilNextTry } from './follow.js';
import {
  asCount,
  asSeconds,
  ifSharedOption,
  inAddress,
  insistingInQuery,
  wished,
  type Wish,
} from '../calling/options.js';

interface Options extends Wish {
  merchant?: string;
  article?: number;
  wholeMessage?: boolean;
  undo?: number;
  yes?: boolean;
  dryRun?: boolean;
  detach?: boolean;
}

type Query = NonNullable<Parameters<Retract['takedowns']['createFrom']>[1]>;

/** So many bad lines, and merchants, are shown; `--json` has all of them. */
const SHOWN = 10;
const NAMED = 5;
/** An upload that was cut off is sent again, so often: nothing of it was carried out, or its key says that it was. */
const UPLOADS = 5;

export function addTakedown(program: Command): void {
  program
    .command('takedown')
    .description('delete everything that a list names: links, or appids with msg_ids; as text, CSV or NDJSON')
    .argument('<file>', 'the list; - is the standard input')
    .option('--merchant <appid>', 'the account of msg_ids that name none')
    .option('--platform <appid>', 'component_appid of the platform of accounts whose line names none')
    .option('--article <n>', 'the article of msg_ids that name none (1 is the first)', asCount)
    .option('--whole-message', 'every article of msg_ids that name none')
    .option('--reason <text>', 'why; is kept with each deletion and in the proof')
    .option('--urgent', 'before what waits, and into the quota that is kept for this')
    .option('--undo <seconds>', 'delete nothing for so long, in which a cancel stops all of it', asSeconds)
    .option('--dry-run', 'only say what would happen')
    .addOption(ifSharedOption())
    .option('--yes', 'do not ask')
    .option('--detach', 'do not wait for the end; print the id')
    .option('--again', 'call WeChat also for what is known to be gone')
    .option('--try-anyway', 'have WeChat asked where its facts of an account may lag behind')
    .option('--allow-late', 'also what would leave after more days than the operators have set')
    .addHelpText(
      'after',
      examples(
        [
          'says what would happen, and asks',
          'retract takedown links.txt --reason "court order 12/2026" --urgent --undo 60',
        ],
        ['msg_ids of one account', 'retract takedown ids.txt --merchant wx570bc396a51b8ff8 --article 1'],
        ['from another program, without questions', 'grep example.com links.txt | retract takedown - --yes --json'],
      ),
    )
    .action(acting(takedown));
}

async function takedown(context: Context, file: string, options: Options): Promise<ExitCode> {
  const { terminal } = context;
  if (options.article !== undefined && options.wholeMessage) {
    throw new UsageError('Give --article or --whole-message, not both.');
  }
  const list = await readList(context, file, options);
  const client = await context.connect();
  const dryRun = await dryRunOf(context, client, list, options);
  const result = { dry_run: dryRun, takedown: null as Takedown | null, not_understood: list.faults };
  const bad = dryRun.rejected + list.faults.length;
  await tellDryRun(context, client, list, dryRun);
  if (options.dryRun || dryRun.deletions === 0) {
    if (!options.dryRun) terminal.print('There is nothing to delete.');
    terminal.json(result);
    const done = dryRun.deletions + dryRun.already_deleted + dryRun.already_open;
    return exitCodeOf({ done, missed: bad });
  }
  if (!options.yes) await confirm(context, dryRun.deletions);
  const started = await start(context, client, list, options);
  result.takedown = started;
  tellStart(context, started);
  if (options.detach) {
    terminal.print(started.id);
    terminal.json(result);
    return exitCodeOf({ done: started.accepted, missed: bad });
  }
  const ended = await follow(context, client, started.id);
  result.takedown = { ...ended, ...(started.errors && { errors: started.errors }) };
  terminal.json(result);
  if (terminal.isJson) return exitCodeOfEnd(ended, list.faults.length);
  return tellEnd(context, client, ended, list.faults.length);
}

async function readList({ terminal, tell }: Context, file: string, options: Options): Promise<TargetList> {
  const bytes = file === '-' ? await readStdin() : await readFile(file);
  const { text, note } = decodeText(bytes);
  if (note) tell(note);
  const list = readTargets(text, options);
  const { targets, faults } = list;
  terminal.note(`${count(targets.length, 'line')} understood, ${number(faults.length)} not.`);
  for (const { line, why, text: excerpt } of faults.slice(0, SHOWN)) {
    tell(`  line ${line}: ${why}: ${excerpt}`);
  }
  if (faults.length > SHOWN) tell(`  and ${count(faults.length - SHOWN, 'more line')}`);
  if (targets.length === 0)
    throw new Failure(`Nothing in ${file === '-' ? 'the list' : file} is understood. Nothing was deleted.`);
  return list;
}

async function readStdin(): Promise<Buffer> {
  if (process.stdin.isTTY) process.stderr.write('Paste the list; Ctrl-D ends it.\n');
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

/** An address alone is a line, too, which the description of the api has no type for. */
type Item = TargetLine & { merchant: string };

/** Of an error of the service: its line of the upload, or, as people see it, of the list. */
interface LineError {
  line: number;
  code: string;
  detail: string;
}

const MAY_BE_ACCEPTED =
  'Stopped, but the takedown may have been accepted: GET /v1/takedowns has it then, the newest first, and ' +
  '`retract cancel <id>` stops it.';

const dryRunOf = (context: Context, client: Retract, list: TargetList, options: Options) =>
  upload(context, list, options, 'Stopped. Nothing was deleted.', (items, query, call) =>
    client.takedowns.dryRunFrom(items, query, call),
  );

/** Under one key: the service carries it out once. */
function start(context: Context, client: Retract, list: TargetList, options: Options): Promise<Takedown> {
  const idempotencyKey = randomUUID();
  return upload(context, list, options, MAY_BE_ACCEPTED, (items, query, call) =>
    client.takedowns.createFrom(items, query, { ...call, idempotencyKey }),
  );
}

/** Sends the list, again where the connection was lost. Errors name lines of the upload, and are told with those of the list. */
async function upload<Answer extends Takedown | TakedownDryRun>(
  context: Context,
  { targets }: TargetList,
  options: Options,
  stopped: string,
  send: (items: Item[], query: Query, call: { signal: AbortSignal }) => Promise<Answer>,
): Promise<Answer> {
  const query = inAddress<Query>({
    ...wished(options),
    ...insistingInQuery(options),
    ...(options.undo !== undefined && { undo_seconds: options.undo }),
  });
  const items = targets.map(({ target }) => ofPlatform(target, options.platform) as Item);
  const inList = <Error extends { line: number }>(errors: Error[] | undefined) =>
    errors?.map((error) => ({ ...error, line: targets[error.line - 1]?.line ?? error.line }));
  for (let tries = 1; ; tries++) {
    try {
      const answer = await untilStopped((signal) => send(items, query, { signal }), stopped);
      return { ...answer, ...(answer.errors && { errors: inList(answer.errors) }) };
    } catch (error) {
      if (error instanceof RetractError && error.is('nothing_accepted')) throw nothingAccepted(error, inList);
      if (tries === UPLOADS || !isPassing(error)) throw error;
      context.tell('The list did not arrive. Sending it again …');
      await untilStopped((signal) => untilNextTry(error, signal), stopped);
    }
  }
}

/** A link alone is looked up on all platforms. */
const ofPlatform = (target: TargetLine, platform: string | undefined): TargetLine =>
  platform === undefined || target.merchant === undefined ? target : { component_appid: platform, ...target };

function nothingAccepted(error: RetractError, inList: (errors: LineError[]) => LineError[] | undefined): Failure {
  const errors = inList(error.problem.errors as unknown as LineError[]) ?? [];
  return new Failure([error.detail, ...errors.slice(0, SHOWN).map(inWords)].join('\n'));
}

const inWords = ({ line, code, detail }: LineError) => `  line ${line}: ${code}: ${detail}`;

async function tellDryRun(context: Context, client: Retract, list: TargetList, dryRun: TakedownDryRun): Promise<void> {
  const { terminal } = context;
  const { deletions, merchants, already_open, already_deleted, rejected, ineligible, eta, days_of_quota } = dryRun;
  const { shared_material: shared, errors } = dryRun;
  const tellIf = (n: number, text: string) => n > 0 && terminal.note(text);
  terminal.note(`${count(deletions, 'deletion')} of ${count(merchants, 'account')} would be made.`, 'bold');
  const names = await namesOf(client, list);
  if (names) terminal.note(`  accounts: ${names}`);
  tellIf(already_open, `  ${number(already_open)} under way already`);
  tellIf(already_deleted, `  ${number(already_deleted)} gone already: no call would be made`);
  tellIf(rejected, `  ${count(rejected, 'line')} would not be accepted:`);
  for (const error of errors.slice(0, SHOWN)) terminal.note(`  ${inWords(error)}`);
  tellIf(errors.length - SHOWN, `    and ${number(rejected - SHOWN)} more`);
  tellIf(ineligible.items, `  ${count(ineligible.merchants, 'account')} cannot be served:`);
  for (const { merchant, reasons } of ineligible.list.slice(0, SHOWN)) {
    terminal.note(`    ${merchant}: ${reasons.map((reason) => explained(reason)).join(', ')}`);
  }
  if (shared.count > 0) {
    const sends = shared.list.map(({ merchant, msg_id, article_idx }) => `${merchant} ${msg_id} ${article_idx}`);
    context.tell(`  ${count(shared.count, 'other send')} would lose the page, too: ${firstOf(sends, NAMED)}`);
  }
  if (deletions === 0) return;
  if (days_of_quota === null) context.tell('  The quota of an account never suffices for its part.');
  else if (days_of_quota > 1) context.tell(`  The quota of the slowest account takes ${number(days_of_quota)} days.`);
  terminal.note(`  the last one would leave at about ${moment(eta)}`);
}

/** Of the accounts that the list names itself. */
async function namesOf(client: Retract, { targets }: TargetList): Promise<string> {
  const appids = [...new Set(targets.flatMap(({ target }) => target.merchant ?? []))];
  const names = await Promise.all(
    appids.slice(0, NAMED).map(async (appid) => {
      const known = await client.merchants.get(appid).catch(() => undefined);
      return known?.nick_name ? `${plain(known.nick_name)} (${appid})` : appid;
    }),
  );
  return firstOf([...names, ...appids.slice(NAMED)], NAMED);
}

/** @throws Stopped */
async function confirm({ terminal }: Context, deletions: number): Promise<void> {
  if (!terminal.isAttended)
    throw new UsageError('There is no terminal to ask at: --yes deletes without asking. Nothing was deleted.');
  const typed = await terminal
    .ask(`This cannot be undone. To delete, type the number of deletions (${deletions}): `)
    .catch((error: unknown) => {
      throw error instanceof Stopped ? new Stopped('Nothing was deleted.') : error;
    });
  if (typed.replace(/[\s,.]/g, '') !== String(deletions))
    throw new Stopped('That is not the number. Nothing was deleted.');
}

function tellStart({ terminal }: Context, { id, accepted, undo_until }: Takedown): void {
  terminal.note(`Takedown ${id}: ${count(accepted, 'deletion')} accepted.`);
  if (undo_until)
    terminal.note(
      `Nothing is deleted before ${moment(undo_until)}: until then \`retract cancel ${id}\` stops all of it.`,
    );
}
