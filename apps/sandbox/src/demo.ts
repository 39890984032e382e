import { DEMO_PLATFORM } from './demo-platform.js';
import { articlePage, doorsOf, expectStatus, send, until } from './doors.js';
import type { Services } from './services.js';
import type { Story } from './story.js';

const TEA_HOUSE = { appid: 'wx2b8e51c07d3f9a64', user_name: 'gh_5c1d90e7a2b3', nick_name: '茶馆 Tea House' };
const BOOKSHOP = { appid: 'wx90d4c7e1a5b26f38', user_name: 'gh_8e2f7b41d6c0', nick_name: '书店 Bookshop' };
const BAKERY = { appid: 'wxe63f0a9d18c4b725', user_name: 'gh_3a7c5e09f1d8', nick_name: '面包房 Bakery' };

/** The account that may delete as often as the demo is started. */
const TEA_HOUSE_DAILY_LIMIT = 1_000;
const ARTICLES = [{ title: 'Spring teas' }, { title: 'With a wrong price' }];

/**
 * The main job from end to end, through the same doors that a provider, a merchant's admin and WeChat use.
 * @returns where followers see an article that is there
 */
export async function playDemo(services: Services, story: Story): Promise<string | undefined> {
  const { url, simulatorUrl } = services;
  const { api, control } = doorsOf(services);
  const { component_appid: platform } = DEMO_PLATFORM;

  await story.step('data from earlier starts', async () => {
    const { data } = expectStatus(await api('GET', '/v1/merchants'), 200).body;
    const deletions = expectStatus(await api('GET', '/v1/deletions?limit=200'), 200).body;
    if (data.length === 0) return 'none: this is the first start';
    const more = deletions.next_cursor ? 'more than ' : '';
    return `${data.length} merchants and ${more}${deletions.data.length} deletions`;
  });

  await story.step('platform registered, and WeChat pushed its component_verify_ticket', async () => {
    const known = await send('GET', `${simulatorUrl}/_control/platforms/${platform}`);
    const urls = {
      events_url: `${url}/wechat/${platform}/events`,
      messages_url: `${url}/wechat/${platform}/messages/$APPID$`,
      launch_domain: new URL(url).host,
    };
    const registered = await api('POST', '/v1/platforms', DEMO_PLATFORM);
    if (registered.status !== 409) expectStatus(registered, 201);
    if (known.status === 404) await control('POST', 'platforms', { ...DEMO_PLATFORM, ...urls });
    else await control('PATCH', `platforms/${platform}`, urls);
    const { ticket_received_at } = await until(
      async () => (await api('GET', `/v1/platforms/${platform}`)).body,
      (body) => body.ticket_received_at !== null,
    );
    return `${platform}, ticket received ${ticket_received_at}`;
  });

  for (const { account, sets } of [
    { account: TEA_HOUSE, sets: [1, 7, 11] },
    { account: BOOKSHOP, sets: [1, 11] },
    { account: BAKERY, sets: [1, 7, 11] },
  ]) {
    await story.step(`${account.nick_name}: its admin authorized the platform, sets ${sets.join(', ')}`, async () => {
      const known = await send('GET', `${simulatorUrl}/_control/merchants/${account.appid}`);
      if (known.status === 404) await control('POST', 'merchants', account);
      await authorize(services, account.appid, sets);
      const { body } = expectStatus(await api('GET', `/v1/merchants/${account.appid}`), 200);
      const isAsTold = body.eligible === sets.includes(7) && body.state === 'authorized';
      if (!isAsTold) throw new Error(`eligible ${body.eligible}, state ${body.state}`);
      return body.eligible
        ? 'eligible: refresh token sealed, set 7 granted'
        : `not eligible: ${body.ineligible_reasons.join(', ')}`;
    });
  }

  let msgId = '';
  let article: string | undefined;
  await story.step(`${TEA_HOUSE.nick_name} sent a mass message of ${ARTICLES.length} articles`, async () => {
    await control('PATCH', `merchants/${TEA_HOUSE.appid}/quotas`, {
      'mass/delete': { daily_limit: TEA_HOUSE_DAILY_LIMIT },
    });
    expectStatus(await api('PATCH', `/v1/merchants/${TEA_HOUSE.appid}`, { daily_limit: TEA_HOUSE_DAILY_LIMIT }), 200);
    const message = await sendMassMessage(TEA_HOUSE.appid);
    msgId = message.msg_id;
    article = articlePage(services, message.articles[0].url);
    return `msg_id ${msgId}`;
  });

  await story.step('one article of it was taken back', async () => {
    const wish = { merchant: TEA_HOUSE.appid, msg_id: msgId, article_idx: 2, reason: 'wrong price' };
    const { body: accepted } = expectStatus(await api('POST', '/v1/deletions', wish), 202);
    const done = await until(
      async () => (await api('GET', `/v1/deletions/${accepted.id}`)).body,
      (body) => body.finished_at !== null,
    );
    const message = await control('GET', `merchants/${TEA_HOUSE.appid}/mass-messages/${msgId}`);
    const deleted = message.articles.map((article: { is_deleted: boolean }) => article.is_deleted).join();
    if (done.state !== 'succeeded' || deleted !== 'false,true') {
      throw new Error(`state ${done.state}, outcome ${JSON.stringify(done.outcome)}, deleted at WeChat: ${deleted}`);
    }
    const { data } = (await api('GET', `/v1/deletions/${accepted.id}/attempts`)).body;
    const calls = data.map((call: any) => `${call.op} → errcode ${call.errcode} in ${call.latency_ms} ms`).join(', ');
    return `${done.state}, proof: ${done.proof} (${calls})\nWeChat's side: article 1 is there, article 2 is gone`;
  });

  await story.step('a request that would delete everything by mistake was refused', async () => {
    const { status, body } = await api('POST', '/v1/deletions', { merchant: TEA_HOUSE.appid, msg_id: msgId });
    if (status !== 422 || body.code !== 'whole_message_not_confirmed') throw new Error(`${status} ${body.code}`);
    return `${status} ${body.code}`;
  });

  await story.step(`${BOOKSHOP.nick_name}, which did not grant set 7, was refused before any call`, async () => {
    const wish = { merchant: BOOKSHOP.appid, msg_id: '3147483661', article_idx: 1 };
    const { status, body } = await api('POST', '/v1/deletions', wish);
    if (status !== 409 || body.code !== 'merchant_not_eligible') throw new Error(`${status} ${body.code}`);
    return `${status} ${body.code}: ${body.reasons.join(', ')}`;
  });

  await story.step(`${BAKERY.nick_name}, whose quota is spent, waits for the next day in Shanghai`, async () => {
    await control('PATCH', `merchants/${BAKERY.appid}/quotas`, { 'mass/delete': { used: 10 } });
    const wish = { merchant: BAKERY.appid, msg_id: (await sendMassMessage(BAKERY.appid)).msg_id, article_idx: 1 };
    const { body: accepted } = expectStatus(await api('POST', '/v1/deletions', wish), 202);
    const waiting = await until(
      async () => (await api('GET', `/v1/deletions/${accepted.id}`)).body,
      (body) => body.state === 'waiting' || body.finished_at !== null,
    );
    if (waiting.waiting_for !== 'daily_quota')
      throw new Error(`state ${waiting.state}, waits for ${waiting.waiting_for}`);
    return `waiting for ${waiting.waiting_for} until ${waiting.waiting_until}`;
  });

  return article;

  async function sendMassMessage(appid: string) {
    const { data } = await control('POST', `merchants/${appid}/mass-messages`, { articles: ARTICLES });
    return until(
      () => control('GET', `merchants/${appid}/mass-messages/${data[0].msg_id}`),
      (message) => message.status === 'SEND_SUCCESS',
    );
  }
}

/** What the admin's browser does: our page, a click there and one that leads to WeChat's page, a choice, and back to our result page. */
async function authorize({ url, simulatorUrl }: Services, appid: string, sets: number[]): Promise<void> {
  const page = `${url}/authorize/${DEMO_PLATFORM.component_appid}`;
  const ours = expectStatus(await send('GET', page), 200);
  const action = unescape(/action="([^"]*)"/.exec(ours.body)?.[1] ?? '');
  const begun = expectStatus(await send('POST', new URL(action, page).href), 200);
  const link = new URL(unescape(/href="([^"]*componentloginpage[^"]*)"/.exec(begun.body)?.[1] ?? ''));
  expectStatus(await send('GET', link.href, { headers: { referer: page } }), 200);
  const form = new URLSearchParams(link.searchParams);
  form.set('authorizer_appid', appid);
  for (const set of sets) form.append('permission_sets', String(set));
  const chosen = expectStatus(await send('POST', `${simulatorUrl}${link.pathname}`, { form }), 302);
  expectStatus(await send('GET', chosen.location ?? ''), 200);
}

const unescape = (attribute: string) =>
  attribute.replaceAll('&#39;', "'").replaceAll('&quot;', '"').replaceAll('&amp;', '&');
