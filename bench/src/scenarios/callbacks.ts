import { buildXml, decodeAesKey, sealPush } from '@app/wechat';
import { Deployment, PLATFORM } from '../deployment.js';
import { atLeast, told, type Figure } from '../figures.js';
import { sendAsFastAsPossible } from '../load.js';
import type { Process } from '../process.js';
import type { LoopOrder, Push } from '../processes/in-a-loop.js';
import type { Database, Stage } from '../stage.js';
import { Upstream } from '../upstream.js';

const SENDERS = 32;
const WARM_UP = 1_000;
const MESSAGES_URL = `/wechat/${PLATFORM.componentAppid}/messages/wx0000000000000000`;

/**
 * Pushes a second, verified, decrypted, seen to be new and stored, against decrypting and one INSERT: by the inbox
 * alone against a loop, and by the api over HTTP against the same loop behind a bare Fastify.
 */
export async function callbacks(stage: Stage): Promise<Figure[]> {
  const count = stage.size(2_000, 15_000);
  const measured: Record<'inbox' | 'loop' | 'api' | 'fastify', number[]> = {
    inbox: [],
    loop: [],
    api: [],
    fastify: [],
  };
  for (let round = 0; round < stage.size(1, 3); round++) {
    measured.loop.push(await stage.part((part) => bareRate(part, count, 'loop')));
    measured.inbox.push(await stage.part((part) => ourRate(part, count, 'loop')));
    measured.fastify.push(await stage.part((part) => bareRate(part, count, 'HTTP')));
    measured.api.push(await stage.part((part) => ourRate(part, count, 'HTTP')));
  }
  const what = (how: string) => `pushes ${how}, ${SENDERS} at a time`;
  return [
    atLeast(0.7, { what: what('in a loop'), unit: '/s', ours: measured.inbox, baseline: measured.loop }),
    told({ what: what('over HTTP'), unit: '/s', ours: measured.api, baseline: measured.fastify }),
  ];
}

async function ourRate(stage: Stage, count: number, how: 'loop' | 'HTTP'): Promise<number> {
  const deployment = await Deployment.open(stage, await Upstream.start(stage, 0));
  await deployment.addMerchants(1, { isWarm: true });
  const rate =
    how === 'HTTP'
      ? await httpRate(stage, await deployment.startApi(), count)
      : await loopRate(await startInbox(stage, deployment), count);
  await expectStored(deployment.database, 'callback_events', count);
  return rate;
}

async function startInbox(stage: Stage, { env }: Deployment): Promise<Process> {
  const inbox = stage.start('bench/src/processes/inbox.js', { ...env, PLATFORM: JSON.stringify(PLATFORM) });
  await inbox.says();
  return inbox;
}

async function bareRate(stage: Stage, count: number, how: 'loop' | 'HTTP'): Promise<number> {
  const database = await stage.database();
  await database.rows(
    'CREATE TABLE bare_pushes (id uuid PRIMARY KEY, plaintext text NOT NULL, created_at timestamptz DEFAULT now())',
  );
  const env = { DATABASE_URL: database.url, PLATFORM: JSON.stringify(PLATFORM) };
  const receiver = stage.start('bench/src/baselines/bare-callbacks.js', env);
  const { url } = await receiver.says<{ url: string }>();
  const rate = how === 'HTTP' ? await httpRate(stage, url, count) : await loopRate(receiver, count);
  await expectStored(database, 'bare_pushes', count);
  return rate;
}

async function loopRate(receiver: Process, count: number): Promise<number> {
  const done = receiver.says<{ rate: number }>();
  receiver.tell({ pushes: pushes(WARM_UP + count), warmUp: WARM_UP, senders: SENDERS } satisfies LoopOrder);
  return (await done).rate;
}

async function httpRate(stage: Stage, url: string, count: number): Promise<number> {
  const requests = pushes(WARM_UP + count).map(({ body, query }) => ({
    path: `${MESSAGES_URL}?${new URLSearchParams(query).toString()}`,
    headers: { 'content-type': 'text/xml' },
    body,
  }));
  await sendAsFastAsPossible(stage, url, { senders: SENDERS, requests: requests.slice(0, WARM_UP) });
  return sendAsFastAsPossible(stage, url, { senders: SENDERS, requests: requests.slice(WARM_UP) });
}

async function expectStored(database: Database, table: string, count: number): Promise<void> {
  const stored = await database.value<number>(`SELECT count(*)::int FROM ${table}`);
  if (stored !== WARM_UP + count) throw new Error(`${stored} pushes of ${WARM_UP + count} are stored`);
}

/** Fans' messages, the most frequent kind. */
function pushes(count: number): Push[] {
  const { componentAppid, token, encodingAesKey } = PLATFORM;
  const aesKey = decodeAesKey(encodingAesKey);
  const now = Math.floor(Date.now() / 1000);
  const ToUserName = 'gh_0123456789ab';
  const openid = 'oBenchBenchBenchBenchBenchBe';
  return Array.from({ length: count }, (_none, index) => {
    const plaintext = buildXml({
      ToUserName,
      FromUserName: openid,
      CreateTime: now,
      MsgType: 'text',
      Content: 'a fan says something',
      MsgId: String(24_270_000_000_000_000n + BigInt(index)),
    });
    const sealing = { aesKey, token, appid: componentAppid, plaintext, timestamp: now, nonce: String(index) };
    const { body, query } = sealPush({ ...sealing, receiver: { ToUserName }, openid });
    return { body: body.toString(), query };
  });
}
