import type { Command } from 'commander';
import type { ApiKey, Retract } from '@app/client';
import { connectTo } from '../settings/connection.js';
import {
  asKey,
  asUrl,
  currentLogin,
  forgetLogin,
  isReadableOnTheWay,
  keepLogin,
  loginFile,
} from '../settings/login.js';
import { Failure } from '../terminal/exit-codes.js';
import { moment, plain, table } from '../terminal/words.js';
import { acting, examples, type Context } from '../calling/context.js';

export function addLogin(program: Command): void {
  program
    .command('login')
    .description('keep the address of a service and a key to it, once a call has shown that the key works')
    .option('--url <url>', 'address of the service')
    .option('--key-stdin', 'read the key from the standard input instead of asking for it')
    .addHelpText(
      'after',
      examples(
        ['asks for both, and does not show the key', 'retract login'],
        ['from a file, or a password manager', 'retract login --url https://retract.example.com --key-stdin < key.txt'],
      ),
    )
    .action(acting(login));
  program
    .command('logout')
    .description('forget the kept key')
    .addHelpText('after', examples(['on a machine that others use, too', 'retract logout']))
    .action(acting(logout));
  program
    .command('whoami')
    .description('tell whose key is used, and what it may do')
    .addHelpText('after', examples(['its role, for a program', 'retract whoami --json | jq -r .key.role']))
    .action(acting(whoami));
}

async function login(context: Context, options: { url?: string; keyStdin?: boolean }): Promise<void> {
  const { terminal } = context;
  const url = asUrl(options.url ?? process.env.RETRACT_URL ?? (await terminal.ask('Address of the service: ')));
  context.url = url;
  if (isReadableOnTheWay(url)) context.tell(`${url} is not encrypted: others on the way can read the key.`);
  const given = options.keyStdin
    ? await readStdin()
    : await terminal.ask('API key (is not shown): ', { isSecret: true });
  const apiKey = asKey(given);
  const key = await ownKey(connectTo({ url, apiKey }, context.tell, 0).client);
  const file = await keepLogin({ url, apiKey }).catch((error: unknown) => {
    const advice = 'set RETRACT_URL and RETRACT_API_KEY instead';
    throw new Failure(`The key works, but cannot be kept: ${advice} (${String(error)}).`, { cause: error });
  });
  terminal.print(`Logged in to ${url} as "${plain(key.name)}" (${key.role}). The key is kept in ${file}.`);
  terminal.json({ url, file, key });
  if (process.env.RETRACT_API_KEY) context.tell('RETRACT_API_KEY is set, and goes before the key that was kept.');
}

async function logout({ terminal }: Context): Promise<void> {
  const wasThere = await forgetLogin();
  terminal.print(wasThere ? `The key is forgotten here. It works until it is revoked.` : 'There was no key.');
  terminal.json({ file: loginFile(), was_there: wasThere });
}

async function whoami(context: Context): Promise<void> {
  const { terminal } = context;
  const client = await context.connect();
  const key = await ownKey(client);
  const { url, source } = (await currentLogin()) ?? { url: '', source: '' };
  const limits = (appids: string[] | null) => appids?.join(', ') ?? 'all';
  terminal.print(
    table([
      ['service', url],
      ['key', `${plain(key.name)} (${key.id})`],
      ['from', source],
      ['role', key.role],
      ['platforms', limits(key.platforms)],
      ['merchants', limits(key.merchants)],
      ['ends', key.expires_at ? moment(key.expires_at) : 'never'],
    ]),
  );
  terminal.json({ url, source, key });
}

/** @throws Failure where something else answers, which may answer anything */
export async function ownKey(client: Retract): Promise<ApiKey> {
  const key: Partial<ApiKey> = await client.me.get();
  if (key.id === undefined || key.name === undefined || key.role === undefined) {
    throw new Failure('Something answers at this address, but not as Retract does. Is the address right?');
  }
  return key as ApiKey;
}

async function readStdin(): Promise<string> {
  process.stdin.setEncoding('utf8');
  let text = '';
  for await (const chunk of process.stdin) text += String(chunk);
  return text;
}
