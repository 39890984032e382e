import { buildXml, decodeAesKey, sealPush } from '@app/wechat';
import { Deployment, PLATFORM } from '../deployment.js';
import { atLeast, type Figure } from '../figures.js';
import { sendAsFastAsPossible, type Request } from '../load.js';
import type { Stage } from '../stage.js';
import { Upstream } from '../upstream.js';

const SENDERS = 32;
const WARM_UP = 1_000;

/**
 * Pushes a second that the api takes over HTTP, verified, decrypted, seen to be new and stored, against the same process
 * doing no more than decrypting and one INSERT.
 */
export async function callbacks(stage: Stage): Promise<Figure[]> {
  const count = stage.size(2_000, 15_000);
  const [ours, baseline, loop]: [number[], number[], number[]] = [[], [], []];
  for (let round = 0; round < stage.size(1, 5); round++) {
    baseline.push(await stage.part((part) => bareRate(part, count, 'http')));
    ours.push(await stage.part((part) => ourRate(part, count)));
    loop.push(await stage.part((part) => bareRate(part, count, 'loop')));
  }
  const what = `pushes over HTTP, ${SENDERS} at a time`;
  return [
    atLeast(0.7, { what: `${what}; baseline over HTTP`, unit: '/s', ours, baseline }),
    atLeast(0.7, { what: `${what}; baseline in a loop`, unit: '/s', ours, baseline: loop }),
  ];
}

async function ourRate(stage: Stage, count: number): Promise<number> {
  const deployment = await Deployment.open(stage, await Upstream.start(stage, 0));
  await deployment.addMerchants(1, { isWarm: true });
  const url = await deployment.startApi();
  const rate = await rateOf(stage, url, count);
  const stored = await deployment.database.value<number>(`SELECT count(*)::int FROM callback_events`);
  if (stored !== WARM_UP + count) throw new Error(`${stored} pushes are stored`);
  return rate;
}

async function bareRate(stage: Stage, count: number, how: 'http' | 'loop'): Promise<number> {
  const database = await stage.database();
  await database.rows(
    'CREATE TABLE bare_pushes (id uuid PRIMARY KEY, plaintext text NOT NULL, created_at timestamptz DEFAULT now())',
  );
  const env = { DATABASE_URL: database.url, PLATFORM: JSON.stringify(PLATFORM) };
  const receiver = stage.start('bench/src/baselines/bare-callbacks.js', env);
  const { url } = await receiver.says<{ url: string }>();
  if (how === 'http') return rateOf(stage, url, count);
  const done = receiver.says<{ rate: number }>();
  receiver.tell({
    bodies: pushes(WARM_UP + count).map(({ body }) => body.toString()),
    warmUp: WARM_UP,
    senders: SENDERS,
  });
  return (await done).rate;
}

async function rateOf(stage: Stage, url: string, count: number): Promise<number> {
  const requests = pushes(WARM_UP + count);
  await sendAsFastAsPossible(stage, url, { senders: SENDERS, requests: requests.slice(0, WARM_UP) });
  return sendAsFastAsPossible(stage, url, { senders: SENDERS, requests: requests.slice(WARM_UP) });
}

/** Fans' messages, the most frequent kind. */
function pushes(count: number): Request[] {
  const { componentAppid, token, encodingAesKey } = PLATFORM;
  const aesKey = decodeAesKey(encodingAesKey);
  const now = Math.floor(Date.now() / 1000);
  const openid = 'oBenchBenchBenchBenchBenchBe';
  return Array.from({ length: count }, (_none, index) => {
    const ToUserName = 'gh_0123456789ab';
    const plaintext = buildXml({
      ToUserName,
      FromUserName: openid,
      CreateTime: now,
      MsgType: 'text',
      Content: 'a fan says something',
      MsgId: String(24_270_000_000_000_000n + BigInt(index)),
    });
    const { body, query } = sealPush({
      ...{ aesKey, token, appid: componentAppid, plaintext, timestamp: now, nonce: String(index) },
      receiver: { ToUserName },
      openid,
    });
    const path = `/wechat/${componentAppid}/messages/wx0000000000000000?${new URLSearchParams(query).toString()}`;
    return { path, headers: { 'content-type': 'text/xml' }, body };
  });
}
