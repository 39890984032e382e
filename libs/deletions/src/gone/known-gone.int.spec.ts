import { randomUUID } from 'node:crypto';
import { v7 as uuidv7 } from 'uuid';
import { type Merchant } from '@app/merchants';
import { EVERYTHING, type Scope } from '@app/scope';
import { DeletionsDesk } from '../../../../test/support/deletions-desk.js';
import { KnownTargets } from '../takedowns/known-targets.js';
import { targetColumns, targetKey, type Target } from '../deletion/target.js';

let desk: DeletionsDesk;
let known: KnownTargets;
let merchant: Merchant;
let msgId = 7_000_000_000n;

beforeAll(async () => {
  desk = await DeletionsDesk.open();
  known = new KnownTargets(desk.dataSource);
  // Its neighbour has the same messages, by their numbers, and all of them are gone.
  [merchant] = [await desk.aMerchant(), await desk.aMerchant()];
});
afterAll(() => desk.close());
beforeEach(() => {
  msgId += 1n;
});

const URL = () => `https://mp.weixin.qq.com/s/known-gone-${msgId}`;
const article = (articleIdx: number): Target => ({ msgId, articleIdx });
const WHOLE = 0;

interface Options {
  again?: boolean;
  askedUrl?: string;
  refusesShared?: boolean;
  scope?: Scope;
  of?: Merchant;
}

const ask = (target: Target, { scope = EVERYTHING, of = merchant, ...options }: Options = {}, id = uuidv7()) =>
  desk.deletionIntake.accept(
    desk.dataSource.manager,
    { scope, authorizerAppid: of.authorizerAppid, componentAppid: of === merchant ? componentAppid : undefined },
    {
      id,
      target,
      isUrgent: false,
      notBefore: null,
      reason: null,
      metadata: {},
      requestId: 'test',
      requestedBy: randomUUID(),
      ...options,
    },
  );
/** Where the account authorized another platform as well. */
let componentAppid: string | undefined;

/** One that has come to its end. @returns its id */
async function ended(target: Target, state = 'succeeded', merchantId = merchant.id): Promise<string> {
  const id = uuidv7();
  const columns = targetColumns(target);
  await desk.sql(
    `INSERT INTO deletions (id, merchant_id, msg_id, article_idx, url, target_key, state, ready_at, request_id, outcome_code, finished_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, now(), 'test', 'already_gone', now())`,
    [id, merchantId, columns.msgId, columns.articleIdx, columns.url, targetKey(target), state],
  );
  return id;
}

/** A message of the inventory, with articles of these numbers. */
async function sent(
  numbers: number[],
  { status = 'send success', id = msgId, mid = `m${msgId}`, count = null as number | null } = {},
): Promise<void> {
  await desk.sql(
    `INSERT INTO mass_messages (merchant_id, msg_id, status, finished_at, article_count, import_counts)
     VALUES ($1, $2, $3, now() - interval '1 h', $4, $3 = 'imported')`,
    [merchant.id, String(id), status, count],
  );
  await desk.sql(
    `INSERT INTO mass_message_articles (merchant_id, msg_id, article_idx, mid, idx, sn, source) SELECT $1, $2, n, $4, n, 's', $5 FROM unnest($3::int[]) AS n`,
    [merchant.id, String(id), numbers, mid, status === 'imported' ? 'import' : 'wechat'],
  );
}

const isNew = async (target: Target, options?: Options) => (await ask(target, options)).isNew;
const answered = async (target: Target, options?: Options) => {
  const { deletion, isNew: made } = await ask(target, options);
  return made ? 'new' : deletion.id;
};

describe('a wish for what is gone', () => {
  it('is answered with the deletion of the same target', async () => {
    const gone = await ended(article(2));
    expect(await answered(article(2))).toBe(gone);
    expect(await isNew(article(1))).toBe(true);
  });

  it('is answered with the deletion of the whole message', async () => {
    const gone = await ended(article(WHOLE));
    expect(await answered(article(7))).toBe(gone);
    expect(await answered(article(WHOLE))).toBe(gone);
  });

  it('is answered with the deletion of any of its articles after which WeChat said that the message is deleted', async () => {
    const told = await ended(article(1));
    expect(await isNew(article(2))).toBe(true);
    await desk.sql(`UPDATE deletions SET proof = 'verified' WHERE id = $1`, [told]);
    expect(await answered(article(3))).toBe(told);
    expect(await answered(article(WHOLE))).toBe(told);
    msgId += 1n;
    expect(await isNew(article(1))).toBe(true);
  });

  it('by its address is answered with the deletion by that address, however it is spelled', async () => {
    const gone = await ended({ url: URL() });
    expect(await answered({ url: `${URL().replace('https', 'http')}#rd` })).toBe(gone);
    expect(await isNew({ url: `${URL()}0` })).toBe(true);
  });

  it('by an address that the inventory knows is answered with a deletion by that address since the message went out', async () => {
    await sent([1]);
    const gone = await ended({ url: URL() });
    expect(await answered(article(1), { askedUrl: URL() })).toBe(gone);
    await desk.sql(`UPDATE mass_messages SET finished_at = now() + interval '1 h' WHERE msg_id = $1`, [String(msgId)]);
    expect(await isNew(article(1), { askedUrl: URL() })).toBe(true);
  });

  it.each(['failed', 'cancelled'])('is not made of one that has %s', async (state) => {
    await ended(article(1), state);
    expect(await isNew(article(1))).toBe(true);
  });

  it('is not made by a retry either', async () => {
    const failed = await ended(article(1), 'failed');
    const gone = await ended(article(1));
    expect(await desk.deletionChanges.retry(EVERYTHING, failed)).toMatchObject({
      isRetried: false,
      deletion: { id: gone },
    });
    const other = await ended(article(2), 'failed');
    expect(await desk.deletionChanges.retry(EVERYTHING, other)).toMatchObject({
      isRetried: true,
      deletion: { id: other },
    });
  });

  it('is not made of what another account deleted', async () => {
    const other = await desk.aMerchant();
    await ended(article(1), 'succeeded', other.id);
    expect(await isNew(article(1))).toBe(true);
  });

  it('is made if it insists, once', async () => {
    const gone = await ended(article(1));
    const first = await ask(article(1), { again: true });
    expect(first.isNew).toBe(true);
    expect(await answered(article(1), { again: true })).toBe(first.deletion.id);
    // While it is open it is the answer to others, too.
    expect(await answered(article(1))).toBe(first.deletion.id);
    expect(first.deletion.id).not.toBe(gone);
  });

  it('at the same moment as others is one deletion', async () => {
    const all = await Promise.all(Array.from({ length: 8 }, () => ask(article(1))));
    expect(all.filter(({ isNew: made }) => made)).toHaveLength(1);
    await desk.sql(`UPDATE deletions SET state = 'succeeded', finished_at = now() WHERE id = $1`, [
      all[0]?.deletion.id,
    ]);
    const later = await Promise.all(Array.from({ length: 8 }, () => ask(article(1))));
    expect(later.filter(({ isNew: made }) => made)).toEqual([]);
  });

  it('over another platform of the account is answered, if the caller may know of it', async () => {
    const twin = await desk.aMerchant();
    await desk.sql(`UPDATE merchants SET authorizer_appid = $2 WHERE id = $1`, [twin.id, merchant.authorizerAppid]);
    const appids = await desk.sql<{ id: string; appid: string }>(
      `SELECT m.id, pl.component_appid AS appid FROM merchants m JOIN platforms pl ON pl.id = m.platform_id WHERE m.authorizer_appid = $1`,
      [merchant.authorizerAppid],
    );
    componentAppid = appids.find(({ id }) => id === merchant.id)?.appid;
    const gone = await ended(article(1), 'succeeded', twin.id);
    expect(await answered(article(1))).toBe(gone);
    expect(await isNew(article(1), { scope: { platforms: [componentAppid ?? ''], merchants: null } })).toBe(true);
    await desk.sql(`UPDATE merchants SET authorizer_appid = 'wx-moved' WHERE id = $1`, [twin.id]);
    componentAppid = undefined;
  });
});

describe('a whole message whose articles were deleted one by one', () => {
  it('is gone if WeChat told their number and each was deleted', async () => {
    await sent([1], { count: 2 });
    await ended(article(1));
    expect(await known.goneAmong([{ line: 1, merchantId: merchant.id, target: article(WHOLE) }], EVERYTHING)).toEqual(
      new Set(),
    );
    const last = await ended(article(2));
    expect(await answered(article(WHOLE))).toBe(last);
  });

  it.each<[string, number[], string, (number | null)?]>([
    ['only an import told of it', [1, 2], 'imported'],
    ['WeChat did not tell their number', [1, 2], 'send success'],
    ['it has one more', [1, 2], 'send success', 3],
    ['no article is known', [], 'send success'],
  ])('is not known to be gone if %s', async (_what, numbers, status, count = null) => {
    await sent(numbers, { status, count });
    await ended(article(1));
    await ended(article(2));
    expect(await isNew(article(WHOLE))).toBe(true);
  });
});

describe('a wish for what never was', () => {
  it('is refused beyond the known articles, also when the message is gone, unless it insists', async () => {
    await sent([1, 2], { count: 2 });
    await expect(ask(article(99))).rejects.toMatchObject({ code: 'article_not_in_message' });
    expect(await isNew(article(2))).toBe(true);
    expect(await isNew(article(WHOLE))).toBe(true);
    await ended(article(WHOLE));
    await expect(ask(article(99))).rejects.toMatchObject({ code: 'article_not_in_message' });
    expect(await isNew(article(99), { again: true })).toBe(true);
  });

  it('is not guessed from articles with a gap, or from none, unless no message has so many', async () => {
    await sent([2]);
    expect(await isNew(article(3))).toBe(true);
    expect(await isNew(article(10))).toBe(true);
    await expect(ask(article(11))).rejects.toMatchObject({ code: 'article_not_in_message' });
    msgId += 1n;
    await sent([]);
    expect(await isNew(article(3))).toBe(true);
  });

  it('is counted from an import of several articles, not from one of the first alone', async () => {
    await sent([1], { status: 'imported' });
    expect(await isNew(article(2))).toBe(true);
    msgId += 1n;
    await sent([1, 2], { status: 'imported' });
    await expect(ask(article(3))).rejects.toMatchObject({ code: 'article_not_in_message' });
    msgId += 1n;
    await sent([1], { count: 1 });
    await expect(ask(article(2))).rejects.toMatchObject({ code: 'article_not_in_message' });
  });

  it.each(['send fail', 'err(10001)', 'sendfail'])(
    'is refused of a message with %s, unless it insists',
    async (status) => {
      await sent([1], { status });
      await expect(ask(article(1))).rejects.toMatchObject({ code: 'message_not_sent' });
      await expect(ask(article(WHOLE))).rejects.toMatchObject({ code: 'message_not_sent' });
      expect(await isNew(article(1), { again: true })).toBe(true);
    },
  );

  it.each(['send success', 'sendsuccess', 'imported'])('is not one of a message with %s', async (status) => {
    await sent([1], { status });
    expect(await isNew(article(1))).toBe(true);
  });
});

describe('a wish for an article that other sends share', () => {
  /** Another send of the same material. */
  const twin = async (status = 'send success') => {
    msgId += 1n;
    await sent([1, 2], { status, mid: `m${msgId - 1n}` });
    return { msgId: String(msgId), articleIdx: 1 };
  };

  it('names them, and is refused if it does not want that', async () => {
    await sent([1, 2]);
    const first = article(1);
    const other = await twin();
    await expect(ask(first, { refusesShared: true })).rejects.toMatchObject({
      code: 'shared_material',
      sends: [other],
    });
    const accepted = await ask(first);
    expect(accepted).toMatchObject({ isNew: true, shared: [other] });
    expect(await desk.deletionViews.sharedBy(EVERYTHING, accepted.deletion)).toEqual([other]);
    expect(await ask(first)).toMatchObject({ isNew: false, shared: [other] });
  });

  it('does not name those that never went out, or are gone', async () => {
    await sent([1, 2]);
    const first = article(1);
    const unsent = await twin('send fail');
    expect((await ask(first, { refusesShared: true })).shared).toEqual([]);
    expect(unsent.msgId).toBe(String(msgId));
    msgId += 10n;
    await sent([1, 2]);
    const second = article(1);
    await twin();
    await ended(article(WHOLE));
    expect((await ask(second, { refusesShared: true })).shared).toEqual([]);
  });
});

describe('a takedown', () => {
  async function run(targets: Target[], again = false, of = merchant): Promise<string> {
    const id = await desk.intake.begin({
      isUrgent: false,
      reason: null,
      metadata: {},
      undoSeconds: 0,
      requestedBy: randomUUID(),
      requestId: 'test',
      scope: EVERYTHING,
    });
    const items = targets.map((target, i) => ({ line: i + 1, merchantId: of.id, target, again }));
    await desk.intake.stage(id, items, []);
    await desk.dataSource.transaction((tx) => desk.intake.start(tx, id));
    await desk.release.release(id);
    return id;
  }
  const facts = (id: string) => desk.takedowns.get(EVERYTHING, id);

  it('links what is gone, counts it apart from what is open, and makes the rest', async () => {
    const gone = await ended(article(1));
    const open = await ask(article(2));
    await ended(article(3), 'failed');
    const id = await run([article(1), article(2), article(3)]);
    expect(await facts(id)).toMatchObject({ accepted: 1, alreadyOpen: 1, alreadyDeleted: 1 });
    expect(await desk.takedowns.counts(id)).toMatchObject({ queued: 2, succeeded: 1 });
    expect(
      await desk.sql(
        `SELECT deletion_id, was_deleted FROM takedown_links WHERE takedown_id = $1 ORDER BY was_deleted`,
        [id],
      ),
    ).toEqual([
      { deletion_id: open.deletion.id, was_deleted: false },
      { deletion_id: gone, was_deleted: true },
    ]);
  });

  it('of what is gone alone has finished at once; one that insists makes all of it anew', async () => {
    await ended(article(WHOLE));
    const id = await run([article(1), article(2)]);
    // Articles beside their whole message go with it, so it is counted alone.
    const whole = await run([article(1), article(2), article(WHOLE)]);
    await desk.takedowns.finishEnded();
    expect(await facts(id)).toMatchObject({ state: 'finished', accepted: 0, alreadyOpen: 0, alreadyDeleted: 2 });
    expect(await facts(whole)).toMatchObject({ state: 'finished', accepted: 0, alreadyOpen: 2, alreadyDeleted: 1 });
    expect(await facts(await run([article(1)], true))).toMatchObject({ accepted: 1, alreadyDeleted: 0 });
  });
});
