import { eventually } from './support/eventually.js';
import { PLATFORM, System } from './support/system.js';

let system: System;

beforeAll(async () => {
  system = await System.start();
  await system.registerPlatform();
});
afterAll(() => system.close());

const post = (body: object) => system.call('POST', '/v1/deletions', body);
const takedown = (body: object) => system.call('POST', '/v1/takedowns', body);
const takedownOfLines = (lines: object[], query = '') =>
  system.callText('POST', `/v1/takedowns${query}`, lines.map((line) => JSON.stringify(line)).join('\n'), {
    'content-type': 'application/x-ndjson',
  });
/** How many delete calls were made, of one account or of all. */
const deleteCalls = async (merchant?: string) => {
  const ofOne = merchant === undefined ? '' : `&authorizer_appid=${merchant}`;
  return (await system.control('GET', `calls?operation=mass/delete&limit=10000${ofOne}`)).data.length;
};
const finishedTakedown = async (id: string) =>
  eventually(
    async () => (await system.call('GET', `/v1/takedowns/${id}`)).body,
    ({ finished_at }) => finished_at !== null,
  );

interface Told {
  merchant: string;
  msg_id: string;
  articles: { article_idx: number; url: string }[];
}

/** A message of which WeChat's push has told, with its two articles. */
async function aToldMessage(merchant?: string, message: object = {}): Promise<Told> {
  const appid = merchant ?? (await system.onboardMerchant());
  const msgId = await system.sendMassMessage(appid, { ...message });
  const { body } = await eventually(
    () => system.call('GET', `/v1/mass-messages?merchant=${appid}`),
    (reply) => reply.body.data.some(({ msg_id }: Told) => msg_id === msgId),
  );
  return body.data.find(({ msg_id }: Told) => msg_id === msgId);
}

/** A message of which no push has told. */
async function anUntoldMessage(articles: number): Promise<{ merchant: string; msg_id: string }> {
  const merchant = await system.onboardMerchant();
  const titles = Array.from({ length: articles }, (_, i) => ({ title: `Article ${i + 1}` }));
  return { merchant, msg_id: await system.sendMassMessage(merchant, { push: false, articles: titles }) };
}
const imported = ({ merchant, msg_id }: { merchant: string; msg_id: string }, numbers: number[]) =>
  system.call('POST', '/v1/mass-messages', {
    merchant,
    msg_id,
    articles: numbers.map((article_idx) => ({ article_idx })),
  });

/** How the account's next delete call goes. */
const nextCall = (merchant: string, fault: object) =>
  system.control('POST', 'faults', { operation: 'mass/delete', authorizer_appid: merchant, ...fault });
/** A deletion of article 1 that WeChat, wrongly, told to be gone. */
async function aFailedDeletion({ merchant, msg_id }: Told): Promise<string> {
  await nextCall(merchant, { outcome: 'errcode', errcode: 40065 });
  const { body } = await post({ merchant, msg_id, article_idx: 1 });
  expect(await system.finished(body.id)).toMatchObject({ state: 'failed', outcome: { code: 'already_gone' } });
  return body.id;
}

const urlOf = ({ articles }: Told, idx = 1) => articles.find(({ article_idx }) => article_idx === idx)?.url ?? '';

describe('what was deleted', () => {
  it('is answered with the deletion that did it, by msg_id and by url, without a call', async () => {
    const told = await aToldMessage();
    const { merchant, msg_id } = told;
    const first = await post({ merchant, msg_id, article_idx: 1 });
    expect(first.status).toBe(202);
    const done = await system.finished(first.body.id);
    expect(done.state).toBe('succeeded');
    expect(await post({ merchant, msg_id, article_idx: 1 })).toMatchObject({
      status: 200,
      body: { id: done.id, state: 'succeeded', proof: done.proof },
    });
    expect(await post({ merchant, url: urlOf(told) })).toMatchObject({ status: 200, body: { id: done.id } });
    expect(await deleteCalls(merchant)).toBe(1);
    const again = await post({ merchant, msg_id, article_idx: 1, again: true });
    expect(again.status).toBe(202);
    await system.finished(again.body.id);
    expect(await deleteCalls(merchant)).toBe(2);
  });

  it('as a whole message answers each of its articles, and refuses what it never had', async () => {
    const { merchant, msg_id } = await aToldMessage();
    const whole = await post({ merchant, msg_id, whole_message: true });
    await system.finished(whole.body.id);
    expect(await post({ merchant, msg_id, article_idx: 2 })).toMatchObject({
      status: 200,
      body: { id: whole.body.id },
    });
    expect(await post({ merchant, msg_id, article_idx: 7 })).toMatchObject({
      status: 422,
      body: { code: 'article_not_in_message' },
    });
    expect(await deleteCalls(merchant)).toBe(1);
  });

  it('is not what WeChat refused: a deletion that failed is made anew', async () => {
    const { merchant, msg_id } = await aToldMessage(undefined, { is_api_sent: false });
    const first = await post({ merchant, msg_id, article_idx: 1 });
    expect(await system.finished(first.body.id)).toMatchObject({ state: 'failed' });
    const second = await post({ merchant, msg_id, article_idx: 1 });
    expect(second.status).toBe(202);
    await system.finished(second.body.id);
  });

  it('in one file for many accounts: the second run makes no call, links all of it, and its dry run says so', async () => {
    const COUNT = 300;
    const lines = (await system.grantedMerchants(COUNT)).map(({ merchant, msgId }) => ({
      merchant,
      msg_id: msgId,
      article_idx: 1,
    }));
    const first = await takedownOfLines(lines);
    expect(await finishedTakedown(first.body.id)).toMatchObject({ accepted: COUNT, counts: { succeeded: COUNT } });
    const before = await deleteCalls();
    expect((await takedownOfLines(lines, '?dry_run=true')).body).toMatchObject({
      deletions: 0,
      merchants: 0,
      already_open: 0,
      already_deleted: COUNT,
      rejected: 0,
    });
    const second = await takedownOfLines(lines);
    expect(second).toMatchObject({ status: 202, body: { accepted: 0, already_open: 0, already_deleted: COUNT } });
    expect(await finishedTakedown(second.body.id)).toMatchObject({
      state: 'finished',
      already_deleted: COUNT,
      counts: { succeeded: COUNT },
    });
    expect(await deleteCalls()).toBe(before);
    const events = await system.callText('GET', `/v1/takedowns/${second.body.id}/events`, undefined as never, {});
    expect(events.body).toContain(`"already_deleted":${COUNT}`);
    const proof = (await system.call('GET', `/v1/takedowns/${second.body.id}/proof`)).body as string;
    const records = proof
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(records.filter(({ counted_as }) => counted_as === 'already_deleted')).toHaveLength(COUNT);
    expect(records.slice(-2)).toMatchObject([
      { type: 'trailer', count: COUNT },
      { type: 'signature', count: COUNT },
    ]);
    const insisting = await takedownOfLines(lines, '?again=true&undo_seconds=600');
    expect(insisting.body).toMatchObject({ accepted: COUNT, already_deleted: 0 });
    await system.call('POST', `/v1/takedowns/${insisting.body.id}/cancel`);
    // Where much else runs, so many grants alone take a minute.
  });

  it('once by url and once by msg_id in one takedown is one call', async () => {
    const told = await aToldMessage();
    const { merchant, msg_id } = told;
    const accepted = await takedown({
      items: [
        { merchant, url: urlOf(told) },
        { merchant, msg_id, article_idx: 1 },
      ],
    });
    expect(accepted.body).toMatchObject({ accepted: 1, already_open: 1, already_deleted: 0 });
    await finishedTakedown(accepted.body.id);
    expect(await deleteCalls(merchant)).toBe(1);
    const proof = (await system.call('GET', `/v1/takedowns/${accepted.body.id}/proof`)).body as string;
    expect(JSON.parse(proof.split('\n')[1] ?? '')).toMatchObject({
      counted_as: 'made',
      asked_url: urlOf(told),
      message_articles: 2,
    });
  });
});

describe('what WeChat says is deleted', () => {
  it('by mass/get is gone, all of the message', async () => {
    const { merchant, msg_id } = await anUntoldMessage(1);
    await nextCall(merchant, { outcome: 'reset', takes_effect: true });
    const { body } = await post({ merchant, msg_id, article_idx: 1 });
    expect(await system.finished(body.id)).toMatchObject({ state: 'succeeded', proof: 'verified' });
    expect(await post({ merchant, msg_id, whole_message: true })).toMatchObject({ status: 200, body: { id: body.id } });
    expect((await takedown({ items: [{ merchant, msg_id, article_idx: 2 }] })).body).toMatchObject({
      accepted: 0,
      already_deleted: 1,
    });
    expect(await deleteCalls(merchant)).toBe(1);
  });

  it('by 40065 alone is not known to be, and is called again', async () => {
    const told = await aToldMessage();
    await aFailedDeletion(told);
    const { merchant, msg_id } = told;
    const second = await post({ merchant, msg_id, article_idx: 1 });
    expect(second.status).toBe(202);
    expect(await system.finished(second.body.id)).toMatchObject({ state: 'succeeded' });
  });

  it('is no proof for an article that never was', async () => {
    const { merchant, msg_id } = await aToldMessage();
    await system.finished((await post({ merchant, msg_id, whole_message: true })).body.id);
    const { body } = await post({ merchant, msg_id, article_idx: 7, again: true });
    expect(await system.finished(body.id)).toMatchObject({
      state: 'failed',
      proof: 'none',
      outcome: { code: 'article_not_in_message' },
    });
  });

  it('though its first answer was lost, is inferred of one article, and gone from then on', async () => {
    const { merchant, msg_id } = await aToldMessage();
    await nextCall(merchant, { outcome: 'reset', takes_effect: true });
    const { body } = await post({ merchant, msg_id, article_idx: 1 });
    expect(await system.finished(body.id)).toMatchObject({ state: 'succeeded', proof: 'inferred' });
    const calls = await deleteCalls(merchant);
    expect(await post({ merchant, msg_id, article_idx: 1 })).toMatchObject({ status: 200, body: { id: body.id } });
    expect((await post({ merchant, msg_id, article_idx: 2 })).status).toBe(202);
    expect(calls).toBe(2);
  });
});

describe('a retry', () => {
  const retry = (id: string) => system.call('POST', `/v1/deletions/${id}/retry`);

  it('of what is gone meanwhile is answered with the deletion that did it', async () => {
    const told = await aToldMessage();
    const failed = await aFailedDeletion(told);
    const { merchant, msg_id } = told;
    const whole = await post({ merchant, msg_id, whole_message: true });
    await system.finished(whole.body.id);
    expect(await retry(failed)).toMatchObject({ status: 200, body: { id: whole.body.id, state: 'succeeded' } });
    expect(await deleteCalls(merchant)).toBe(2);
  });

  it('of a message that never went out is refused', async () => {
    const told = await aToldMessage();
    const failed = await aFailedDeletion(told);
    await system.sql(
      `UPDATE mass_messages SET status = 'send fail' WHERE msg_id = $1 AND merchant_id IN (
      SELECT id FROM merchants WHERE authorizer_appid = $2)`,
      [told.msg_id, told.merchant],
    );
    expect(await retry(failed)).toMatchObject({ status: 422, body: { code: 'message_not_sent' } });
    expect(await deleteCalls(told.merchant)).toBe(1);
  });
});

describe('an account on two platforms', () => {
  const SECOND = { ...PLATFORM, component_appid: 'wx00000000000000b2' };

  it('has one knowledge, however the target is named', async () => {
    await system.registerPlatform(SECOND);
    const told = await aToldMessage();
    const { merchant, msg_id } = told;
    const link = await system.clickThrough(`${system.url}/authorize/${SECOND.component_appid}`);
    await system.control('POST', 'consents', { link, authorizer_appid: merchant, follow_redirect: true });
    const over = { merchant, component_appid: SECOND.component_appid };
    await eventually(
      () => system.call('GET', `/v1/merchants/${merchant}?component_appid=${over.component_appid}`),
      ({ status, body }) => status === 200 && body.eligible,
    );
    const first = await post({ merchant, component_appid: PLATFORM.component_appid, msg_id, article_idx: 1 });
    const { id } = await system.finished(first.body.id);
    expect(await post({ ...over, msg_id, article_idx: 1 })).toMatchObject({ status: 200, body: { id } });
    expect(await post({ ...over, url: urlOf(told) })).toMatchObject({ status: 200, body: { id } });
    const items = [{ ...over, url: urlOf(told) }];
    expect((await takedown({ items })).body).toMatchObject({ accepted: 0, already_deleted: 1 });
    expect((await post({ ...over, msg_id, article_idx: 3 })).body.code).toBe('article_not_in_message');
    expect(await deleteCalls(merchant)).toBe(1);
  });
});

describe('a wish at the moment when its target goes', () => {
  it('is never a second call', async () => {
    const { merchant, msg_id } = await aToldMessage();
    const wish = { merchant, msg_id, article_idx: 1 };
    const first = await post(wish);
    let isOver = false;
    const answers = new Set<string>();
    const asking = Array.from({ length: 6 }, async () => {
      while (!isOver) answers.add((await post(wish)).body.id);
    });
    await system.finished(first.body.id);
    await takedown({ items: [wish] });
    isOver = true;
    await Promise.all(asking);
    expect([...answers]).toEqual([first.body.id]);
    expect(await deleteCalls(merchant)).toBe(1);
  });
});

describe('a merchant that is not eligible', () => {
  const notVerified = (merchant: string) =>
    system.sql(
      `UPDATE merchants SET verify_type = -1, ineligible_reasons = '{not_verified}' WHERE authorizer_appid = $1`,
      [merchant],
    );

  it('has gone what was deleted before, and nothing else', async () => {
    const { merchant, msg_id } = await aToldMessage();
    const { body } = await post({ merchant, msg_id, article_idx: 1 });
    await system.finished(body.id);
    await notVerified(merchant);
    expect(await post({ merchant, msg_id, article_idx: 1 })).toMatchObject({ status: 200, body: { id: body.id } });
    expect((await post({ merchant, msg_id, article_idx: 1, again: true })).body.code).toBe('merchant_not_eligible');
    const items = [1, 2].map((article_idx) => ({ merchant, msg_id, article_idx }));
    expect((await takedown({ items })).body).toMatchObject({
      accepted: 0,
      already_deleted: 1,
      errors: [{ line: 2, code: 'merchant_not_eligible' }],
    });
    expect(await deleteCalls(merchant)).toBe(1);
  });

  it('is tried anyway in a takedown that says so, for all of it or for an item', async () => {
    const { merchant, msg_id } = await aToldMessage();
    await notVerified(merchant);
    const item = { merchant, msg_id, article_idx: 1 };
    expect((await takedownOfLines([item])).body.errors[0].code).toBe('merchant_not_eligible');
    const first = await takedownOfLines([item, { ...item, article_idx: 2, try_anyway: false }], '?try_anyway=true');
    expect(first.body).toMatchObject({ accepted: 1, errors: [{ line: 2, code: 'merchant_not_eligible' }] });
    expect(await finishedTakedown(first.body.id)).toMatchObject({ counts: { succeeded: 1 } });
    const second = await takedown({ items: [{ ...item, article_idx: 2, try_anyway: true }] });
    expect(await finishedTakedown(second.body.id)).toMatchObject({ counts: { succeeded: 1 } });
  });
});

describe('a takedown of what is gone', () => {
  it('tells so in its events and in its proof, whatever the format', async () => {
    const { merchant, msg_id } = await aToldMessage();
    const item = { merchant, msg_id, article_idx: 1 };
    await system.finished((await post(item)).body.id);
    const { id } = (await takedown({ items: [item] })).body;
    await finishedTakedown(id);
    const { body } = await eventually(
      () => system.call('GET', `/v1/events?takedown=${id}&type=takedown.finished`),
      (reply) => reply.body.data.length > 0,
    );
    expect(body.data[0].data).toMatchObject({ accepted: 0, already_open: 0, already_deleted: 1, rejected: 0 });
    for (const format of ['json', 'ndjson', 'csv']) {
      const proof = await fetch(`${system.url}/v1/takedowns/${id}/proof?format=${format}`, {
        headers: { authorization: `Bearer ${system.apiKey}` },
      });
      const text = Buffer.from(await proof.arrayBuffer());
      expect(text.toString()).toContain('already_deleted');
      expect(await system.judged(text)).toMatch(/^ok: 1 deletion,/);
    }
  });
});

describe('a single deletion by url', () => {
  it('becomes one by msg_id where the inventory knows the article, and keeps the address', async () => {
    const told = await aToldMessage();
    const { merchant, msg_id } = told;
    const accepted = await post({ merchant, url: urlOf(told, 2) });
    const expected = { msg_id, article_idx: 2, url: null, asked_url: urlOf(told, 2) };
    expect(accepted).toMatchObject({ status: 202, body: expected });
    expect(await system.finished(accepted.body.id)).toMatchObject({ state: 'succeeded', ...expected });
  });

  it('whose answer was lost is looked into, and no second call is made', async () => {
    const told = await aToldMessage(undefined, { articles: [{ title: 'The only one' }] });
    const { merchant } = told;
    await system.control('POST', 'faults', {
      operation: 'mass/delete',
      authorizer_appid: merchant,
      outcome: 'reset',
      takes_effect: true,
    });
    const accepted = await post({ merchant, url: urlOf(told) });
    expect(accepted.body).toMatchObject({ msg_id: told.msg_id, article_idx: 1 });
    expect(await system.finished(accepted.body.id)).toMatchObject({ state: 'succeeded', proof: 'verified' });
    expect(await deleteCalls(merchant)).toBe(1);
  });

  it('of another merchant is refused, and no call is made', async () => {
    const told = await aToldMessage();
    const { merchant: other } = await aToldMessage();
    expect(await post({ merchant: other, url: urlOf(told) })).toMatchObject({
      status: 422,
      body: { code: 'url_of_another_merchant' },
    });
    expect(await post({ merchant: 'wxffffffffffffffff', url: urlOf(told) })).toMatchObject({
      status: 404,
      body: { code: 'merchant_not_found' },
    });
    expect(await deleteCalls(other)).toBe(0);
  });

  it('answered once is answered the same again, with its Idempotency-Key, whatever became known meanwhile', async () => {
    const told = await aToldMessage();
    const { merchant, msg_id } = told;
    const headers = { 'idempotency-key': `by-url-${msg_id}` };
    const wish = { merchant, url: urlOf(told), not_before: new Date(Date.now() + 3_600_000).toISOString() };
    const first = await system.call('POST', '/v1/deletions', wish, headers);
    await system.sql(`UPDATE mass_messages SET status = 'send fail' WHERE msg_id = $1`, [msg_id]);
    expect(await system.call('POST', '/v1/deletions', wish, headers)).toMatchObject({ status: 202, body: first.body });
    await system.call('POST', `/v1/deletions/${first.body.id}/cancel`);
  });
});

describe('what never was', () => {
  it.each<[string, (of: Told) => Promise<unknown>]>([
    [
      'a single deletion',
      async ({ merchant, msg_id }) => (await post({ merchant, msg_id, article_idx: 99 })).body.code,
    ],
    [
      'items',
      async ({ merchant, msg_id }) =>
        (await takedown({ items: [{ merchant, msg_id, article_idx: 99 }] })).body.errors[0].code,
    ],
    [
      'NDJSON',
      async ({ merchant, msg_id }) =>
        (await takedownOfLines([{ merchant, msg_id, article_idx: 99 }])).body.errors[0].code,
    ],
    [
      'a label',
      async ({ merchant, msg_id }) => {
        await system.call('POST', '/v1/mass-messages', { merchant, msg_id, label: `of ${msg_id}` });
        return (await takedown({ label: `of ${msg_id}`, article_idx: 99 })).body.errors[0].code;
      },
    ],
  ])('is refused in %s, and insisted on at will', async (_way, codeOf) => {
    const told = await aToldMessage();
    expect(await codeOf(told)).toBe('article_not_in_message');
    expect(await deleteCalls(told.merchant)).toBe(0);
    const { merchant, msg_id } = told;
    const insisting = await takedown({
      items: [{ merchant, msg_id, article_idx: 99, again: true }],
      undo_seconds: 600,
    });
    expect(insisting).toMatchObject({ status: 202, body: { accepted: 1 } });
    await system.call('POST', `/v1/takedowns/${insisting.body.id}/cancel`);
  });

  it('is not said of an article whose address WeChat could not tell, nor is the whole message gone without it', async () => {
    const message = await anUntoldMessage(3);
    const item = [1, 2].map((ArticleIdx) => ({
      ArticleIdx,
      ArticleUrl: `http://mp.weixin.qq.com/s/told-${ArticleIdx}`,
    }));
    await system.tellOfMassSend(message.merchant, message.msg_id, [...item, { ArticleIdx: 3, ArticleUrl: '' }], 3);
    for (const article_idx of [1, 2]) {
      const { body } = await post({ ...message, article_idx });
      expect(await system.finished(body.id)).toMatchObject({ state: 'succeeded' });
    }
    const whole = await post({ ...message, whole_message: true });
    expect(whole.status).toBe(202);
    expect(await system.finished(whole.body.id)).toMatchObject({ state: 'succeeded' });
    expect(await deleteCalls(message.merchant)).toBe(3);
    expect((await post({ ...message, article_idx: 4 })).body.code).toBe('article_not_in_message');
  });

  it('is known from an import that names several articles; one that names only the first says nothing of others', async () => {
    const message = await anUntoldMessage(2);
    expect((await post({ ...message, article_idx: 99 })).body.code).toBe('article_not_in_message');
    await imported(message, [1]);
    const second = await post({ ...message, article_idx: 2 });
    expect(second.status).toBe(202);
    expect(await system.finished(second.body.id)).toMatchObject({ state: 'succeeded' });
    await imported(message, [2]);
    expect((await post({ ...message, article_idx: 3 })).body.code).toBe('article_not_in_message');
    expect(await deleteCalls(message.merchant)).toBe(1);
  });

  it('because it never went out is refused by each way in', async () => {
    const told = await aToldMessage();
    const { merchant, msg_id } = told;
    await system.call('POST', '/v1/mass-messages', { merchant, msg_id, label: `unsent ${msg_id}` });
    await system.sql(`UPDATE mass_messages SET status = 'send fail' WHERE msg_id = $1`, [msg_id]);
    const item = { merchant, msg_id, article_idx: 1 };
    expect((await post(item)).body.code).toBe('message_not_sent');
    expect((await post({ merchant, url: urlOf(told) })).body.code).toBe('message_not_sent');
    const ways = [
      takedown({ items: [item] }),
      takedown({ items: [{ merchant, url: urlOf(told) }] }),
      takedown({ urls: [urlOf(told)] }),
      takedown({ label: `unsent ${msg_id}`, whole_message: true }),
      takedownOfLines([item]),
    ];
    for (const way of ways) {
      expect(await way).toMatchObject({ status: 422, body: { errors: [{ code: 'message_not_sent' }] } });
    }
    expect(await deleteCalls(merchant)).toBe(0);
    const insisting = await takedown({ urls: [urlOf(told)], again: true, undo_seconds: 600 });
    expect(insisting).toMatchObject({ status: 202, body: { accepted: 1 } });
    await system.call('POST', `/v1/takedowns/${insisting.body.id}/cancel`);
  });
});

describe('an article that other sends share', () => {
  it('is deleted with a warning that names them, or not at all if the request says so', async () => {
    const { merchant, msg_id } = await aToldMessage();
    const { msg_id: other } = await aToldMessage(merchant);
    await system.sql(
      `UPDATE mass_message_articles o SET mid = a.mid FROM mass_message_articles a WHERE o.msg_id = $1 AND a.msg_id = $2
         AND a.article_idx = o.article_idx AND o.merchant_id = a.merchant_id`,
      [other, msg_id],
    );
    const wish = { merchant, msg_id, article_idx: 1 };
    expect(await post({ ...wish, if_shared: 'refuse' })).toMatchObject({
      status: 409,
      body: { code: 'shared_material', sends: [{ msg_id: other, article_idx: 1 }] },
    });
    expect(await takedown({ items: [wish], if_shared: 'refuse' })).toMatchObject({
      status: 422,
      body: { errors: [{ code: 'shared_material' }] },
    });
    expect((await takedownOfLines([wish], '?dry_run=true&if_shared=refuse')).body).toMatchObject({ rejected: 1 });
    expect(await deleteCalls(merchant)).toBe(0);
    const accepted = await post(wish);
    const warnings = [{ code: 'shared_material', sends: [{ merchant, msg_id: other, article_idx: 1 }] }];
    expect(accepted).toMatchObject({ status: 202, body: { warnings } });
    expect((await system.call('GET', `/v1/deletions/${accepted.body.id}`)).body).toMatchObject({ warnings });
  });
});
