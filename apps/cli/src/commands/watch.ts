import type { Command } from 'commander';
import type { Retract, Takedown } from '@app/client';
import { EXIT, type ExitCode } from '../terminal/exit-codes.js';
import { count, number } from '../terminal/words.js';
import { acting, examples, type Context } from '../calling/context.js';
import { followDeletion, tellDeletion } from './delete.js';
import { exitCodeOfEnd, follow, progressOf, tellEnd } from './follow.js';
import { subjectOf } from '../calling/subjects.js';

export function addWatch(program: Command): void {
  program
    .command('watch')
    .description('show a takedown or a deletion until its end')
    .argument('<id>', 'of the takedown or the deletion')
    .addHelpText(
      'after',
      examples(
        ['until its end', 'retract watch 019ac5d2-7c1f-7000-8000-000000000000'],
        ['each event as a line of JSON', 'retract watch 019ac5d2-7c1f-7000-8000-000000000000 --json'],
      ),
    )
    .action(acting(watch));
  program
    .command('cancel')
    .description('stop what was not sent to WeChat yet of a takedown or a deletion')
    .argument('<id>', 'of the takedown or the deletion')
    .addHelpText(
      'after',
      examples(['all of it, within its undo window', 'retract cancel 019ac5d2-7c1f-7000-8000-000000000000']),
    )
    .action(acting(cancel));
}

async function watch(context: Context, id: string): Promise<ExitCode> {
  const client = await context.connect();
  const subject = await subjectOf(client, id);
  if ('deletion' in subject) {
    const ended = await followDeletion(context, client, subject.deletion);
    context.terminal.json(ended);
    return tellDeletion(context, ended);
  }
  if (context.terminal.isJson) return watchAsJson(context, client, subject.takedown);
  const ended = await follow(context, client, id);
  return tellEnd(context, client, ended);
}

/** As the service tells it, an event a line. */
async function watchAsJson({ terminal }: Context, client: Retract, { id }: Takedown): Promise<ExitCode> {
  const { signal } = new AbortController();
  for await (const progress of progressOf(client, id, signal)) terminal.json(progress);
  return exitCodeOfEnd(await client.takedowns.get(id));
}

async function cancel(context: Context, id: string): Promise<ExitCode> {
  const { terminal } = context;
  const client = await context.connect();
  const subject = await subjectOf(client, id);
  if ('deletion' in subject) {
    const deletion = await client.deletions.cancel(id);
    terminal.json(deletion);
    terminal.print(`Deletion ${id} is ${deletion.state}.`);
    return EXIT.ok;
  }
  const takedown = await client.takedowns.cancel(id);
  const { cancelled = 0, too_late = 0 } = takedown;
  terminal.json(takedown);
  terminal.print(`${count(cancelled, 'deletion')} stopped, too late for ${number(too_late)}.`);
  return too_late > 0 ? EXIT.partlyFailed : EXIT.ok;
}
