import type { Command } from 'commander';
import { renderUnicodeCompact } from 'uqr';
import type { AuthorizationLink, Event, Merchant, Retract } from '@app/client';
import { EXIT, Failure, UsageError, type ExitCode } from '../terminal/exit-codes.js';
import { explained } from '../terminal/explained.js';
import { moment, plain } from '../terminal/words.js';
import { acting, examples, type Context } from '../calling/context.js';
import { eventsFrom } from './follow.js';
import { servedInWords } from './merchants.js';
import { asSeconds } from '../calling/options.js';

interface Options {
  platform?: string;
  ref?: string;
  merchant?: string;
  expiresIn?: number;
  detach?: boolean;
}

export function addAuthorize(program: Command): void {
  program
    .command('authorize')
    .description(
      'issue a link for the admin of an account, and wait until they have come back; with neither --ref nor --merchant, ' +
        'until anybody authorizes the platform',
    )
    .option('--platform <appid>', 'component_appid of the platform; needed where there are several')
    .option('--ref <name>', 'your own name for whoever authorizes')
    .option('--merchant <appid>', 'only for this account')
    .option('--expires-in <seconds>', 'how long the link is good (a week, unless told otherwise)', asSeconds)
    .option('--detach', 'do not wait')
    .addHelpText(
      'after',
      examples(
        ['shows the link and its QR code, and waits', 'retract authorize --ref "shop 7"'],
        ['only the link', 'retract authorize --ref "shop 7" --detach'],
      ),
    )
    .action(acting(authorize));
}

async function authorize(context: Context, options: Options): Promise<ExitCode> {
  const { terminal } = context;
  const client = await context.connect();
  const platform = options.platform ?? (await onlyPlatform(client));
  // From before the link is known to anybody.
  const { next_cursor: cursor } = await client.events.list({ cursor: 'latest' });
  const link = await client.authorizationLinks.issue({
    platform,
    ...(options.ref !== undefined && { ref: options.ref }),
    ...(options.merchant !== undefined && { merchant: options.merchant }),
    ...(options.expiresIn !== undefined && { expires_in: options.expiresIn }),
  });
  showCode(context, link.url);
  terminal.print(link.url);
  if (options.detach) {
    terminal.json(link);
    return EXIT.ok;
  }
  // The document comes when somebody has authorized, for which they need the link.
  if (terminal.isJson) terminal.note(link.url);
  terminal.note(
    `Good until ${moment(link.expires_at)}. Waiting for the account's admin; Ctrl-C stops waiting, not the link.`,
  );
  if (link.ref === null && link.merchant === null)
    terminal.note(
      'Without --ref and --merchant, the next account that authorizes the platform is shown, by whichever link.',
    );
  const merchant = await authorized(client, link, cursor);
  terminal.json({ link, merchant });
  tellGranted(context, merchant);
  return merchant.eligible ? EXIT.ok : EXIT.partlyFailed;
}

/** No camera reads one whose lines are broken. */
function showCode({ terminal }: Context, url: string): void {
  const { isTTY, columns } = process.stderr;
  if (!isTTY) return;
  const code = renderUnicodeCompact(url, { border: 2 });
  // Of a terminal that does not tell its width, it is 0.
  if (columns === 0 || code.indexOf('\n') <= columns) terminal.note(code);
  else terminal.note(`The terminal is too narrow for the QR code: it takes ${code.indexOf('\n')} columns.`);
}

async function onlyPlatform(client: Retract): Promise<string> {
  const { data } = await client.platforms.list();
  const [platform, ...others] = data.map(({ component_appid }) => component_appid);
  if (platform === undefined)
    throw new Failure('No platform is registered: an admin registers one with POST /v1/platforms.');
  if (others.length > 0)
    throw new UsageError(`There are several platforms: --platform ${[platform, ...others].join(' or ')}.`);
  return platform;
}

/**
 * Who authorized by the link. Events do not name links: for a link with a name it is who has that name afterwards, for one
 * without, whoever authorizes the platform next.
 */
async function authorized(client: Retract, link: AuthorizationLink, cursor: string): Promise<Merchant> {
  const ending = AbortSignal.timeout(Math.max(0, Math.min(Date.parse(link.expires_at) - Date.now(), 2 ** 31 - 1)));
  try {
    const feed = {
      type: 'merchant.authorized',
      cursor,
      signal: ending,
      ...(link.merchant && { merchant: link.merchant }),
    };
    for await (const event of eventsFrom(client, feed)) {
      const appid = appidOf(event, link.platform);
      const merchant = appid && (await client.merchants.get(appid, { component_appid: link.platform }));
      if (merchant && (link.ref === null || link.merchant !== null || merchant.ref === link.ref)) return merchant;
    }
  } catch (error) {
    if (!ending.aborted) throw error;
  }
  throw new Failure('Nobody authorized while the link was good.');
}

function appidOf({ data }: Event, platform: string): string | undefined {
  const { merchant, component_appid } = data as { merchant?: string; component_appid?: string };
  return component_appid === platform ? merchant : undefined;
}

function tellGranted({ terminal, tell }: Context, merchant: Merchant): void {
  const { appid, nick_name, permission_sets, eligible, eligibility_warnings, reauthorize_url } = merchant;
  terminal.print(`${plain(nick_name ?? appid)} (${appid}) has authorized.`);
  terminal.print(`  permission sets: ${permission_sets.join(', ') || 'not known yet'}`);
  terminal.print(`  messages can be taken back: ${servedInWords(merchant)}`);
  for (const reason of merchant.ineligible_reasons) terminal.print(`    ${explained(reason)}`);
  for (const { detail } of eligibility_warnings) tell(`  ${detail}`);
  if (!eligible) terminal.print(`  to authorize again: ${reauthorize_url}`);
}
