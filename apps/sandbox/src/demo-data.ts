import {
  CAMPAIGN,
  demoAccountCount,
  leaving,
  staying,
  withRefusedArticle,
  withSpentQuota,
  WRONG_PRICE,
  wrongPriced,
  type DemoAccount,
  type Sent,
} from './demo-accounts.js';
import { DEMO_PLATFORM } from './demo-platform.js';
import { doorsOf, expectStatus, send, until } from './doors.js';
import type { Services } from './services.js';

const PLATFORM = DEMO_PLATFORM.component_appid;
/** Nobody waits, and what the key may ask in a minute is for its user. */
const PATIENTLY = { everyMs: 500, withinMs: 300_000 };

/** A message as the simulated WeChat shows it. */
interface SentMessage {
  msg_id: string;
  media_id: string;
  articles: { url: string }[];
}

/**
 * Sixty shops with what makes each page of the console worth a look, through the same doors as the story. Whatever is
 * there already is not made again, so that a start goes on where the one before was stopped.
 * @returns what was made; undefined when a start before has made it all
 */
export async function makeDemoData(services: Services): Promise<string | undefined> {
  const { api, control } = doorsOf(services);
  // That it has left comes last.
  if (await isInState(leaving, 'unauthorized')) return undefined;

  let isContinued = false;
  for (const account of staying) {
    const { grants } = await there(account);
    isContinued ||= grants.length > 0;
    if (grants.length === 0) await consent(account);
  }
  // Events that were under way when a start was stopped are lost.
  if (isContinued) expectStatus(await api('POST', `/v1/platforms/${PLATFORM}/sync`), 200);
  await until(merchantsHere, (appids) => staying.every(({ appid }) => appids.has(appid)), PATIENTLY);
  const messages = await sendAll();
  await keepInventory(messages);
  const idsOf = (account: DemoAccount) => (messages.get(account) ?? []).map(({ msg_id }) => msg_id);

  await ask('wrong-price', '/v1/takedowns', { label: WRONG_PRICE.label, article_idx: 1, reason: '海报价格写错' });

  await control('PATCH', `merchants/${withSpentQuota.appid}/quotas`, { 'mass/delete': { used: 10 } });
  const items = [...wrongPriced.slice(0, 3), withSpentQuota].map((account) => ({
    merchant: account.appid,
    msg_id: idsOf(account)[0],
    article_idx: 3,
  }));
  await ask('moved', '/v1/takedowns', { items, reason: '门店搬迁，旧地址下线' });

  for (const fault of [{ outcome: 'reset' }, { outcome: 'errcode', errcode: -1 }]) {
    await control('POST', 'faults', {
      ...fault,
      operation: 'mass/delete',
      authorizer_appid: withRefusedArticle.appid,
    });
  }
  const refused = { merchant: withRefusedArticle.appid, msg_id: idsOf(withRefusedArticle)[1], article_idx: 2 };
  await ask('refused', '/v1/deletions', { ...refused, reason: '商家要求撤回' });

  await there(leaving);
  await consent(leaving);
  await until(() => isInState(leaving, 'authorized'), Boolean, PATIENTLY);
  await control('POST', `platforms/${PLATFORM}/authorizers/${leaving.appid}/deauthorize`);
  return `${demoAccountCount} more; ${staying.length} of them sent “${CAMPAIGN.titles[0]}”: take it down by its label, ${CAMPAIGN.label}`;

  /** The account at WeChat, made if need be, with what it granted. */
  async function there({ appid, user_name, nick_name, facts }: DemoAccount): Promise<{ grants: object[] }> {
    const found = await send('GET', `${services.simulatorUrl}/_control/merchants/${appid}`);
    if (found.status === 200) return found.body;
    await control('POST', 'merchants', { appid, user_name, nick_name, ...facts });
    return { grants: [] };
  }

  async function consent({ appid, permissionSets }: DemoAccount): Promise<void> {
    const wish = { component_appid: PLATFORM, authorizer_appid: appid, permission_sets: permissionSets };
    await control('POST', 'consents', wish);
  }

  async function isInState({ appid }: DemoAccount, state: string): Promise<boolean> {
    const { status, body } = expectStatus(await api('GET', `/v1/merchants/${appid}`), 200, 404);
    return status === 200 && body.state === state;
  }

  async function merchantsHere(): Promise<Set<string>> {
    const here = new Set<string>();
    let page = '/v1/merchants?limit=200';
    for (;;) {
      const { data, next_cursor } = expectStatus(await api('GET', page), 200).body;
      for (const { appid } of data) here.add(appid);
      if (next_cursor === null) return here;
      page = `/v1/merchants?limit=200&cursor=${next_cursor}`;
    }
  }

  async function sendAll(): Promise<Map<DemoAccount, SentMessage[]>> {
    const sent = new Map<DemoAccount, SentMessage[]>();
    for (const account of staying) {
      const path = `merchants/${account.appid}/mass-messages`;
      const messages: SentMessage[] = (await control('GET', path)).data;
      for (const [at, message] of account.sends.entries()) {
        if (at < messages.length) continue;
        const isRepeat = message === account.sends[at - 1];
        const media_id = isRepeat ? messages[at - 1]?.media_id : await materialOf(account, message);
        messages.push((await control('POST', path, { media_id })).data[0]);
      }
      sent.set(account, messages);
    }
    return sent;
  }

  async function materialOf({ appid }: DemoAccount, { titles, rumour }: Sent): Promise<string> {
    const articles = titles.map((title, index) => ({ title, is_rumour: index + 1 === rumour }));
    return (await control('POST', `merchants/${appid}/materials`, { articles })).media_id;
  }

  /** Labels and titles are what WeChat does not tell: the provider's own system adds them. */
  async function keepInventory(messages: Map<DemoAccount, SentMessage[]>): Promise<void> {
    const lines = [...messages].flatMap(([{ appid, sends }, sent]) =>
      sends.map(({ label, titles }, at) => ({
        merchant: appid,
        msg_id: sent[at]?.msg_id,
        label,
        title: titles[0],
        articles: titles.map((title, index) => ({
          article_idx: index + 1,
          url: sent[at]?.articles[index]?.url,
          title,
        })),
      })),
    );
    const { rejected, errors } = expectStatus(await api('POST', '/v1/mass-messages', lines), 200).body;
    if (rejected > 0) throw new Error(`${rejected} messages were not imported: ${JSON.stringify(errors[0])}`);
  }

  /** Asked for again, after a stop, it is the same request. */
  async function ask(name: string, path: string, wish: object): Promise<void> {
    expectStatus(await api('POST', path, wish, { 'idempotency-key': `demo-${name}` }), 202);
  }
}
