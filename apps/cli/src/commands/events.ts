import type { Command } from 'commander';
import type { Event } from '@app/client';
import { moment, plain } from '../terminal/words.js';
import { acting, examples, type Context } from '../calling/context.js';
import { eventsFrom } from './follow.js';

interface Options {
  follow?: boolean;
  type?: string;
  merchant?: string;
  takedown?: string;
  cursor?: string;
}

const PAGE = 1_000;

export function addEvents(program: Command): void {
  program
    .command('events')
    .description('list what happened, oldest first')
    .option('--follow', 'go on with what happens, from now unless --cursor says from where')
    .option('--type <type>', 'only of this type, or of a subject: deletion.failed, deletion.*')
    .option('--merchant <appid>', 'only of this account')
    .option('--takedown <id>', 'only of this takedown')
    .option('--cursor <cursor>', 'what came after it')
    .addHelpText(
      'after',
      examples(
        ['what happens from now on, a line of JSON each', 'retract events --follow --json'],
        ['all failures that are kept', 'retract events --type deletion.failed'],
      ),
    )
    .action(acting(events));
}

async function events(context: Context, { follow, type, merchant, takedown, cursor }: Options): Promise<void> {
  const { terminal } = context;
  const client = await context.connect();
  const filter = { ...(type && { type }), ...(merchant && { merchant }), ...(takedown && { takedown }) };
  const show = (event: Event) => {
    terminal.json(event);
    terminal.print(inWords(event));
  };
  if (follow) {
    const from = cursor ?? (await client.events.list({ cursor: 'latest' })).next_cursor;
    for await (const event of eventsFrom(client, { ...filter, cursor: from })) show(event);
  }
  for (let at = cursor, hasMore = true; hasMore;) {
    const page = await client.events.list({ ...filter, limit: PAGE, ...(at !== undefined && { cursor: at }) });
    page.data.forEach(show);
    at = page.next_cursor;
    hasMore = page.has_more;
  }
}

/** What is told of it, in the order in which it is told; what is a list or an object is for `--json`. */
function inWords({ timestamp, type, data }: Event): string {
  const facts = Object.entries(data).flatMap(([name, value]) =>
    ['string', 'number', 'boolean'].includes(typeof value) ? [`${name}=${value as string | number | boolean}`] : [],
  );
  return plain([moment(timestamp), type, ...facts].join('  '));
}
