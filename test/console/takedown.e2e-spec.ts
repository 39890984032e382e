import { readFile } from 'node:fs/promises';
import type { Page } from 'playwright-core';
import { BuiltConsole, ConsoleBrowser } from '../support/console-browser.js';
import { eventually } from '../support/eventually.js';
import { describeWith } from '../support/programs.js';
import { System } from '../support/system.js';

const MERCHANTS = 200;
/** Of so many, nothing but the link to their article is known to those who paste. */
const BY_LINK = 40;

describeWith('chromium', 'a takedown in the console', () => {
  let system: System;
  let built: BuiltConsole;
  let browser: ConsoleBrowser;
  let merchants: { merchant: string; msgId: string }[];
  let links: Map<string, string>;

  beforeAll(async () => {
    system = await System.start({ withWorker: false });
    built = await BuiltConsole.start(system);
    browser = await ConsoleBrowser.open(built.url);
    await system.registerPlatform();
    merchants = await system.grantedMerchants(MERCHANTS, 2);
    links = await sentLinks(merchants.slice(0, BY_LINK).map(({ merchant }) => merchant));
  });
  afterAll(async () => {
    await browser.close();
    await built.close();
    await system.close();
  });
  afterEach(() => expect(browser.faults.splice(0)).toEqual([]));

  /** What each of these accounts has just sent, by the address that WeChat's push told of its first article. */
  async function sentLinks(appids: string[]): Promise<Map<string, string>> {
    const sent = await Promise.all(
      appids.map(async (appid) => {
        const { data } = await system.control('POST', `merchants/${appid}/mass-messages`, {});
        return [appid, data[0].articles[0].url] as const;
      }),
    );
    await eventually(
      () => system.sql<{ count: number }>(`SELECT count(DISTINCT merchant_id)::int AS count FROM mass_messages`),
      ([row]) => row?.count === appids.length,
    );
    return new Map(sent);
  }

  /** As it comes out of mails and spreadsheets. */
  const messyList = () => {
    const rows = merchants.map(({ merchant, msgId }, i) => {
      const link = links.get(merchant);
      if (link !== undefined)
        return [`${i + 1}. 春季特卖 ${link}`, `"${link}",`, `7,"特卖, 春季",${link}`, link][i % 4];
      return [
        `${merchant}\t${msgId}\t1`,
        `"${merchant}","=""${msgId}""",1,,`,
        `${merchant}，${msgId}，1`,
        `  ${merchant} | '${msgId} | 1`,
        `{"merchant":"${merchant}","msg_id":${msgId},"article_idx":1},`,
      ][i % 5];
    });
    const lines = rows.flatMap((row, i) => (i % 10 === 0 ? [row, ' ', ',,,'] : [row]));
    return ['# 星期一', '', ...lines, 'see above'].join('\r\n');
  };

  const deleteEffects = async (): Promise<number> => (await system.control('GET', 'stats')).delete_effects;
  const takedowns = async () => (await system.call('GET', '/v1/takedowns')).body.data;

  const goOn = (page: Page) => page.getByRole('button', { name: 'Next', exact: true }).click();

  /** Up to the last look, where the number has to be typed. */
  async function prepare(page: Page, list: string, { reason, undo }: { reason: string; undo?: string }) {
    await page.goto('/console/');
    await page.getByRole('link', { name: 'Take down', exact: true }).click();
    await page.getByLabel('Links or msg_ids, one a line').fill(list);
    await page.getByText(`${MERCHANTS} understood`).waitFor();
    await page.getByText('1 not understood, and left out').waitFor();
    await page.getByRole('button', { name: 'Dry run' }).last().click();
    await figure(page, 'Would be deleted', String(MERCHANTS)).waitFor({ timeout: 60_000 });
    await figure(page, 'Accounts', String(MERCHANTS)).waitFor();
    await goOn(page);
    await page.getByLabel('Reason').fill(reason);
    if (undo !== undefined) await page.getByRole('combobox', { name: /^Time to undo/ }).selectOption({ label: undo });
    await goOn(page);
    await page.getByLabel(`Type ${MERCHANTS} to confirm`).waitFor({ timeout: 60_000 });
  }

  /** A number of the dry run, by its name. */
  const figure = (page: Page, name: string, value: string) =>
    page.getByRole('term').getByText(name, { exact: true }).locator('..').getByText(value, { exact: true });

  const confirmed = (page: Page) => page.getByRole('button', { name: 'Take down', exact: true });

  it('shows what it would do, wants the number typed, and is undone without a trace at WeChat', async () => {
    const page = await browser.windowOf(system.apiKey);
    await prepare(page, messyList(), { reason: 'wrong price' });
    expect(await takedowns()).toEqual([]);

    await page.getByLabel(`Type ${MERCHANTS} to confirm`).fill('199');
    expect(await confirmed(page).isDisabled()).toBe(true);
    await page.getByLabel(`Type ${MERCHANTS} to confirm`).fill('200');
    await confirmed(page).click();
    await page.getByRole('heading', { level: 1, name: 'wrong price' }).waitFor();
    await page.getByText(/It begins in .* Until then nothing is deleted/).waitFor();

    await page.getByRole('button', { name: 'Undo' }).click();
    await page.getByText('It was undone. Nothing was deleted.').waitFor();
    expect(await deleteEffects()).toBe(0);
    expect((await system.control('GET', 'stats')).calls.by_operation).not.toHaveProperty('mass/delete');
  });

  it('goes to its end in sight, once however often it is confirmed, and its proof holds', async () => {
    await system.control('PUT', 'latencies', {
      operation: 'mass/delete',
      latency: { distribution: 'fixed', ms: 200 },
    });
    const page = await browser.windowOf(system.apiKey);
    await prepare(page, messyList(), { reason: 'court order', undo: 'None: it begins at once and cannot be undone' });
    await page.evaluate('globalThis.isStillHere = true');
    await page.getByLabel(`Type ${MERCHANTS} to confirm`).fill('200');
    await confirmed(page).dblclick();

    await page.getByText(/Under way: \d+ of 200 have ended/).waitFor();
    await page.getByText('Done: all 200 are taken back.').waitFor({ timeout: 60_000 });
    expect(await page.evaluate('globalThis.isStillHere')).toBe(true);
    expect((await takedowns()).map(({ reason }: { reason: string }) => reason)).toEqual(['court order', 'wrong price']);

    expect(await deleteEffects()).toBe(MERCHANTS);
    const gone = await Promise.all(merchants.map(({ merchant, msgId }) => goneArticles(merchant, msgId)));
    expect(new Set(gone)).toEqual(new Set(['1']));

    const downloading = page.waitForEvent('download');
    await page.getByRole('link', { name: 'Download NDJSON' }).click();
    const proof = await readFile(await (await downloading).path(), 'utf8');
    expect(await system.judged(proof)).toMatch(/^ok: 200 deletions, /);
  });

  /** Which articles of the message that was named are deleted, and of the other messages none. */
  async function goneArticles(merchant: string, msgId: string): Promise<string> {
    const { data } = await system.control('GET', `merchants/${merchant}/mass-messages`);
    const link = links.get(merchant);
    return data
      .flatMap(({ msg_id, articles }: any) => articles.map((article: any) => ({ msg_id, ...article })))
      .filter(({ is_deleted }: any) => is_deleted)
      .map(({ msg_id, article_idx, url }: any) => ((link ? url === link : msg_id === msgId) ? article_idx : 'wrong'))
      .join();
  }

  it('在中文界面停止：已经撤回的留下，等待中的不再发出', async () => {
    await system.control('PUT', 'latencies', { operation: 'mass/delete', latency: null });
    const some = merchants.slice(-3);
    for (const { merchant } of some.slice(1)) {
      // It has used the one of today.
      await system.call('PATCH', `/v1/merchants/${merchant}`, { daily_limit: 1 });
    }
    const before = await deleteEffects();
    const page = await browser.windowOf(system.apiKey, { language: 'zh' });
    await page.goto('/console/take-down');
    await page
      .getByLabel('链接或 msg_id，每行一个')
      .fill(some.map(({ merchant, msgId }) => `${merchant} ${msgId} 2`).join('\n'));
    await page.getByText('3 行已读懂').waitFor();
    await page.getByRole('button', { name: '先试算' }).last().click();
    await page.getByRole('button', { name: '下一步' }).click();
    await page.getByLabel('原因').fill('法院裁定 12/2026');
    await page.getByRole('combobox', { name: /^可取消的时间/ }).selectOption('0');
    await page.getByRole('button', { name: '下一步' }).click();
    await page.getByLabel('请输入 3 以确认').fill('3');
    await page.getByRole('button', { name: '撤回', exact: true }).click();

    await page.getByText('正在等待：1 / 3 已结束').waitFor({ timeout: 30_000 });
    await page.getByRole('button', { name: '停止任务', exact: true }).click();
    await page.getByRole('dialog').getByText('还可以停下 2 个').waitFor();
    await page.getByRole('dialog').getByRole('button', { name: '停止任务', exact: true }).click();
    await page.getByText('已停止：之前已撤回 1 个，2 个没有发出。').waitFor();
    expect(await deleteEffects()).toBe(before + 1);
  });
});
