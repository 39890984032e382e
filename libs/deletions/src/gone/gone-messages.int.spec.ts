import { v7 as uuidv7 } from 'uuid';
import { type Merchant } from '@app/merchants';
import { EVERYTHING, type Scope } from '@app/scope';
import { DeletionsDesk } from '../../../../test/support/deletions-desk.js';
import { GoneMessages, type ShownMessage } from './gone-messages.js';
import { goneOneByOne } from './gone-by.fixture.js';
import { targetColumns, targetKey, WHOLE_MESSAGE, type Target } from '../deletion/target.js';

const MESSAGES = 80;
const ARTICLES = [1, 2, 3];

let desk: DeletionsDesk;
/** The first two are rows of one account, on two platforms. Another account has messages of the same numbers. */
let merchants: Merchant[];
/** With those of the merchants that may be reached. */
let scopes: Record<string, { scope: Scope; reached: Merchant[] }>;

beforeAll(async () => {
  desk = await DeletionsDesk.open();
  const [mine, beside, other] = [await desk.aMerchant(), await desk.aMerchant(), await desk.aMerchant()];
  await desk.sql(`UPDATE merchants SET authorizer_appid = $2 WHERE id = $1`, [beside.id, mine.authorizerAppid]);
  merchants = [mine, beside, other];
  const platformOf = async ({ platformId }: Merchant) => (await desk.platforms.byId(platformId)).componentAppid;
  scopes = {
    everything: { scope: EVERYTHING, reached: merchants },
    'its platform': { scope: { platforms: [await platformOf(mine)], merchants: null }, reached: [mine] },
    'the other platform': {
      scope: { platforms: [await platformOf(beside)], merchants: [mine.authorizerAppid] },
      reached: [beside],
    },
  };
});
afterAll(() => desk.close());

/** The same numbers in each run. */
function numbers(): (below: number) => number {
  let last = 1;
  return (below) => {
    last = (last * 48_271) % 2_147_483_647;
    return last % below;
  };
}

/** Messages with some of their articles, and deletions of all kinds around them. */
async function generate(): Promise<ShownMessage[]> {
  const next = numbers();
  const shown: ShownMessage[] = [];
  let ended = 0;
  for (let i = 0; i < MESSAGES; i++) {
    const msgId = String(8_000_000_000 + i);
    const urlOf = (articleIdx: number) => `https://mp.weixin.qq.com/s/gone-${i}-${articleIdx}`;
    for (const { id } of merchants) {
      if (next(5) === 0) continue;
      await desk.sql(
        `INSERT INTO mass_messages (merchant_id, msg_id, status, finished_at, article_count)
         VALUES ($1, $2, 'send success', CASE WHEN $3 THEN now() - interval '2 h' END, $4)`,
        [id, msgId, next(2) === 0, [null, 1, 2, 3][next(4)]],
      );
    }
    const targets: Target[] = [
      ...[WHOLE_MESSAGE, ...ARTICLES, ...ARTICLES].map((articleIdx) => ({ msgId: BigInt(msgId), articleIdx })),
      ...ARTICLES.map((articleIdx) => ({ url: urlOf(articleIdx) })),
    ];
    for (let of = next(9); of > 0; of--) {
      const [target, merchant] = [targets[next(targets.length)], merchants[next(merchants.length)]];
      if (!target || !merchant) throw new Error('There is one.');
      const columns = targetColumns(target);
      // An open one is nobody's answer, and no two end in the same moment.
      await desk.sql(
        `INSERT INTO deletions (id, merchant_id, msg_id, article_idx, url, target_key, state, ready_at, request_id, proof,
           created_at, finished_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, now(), 'test', $8, now() - $9 * interval '1 h', now() - $10 * interval '1 s')`,
        [uuidv7(), merchant.id, columns.msgId, columns.articleIdx, columns.url, targetKey(target)]
          .concat([next(4) === 0 ? 'failed' : 'succeeded', next(4) === 0 ? 'verified' : 'acknowledged'])
          .concat([String(next(4) - 1), String(++ended)]),
      );
    }
    const articles = ARTICLES.slice(0, next(4)).map((articleIdx) => {
      return { articleIdx, url: next(3) === 0 ? null : urlOf(articleIdx) };
    });
    shown.push(...merchants.map(({ id }) => ({ merchantId: id, msgId, articles })));
  }
  // A third of what succeeded is not kept any more.
  await desk.sql(
    `WITH pruned AS (DELETE FROM deletions WHERE state = 'succeeded' AND hashtext(target_key) % 3 = 0 RETURNING *)
     INSERT INTO gone_targets (id, merchant_id, msg_id, target_key, proof, created_at, finished_at)
     SELECT id, merchant_id, msg_id, target_key, proof, created_at, finished_at FROM pruned`,
  );
  return shown;
}

/** What each target is told by itself, as a wish for it is. */
const oneByOne = (messages: ShownMessage[], scope: Scope) =>
  goneOneByOne(
    desk.dataSource,
    messages.flatMap(({ merchantId, msgId, articles }) =>
      [{ articleIdx: WHOLE_MESSAGE, url: null }, ...articles].map(({ articleIdx, url }) => ({
        merchantId,
        target: { msgId: BigInt(msgId), articleIdx },
        askedUrl: url,
      })),
    ),
    scope,
  );

it('tells of a page of messages what a wish for each of their targets would be told', async () => {
  const generated = await generate();
  const goneMessages = new GoneMessages(desk.dataSource);
  for (const [name, { scope, reached }] of Object.entries(scopes)) {
    const messages = generated.filter(({ merchantId }) => reached.some(({ id }) => id === merchantId));
    const expected = await oneByOne(messages, scope);
    const known = expected.filter((id) => id !== null).length;
    expect(Math.min(known, expected.length - known)).toBeGreaterThan(20);
    // A connection that has asked so often has a plan for all values.
    for (let time = 0; time < 6; time++) {
      const gone = await goneMessages.among(messages, scope);
      const ids = messages.flatMap(({ articles }, line) =>
        [WHOLE_MESSAGE, ...articles.map(({ articleIdx }) => articleIdx)].map((idx) => gone[line]?.(idx)?.id ?? null),
      );
      expect([name, ids]).toEqual([name, expected]);
    }
  }
});
