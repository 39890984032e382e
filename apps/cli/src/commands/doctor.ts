import type { Command } from 'commander';
import { RetractError, type Platform, type PlatformExamination, type Retract } from '@app/client';
import { inAddress } from '../calling/options.js';
import { complaintOf, connectTo } from '../settings/connection.js';
import { currentLogin, isOpenToOthers, isReadableOnTheWay, LoginUnusable, type Login } from '../settings/login.js';
import { EXIT, type ExitCode } from '../terminal/exit-codes.js';
import { explained } from '../terminal/explained.js';
import { count, span } from '../terminal/words.js';
import { acting, examples, type Context } from '../calling/context.js';
import { ownKey } from './login.js';

interface Finding {
  check: string;
  state: 'ok' | 'warning' | 'wrong';
  found: string;
  advice?: string;
}

const PATIENCE_MS = 10_000;
const SOON_MS = 7 * 86_400_000;
const CLOCKS_APART_MS = 60_000;

export function addDoctor(program: Command): void {
  program
    .command('doctor')
    .description('look whether everything that deletions need is there, and say what to do where it is not')
    .addHelpText('after', examples(['looks at service, key and platforms', 'retract doctor']))
    .action(acting(doctor));
}

async function doctor({ terminal }: Context): Promise<ExitCode> {
  const findings: Finding[] = [];
  for await (const finding of examine()) {
    findings.push(finding);
    const { state, check, found, advice } = finding;
    const style = { ok: 'green', warning: 'yellow', wrong: 'red' } as const;
    terminal.print(`${state.padEnd(7)}  ${check}: ${found}`, style[state]);
    if (advice) terminal.print(`         ${advice}`);
  }
  terminal.json({ ok: findings.every(({ state }) => state !== 'wrong'), findings });
  return findings.some(({ state }) => state === 'wrong') ? EXIT.failed : EXIT.ok;
}

/** Each check needs those before it: the first that fails is where to begin. */
async function* examine(): AsyncGenerator<Finding> {
  const login = await currentLogin().catch((error: unknown) => {
    if (error instanceof LoginUnusable) return error;
    throw error;
  });
  if (login instanceof LoginUnusable) {
    yield { check: 'login', state: 'wrong', found: login.message };
    return;
  }
  if (!login) {
    yield {
      check: 'login',
      state: 'wrong',
      found: 'there is none',
      advice: '`retract login`, or set RETRACT_URL and RETRACT_API_KEY.',
    };
    return;
  }
  yield await ofLogin(login);
  const reached = await ofService(login.url);
  yield* reached;
  if (reached.some(({ state }) => state === 'wrong')) return;
  const { client } = connectTo(login, () => undefined, 0);
  const key = await ofKey(client, login);
  yield key;
  if (key.state === 'wrong') return;
  try {
    yield* await ofPlatforms(client);
    yield await ofMerchants(client);
  } catch (error) {
    // A key for tokens alone reads neither.
    if (!(error instanceof RetractError) || error.status !== 403) throw error;
    yield {
      check: 'platforms',
      state: 'warning',
      found: 'the key may not read them',
      advice: 'Ask an admin for a key of the role viewer.',
    };
  }
}

async function ofLogin({ url, source }: Login): Promise<Finding> {
  if (source !== 'RETRACT_API_KEY' && (await isOpenToOthers(source))) {
    return { check: 'login', state: 'wrong', found: `others can read ${source}`, advice: `chmod 600 ${source}` };
  }
  if (isReadableOnTheWay(url)) {
    return { check: 'login', state: 'warning', found: `${url} is not encrypted`, advice: 'Use its https address.' };
  }
  return { check: 'login', state: 'ok', found: `${url}, key from ${source}` };
}

/** Health has no key and is no part of the described api. */
async function ofService(url: string): Promise<Finding[]> {
  let response: Response;
  const began = performance.now();
  try {
    response = await fetch(`${url}/health/ready`, { redirect: 'manual', signal: AbortSignal.timeout(PATIENCE_MS) });
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause.message.trim() : String(error);
    const advice = 'Is the address right, does the api run, and is a proxy or firewall in between?';
    return [{ check: 'service', state: 'wrong', found: `no answer from ${url}: ${cause}`, advice }];
  }
  const elsewhere = response.headers.get('location');
  if (elsewhere !== null) {
    // A key is sent to no address but its own, so no other command follows either.
    const advice = 'If that is an address of your service, `retract login` there.';
    return [{ check: 'service', state: 'wrong', found: `${url} sends to ${elsewhere}`, advice }];
  }
  const tookMs = Math.round(performance.now() - began);
  const answer = (await response.json().catch(() => undefined)) as
    { detail?: string; code?: string; status?: string } | undefined;
  if (response.ok && answer?.status === 'ok') {
    return [{ check: 'service', state: 'ok', found: `ready, answers in ${tookMs} ms` }, ...ofClock(response)];
  }
  if (answer?.code === 'not_ready') {
    const advice = `${url}/docs/problems/not_ready`;
    return [{ check: 'service', state: 'wrong', found: answer.detail ?? 'not ready', advice }];
  }
  const advice = 'Something else answers at this address. Compare it with PUBLIC_URL, and look at the proxy.';
  return [
    { check: 'service', state: 'wrong', found: `${url} answers with ${response.status}, not as Retract does`, advice },
  ];
}

function ofClock({ headers }: Response): Finding[] {
  const apartMs = Math.abs(Date.now() - Date.parse(headers.get('date') ?? ''));
  if (!(apartMs > CLOCKS_APART_MS)) return [];
  const advice = 'Moments that are shown here are off by so much: set the clock of this machine, or of the service.';
  return [{ check: 'clock', state: 'warning', found: `${span(apartMs)} apart from that of the service`, advice }];
}

async function ofKey(client: Retract, { url }: Login): Promise<Finding> {
  try {
    const key = await ownKey(client);
    const found = `"${key.name}", ${key.role}`;
    const leftMs = key.expires_at === null ? Infinity : Date.parse(key.expires_at) - Date.now();
    if (leftMs < SOON_MS) {
      return {
        check: 'key',
        state: 'warning',
        found: `${found}, ends in ${span(leftMs)}`,
        advice: 'Ask an admin for another.',
      };
    }
    return { check: 'key', state: 'ok', found };
  } catch (error) {
    const { words, exitCode } = complaintOf(error, url);
    const found = words.replaceAll('\n', '; ');
    const advice = exitCode === EXIT.notAuthorized && { advice: 'Ask an admin for a key, then `retract login`.' };
    return { check: 'key', state: 'wrong', found, ...advice };
  }
}

async function ofPlatforms(client: Retract): Promise<Finding[]> {
  const { data } = await client.platforms.list();
  if (data.length > 0) {
    const findings: Finding[] = [];
    for (const platform of data) findings.push(ofPlatform(platform), ...(await ofExamination(client, platform)));
    return findings;
  }
  const advice = 'An admin registers one with POST /v1/platforms.';
  return [
    { check: 'platforms', state: 'wrong', found: 'none is registered, or none within the limits of the key', advice },
  ];
}

function ofPlatform({ component_appid, ticket_state, ticket_age_seconds, hold }: Platform): Finding {
  const check = `platform ${component_appid}`;
  if (hold) {
    const why = explained(hold.reason, hold.errcode === null ? '' : `WeChat: ${hold.errcode}`);
    const advice = 'Nothing is sent until a probe passes. Look at the secret, the ticket, and the IP list at WeChat.';
    return { check, state: 'wrong', found: `held, ${why}`, advice };
  }
  const age = ticket_age_seconds === null ? 'there is none' : `the last is ${span(ticket_age_seconds * 1_000)} old`;
  if (ticket_state === 'fresh') return { check, state: 'ok', found: `ticket: ${age}` };
  const advice = 'Does WeChat reach the authorization-event URL that is entered there, and is it that of this service?';
  return { check, state: ticket_state === 'missing' ? 'wrong' : 'warning', found: `ticket: ${age}`, advice };
}

/** What the service finds itself, by a call to WeChat. */
async function ofExamination(client: Retract, { component_appid }: Platform): Promise<Finding[]> {
  const check = `platform ${component_appid}, by a call to WeChat`;
  try {
    const { checks } = await client.platforms.examine(component_appid);
    const failed = checks.filter(({ state }) => state === 'failed');
    if (failed.length === 0) return [{ check, state: 'ok', found: 'no check has failed' }];
    return failed.map((one) => ofFailedCheck(component_appid, one));
  } catch (error) {
    if (!(error instanceof RetractError)) throw error;
    if (error.status === 403) {
      const found = 'not looked at, for the key may not examine it';
      return [{ check, state: 'ok', found }];
    }
    if (error.is('examined_too_soon')) return [{ check, state: 'ok', found: `not looked at: ${error.detail}` }];
    throw error;
  }
}

type FailedCheck = PlatformExamination['checks'][number];

/** Accounts are the concern of their admins; the rest keeps the platform from working. */
const ofFailedCheck = (platform: string, { name, code, facts }: FailedCheck): Finding => ({
  check: `platform ${platform}, ${name}`,
  state: name === 'merchants' || name === 'authorizer_list' ? 'warning' : 'wrong',
  found: `${code}, ${JSON.stringify(facts)}`,
  advice: ADVICE[name],
});

const ADVICE: Record<FailedCheck['name'], string> = {
  pushes_arrive: 'Enter the events URL of this service at WeChat, and see that it is reachable from outside.',
  ticket: 'WeChat sends it to the events URL every ten minutes: see that it arrives, or have it sent anew at WeChat.',
  component_token: 'Compare the app_secret with that at WeChat, and enter it anew with PATCH /v1/platforms/{appid}.',
  ip_listed: 'Add the address to the IP list of the platform at WeChat.',
  clock_database: 'Set the clocks of the service and of the database: they are more than 2 s apart.',
  clock_wechat: 'Set the clock of the service: it is more than a minute away from that of WeChat.',
  authorizer_list: 'POST /v1/platforms/{appid}/sync takes over what WeChat lists.',
  merchants: '`retract merchants --not-eligible` says why, and has their links.',
};

async function ofMerchants(client: Retract): Promise<Finding> {
  const { data, next_cursor } = await client.merchants.list(inAddress({ eligible: 'false', limit: 200 }));
  if (data.length === 0) return { check: 'merchants', state: 'ok', found: 'none is known that cannot be served' };
  const found = `${next_cursor ? 'more than ' : ''}${count(data.length, 'account')} cannot be served`;
  return {
    check: 'merchants',
    state: 'warning',
    found,
    advice: '`retract merchants --not-eligible` says why, and has their links.',
  };
}
