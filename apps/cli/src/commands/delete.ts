import { setTimeout as delay } from 'node:timers/promises';
import type { Command } from 'commander';
import type { Deletion, Retract } from '@app/client';
import { EXIT, Stopped, UsageError, type ExitCode } from '../terminal/exit-codes.js';
import { explained } from '../terminal/explained.js';
import { count, moment, plain } from '../terminal/words.js';
import { acting, examples, type Context } from '../calling/context.js';
import { outcomeInWords, untilNextTry } from './follow.js';
import { Interrupts, untilStopped, type Wanted } from '../calling/interrupts.js';
import { asCount, ifSharedOption, insisting, wished, type Wish } from '../calling/options.js';

interface Options extends Wish {
  article?: number;
  wholeMessage?: boolean;
  url?: string;
  yes?: boolean;
  detach?: boolean;
}

const LOOK_EVERY_MS = 1_000;
const MAY_BE_ACCEPTED =
  'Stopped, but the deletion may have been accepted: GET /v1/deletions has it then, the newest first, and ' +
  '`retract cancel <id>` stops it.';

export function addDelete(program: Command): void {
  program
    .command('delete')
    .description('delete one article, or every article of a message')
    .argument('<merchant>', 'appid of the account')
    .argument('[msg_id]', 'of the message')
    .option('--article <n>', 'the article to delete (1 is the first)', asCount)
    .option('--whole-message', 'delete every article of the message')
    .option('--url <link>', 'the link of the article, instead of a msg_id')
    .option('--platform <appid>', 'component_appid of the platform; needed where the account is on several')
    .option('--reason <text>', 'why; is kept with the deletion and in its proof')
    .option('--urgent', 'before what waits, and into the quota that is kept for this')
    .addOption(ifSharedOption())
    .option('--yes', 'do not ask')
    .option('--detach', 'do not wait for the end; print the id')
    .option('--again', 'call WeChat also for what is known to be gone')
    .option('--try-anyway', 'have WeChat asked where its facts of an account may lag behind')
    .option('--allow-late', 'also what would leave after more days than the operators have set')
    .addHelpText(
      'after',
      examples(
        ['the second article of a message', 'retract delete wx570bc396a51b8ff8 3147483661 --article 2'],
        ['all of a message, without a question', 'retract delete wx570bc396a51b8ff8 3147483661 --whole-message --yes'],
        ['by its link', 'retract delete wx570bc396a51b8ff8 --url "https://mp.weixin.qq.com/s/9pJLbTu4H9Wq8PcHxyzABC"'],
      ),
    )
    .action(acting(deleteOne));
}

async function deleteOne(
  context: Context,
  merchant: string,
  msgId: string | undefined,
  options: Options,
): Promise<ExitCode> {
  const { terminal } = context;
  const target = targetOf(msgId, options);
  const { platform: component_appid } = options;
  const whose = { merchant, ...(component_appid !== undefined && { component_appid }) };
  const client = await context.connect();
  if (!options.yes) await confirm(context, client, whose, target.words);
  const body = { ...whose, ...target.fields, ...wished(options), ...insisting(options) };
  const accepted = await untilStopped((signal) => client.deletions.create(body, { signal }), MAY_BE_ACCEPTED);
  for (const { detail } of accepted.warnings ?? []) context.tell(detail);
  if (options.detach) {
    terminal.print(accepted.id);
    terminal.json(accepted);
    return EXIT.ok;
  }
  const ended = await followDeletion(context, client, accepted);
  terminal.json(ended);
  return tellDeletion(context, ended);
}

/** @throws UsageError where it is not said in so many words what goes: nobody gets back what was deleted by mistake */
function targetOf(msgId: string | undefined, { article, wholeMessage, url }: Options) {
  if ((msgId === undefined) === (url === undefined)) throw new UsageError('Give a msg_id, or a link with --url.');
  if (url !== undefined) {
    if (article !== undefined || wholeMessage) throw new UsageError('A link names its article by itself.');
    return { fields: { url }, words: `the article at ${url}` };
  }
  if (!/^[1-9]\d{0,18}$/.test(msgId ?? '')) throw new UsageError(`"${msgId}" is no msg_id.`);
  if ((article === undefined) === !wholeMessage) {
    throw new UsageError('Say which article goes with --article N, or that all of them go with --whole-message.');
  }
  const message = `message ${msgId}`;
  return article !== undefined
    ? { fields: { msg_id: msgId ?? '', article_idx: article }, words: `article ${article} of ${message}` }
    : { fields: { msg_id: msgId ?? '', whole_message: true }, words: `EVERY article of ${message}` };
}

async function confirm(
  { terminal }: Context,
  client: Retract,
  { merchant: appid, ...query }: { merchant: string; component_appid?: string },
  what: string,
): Promise<void> {
  if (!terminal.isAttended) {
    throw new UsageError('There is no terminal to ask at: --yes deletes without asking. Nothing was deleted.');
  }
  const { nick_name } = await client.merchants.get(appid, query);
  const name = nick_name ? `${plain(nick_name)} (${appid})` : appid;
  const typed = await terminal.ask(`This cannot be undone. Delete ${what} of ${name}? Type yes: `);
  if (typed.trim().toLowerCase() !== 'yes') throw new Stopped('Nothing was deleted.');
}

/** @returns the deletion at its end @throws Stopped where it was left */
export async function followDeletion(context: Context, client: Retract, deletion: Deletion): Promise<Deletion> {
  const { terminal } = context;
  const { id } = deletion;
  const stopping = new AbortController();
  let wanted: Exclude<Wanted, 'go on'> | undefined;
  const onWanted = (answer: Exclude<Wanted, 'go on'>) => {
    wanted = answer;
    stopping.abort();
  };
  const around = { before: () => undefined, after: () => undefined };
  const interrupts = new Interrupts(context, `Deletion ${id} is under way`, onWanted, around);
  let told = '';
  let seen = deletion;
  try {
    while (seen.finished_at === null) {
      const words = stateInWords(seen);
      if (words !== told) terminal.note(words);
      told = words;
      await delay(LOOK_EVERY_MS, undefined, { signal: stopping.signal });
      await interrupts.settled();
      try {
        seen = await client.deletions.get(id, { signal: stopping.signal });
      } catch (error) {
        await untilNextTry(error, stopping.signal);
      }
    }
  } catch (error) {
    if (!stopping.signal.aborted) throw error;
  } finally {
    interrupts.stop();
  }
  if (wanted === 'abort') return client.deletions.cancel(id);
  if (wanted === 'leave') {
    throw new Stopped(`Deletion ${id} goes on. \`retract watch ${id}\` shows it, \`retract cancel ${id}\` stops it.`);
  }
  return seen;
}

function stateInWords({ id, state, waiting_for, waiting_until, eta }: Deletion): string {
  const until = waiting_until ?? eta;
  return `${id} ${state}${waiting_for ? `: ${explained(waiting_for)}` : ''}${until ? `, until about ${moment(until)}` : ''}`;
}

export function tellDeletion({ terminal }: Context, deletion: Deletion): ExitCode {
  const { id, state, proof, attempts, pruned } = deletion;
  const calls = pruned ? 'its calls are not kept any more' : count(attempts, 'call');
  terminal.print(`${id} ${state}: ${outcomeInWords(deletion)}, proof ${proof}, ${calls}.`);
  return state === 'succeeded' ? EXIT.ok : EXIT.failed;
}
