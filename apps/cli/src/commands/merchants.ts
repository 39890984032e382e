import type { Command } from 'commander';
import type { Merchant } from '@app/client';
import { count, plain, table } from '../terminal/words.js';
import { acting, examples, type Context } from '../calling/context.js';
import { asCount, inAddress } from '../calling/options.js';

interface Options {
  notEligible?: boolean;
  q?: string;
  limit: number;
}

export function addMerchants(program: Command): void {
  program
    .command('merchants')
    .description('list the accounts that authorized, and whether their messages can be taken back')
    .option('--not-eligible', 'only those whose messages cannot be taken back, with the reasons')
    .option('--q <text>', 'only those with these words in their appid, name, company or reference')
    .option('--limit <n>', 'list so many at most', asCount, 1_000)
    .addHelpText(
      'after',
      examples(
        ['who has to authorize again', 'retract merchants --not-eligible'],
        ['one by its name, for a program', 'retract merchants --q "Tea House" --json'],
      ),
    )
    .action(acting(merchants));
}

async function merchants(context: Context, { notEligible, q, limit }: Options): Promise<void> {
  const { terminal } = context;
  const client = await context.connect();
  const found: Merchant[] = [];
  let isCut = false;
  for await (const merchant of client.merchants.list(
    inAddress({ limit: 200, ...(notEligible && { eligible: 'false' }), ...(q !== undefined && { q }) }),
  )) {
    isCut = found.length === limit;
    if (isCut) break;
    found.push(merchant);
    terminal.json(merchant);
  }
  if (found.length === 0) terminal.print('There is none.');
  else terminal.print(table([['APPID', 'NAME', 'REFERENCE', 'STATE', 'CAN BE SERVED'], ...found.map(rowOf)]));
  if (isCut) terminal.note(`There are more than ${count(limit, 'account')}: --limit shows more, --q fewer.`);
  if (terminal.isJson || !notEligible || found.length === 0) return;
  terminal.print('\nTo authorize again, their admins open:');
  terminal.print(table(found.map(({ appid, reauthorize_url }) => [`  ${appid}`, reauthorize_url])));
}

const rowOf = ({ appid, nick_name, ref, state, ...merchant }: Merchant): string[] => [
  appid,
  plain(nick_name ?? '-'),
  plain(ref ?? '-'),
  state,
  servedInWords(merchant),
];

export function servedInWords(merchant: Pick<Merchant, 'eligible' | 'ineligible_reasons' | 'facts_unknown'>): string {
  if (!merchant.eligible) return `no: ${merchant.ineligible_reasons.join(', ')}`;
  return merchant.facts_unknown ? 'not known yet' : 'yes';
}
