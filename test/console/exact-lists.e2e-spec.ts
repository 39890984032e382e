import { readFile } from 'node:fs/promises';
import type { Page } from 'playwright-core';
import { BuiltConsole, ConsoleBrowser } from '../support/console-browser.js';
import { eventually } from '../support/eventually.js';
import { describeWith } from '../support/programs.js';
import { PLATFORM, System } from '../support/system.js';

describeWith('chromium', 'what the console tells leads to exactly what it is of', () => {
  let system: System;
  let built: BuiltConsole;
  let browser: ConsoleBrowser;
  let page: Page;
  let merchants: { merchant: string; msgId: string }[];

  beforeAll(async () => {
    system = await System.start();
    await system.registerPlatform();
    merchants = await system.grantedMerchants(5);
    // From now on nothing is sent: the states below are as they are set.
    await system.stopWorker();
    built = await BuiltConsole.start(system, { withWorker: false });
    browser = await ConsoleBrowser.open(built.url);
    page = await browser.windowOf(system.apiKey);
  });
  afterAll(async () => {
    await browser.close();
    await built.close();
    await system.close();
  });
  afterEach(() => expect(browser.faults.splice(0)).toEqual([]));

  const rows = (label: string) => page.getByRole('table', { name: label }).locator('[aria-rowindex]');
  const set = (id: string | undefined, values: string) =>
    system.sql(`UPDATE deletions SET ${values} WHERE id = $1`, [id]);
  const FAILED = `state = 'failed', outcome_code = 'refused', outcome_errcode = 48008`;
  const FOR_ADMIN = `state = 'waiting', waiting_for = 'merchant_admin', waiting_until = now() + interval '1 day',
    ready_at = now() + interval '1 day'`;

  describe('deletions', () => {
    let takedown: string;

    beforeAll(async () => {
      const items = merchants.map(({ merchant, msgId }) => ({ merchant, msg_id: msgId, article_idx: 1 }));
      const { body } = await system.call('POST', '/v1/takedowns', { items, reason: 'wrong price' });
      takedown = body.id;
      const found = await system.sql<{ id: string }>(`SELECT id FROM deletions WHERE takedown_id = $1 ORDER BY id`, [
        takedown,
      ]);
      const [failed, failedBefore, waiting, deleted] = found.map(({ id }) => id);
      await set(failed, `${FAILED}, finished_at = now()`);
      await set(failedBefore, `${FAILED}, finished_at = now() - interval '3 days'`);
      await set(waiting, FOR_ADMIN);
      await set(deleted, `state = 'succeeded', outcome_code = 'deleted', finished_at = now()`);
    });

    it.each([
      ['the figure of today', () => page.getByRole('link', { name: /^Failed today 1/ })],
      [
        'the reason for which some wait',
        () => page.getByRole('link', { name: /administrator has to confirm the call/ }),
      ],
      ['the alarm', () => page.getByRole('link', { name: 'See them among the deletions' })],
    ])('of %s on the overview', async (_of, link) => {
      await page.goto('/console/');
      await link().click();
      await rows('Deletions').waitFor();
      expect(await rows('Deletions').count()).toBe(1);
    });

    it('of a takedown, by state, by reason and by merchant', async () => {
      await page.goto(`/console/takedowns/${takedown}`);
      await rows('Its deletions').nth(4).waitFor();
      const reason = page.getByLabel('Why it waits, or how it ended');
      await reason.selectOption('refused');
      await page.getByText('That is all: 2').waitFor();
      await reason.selectOption('merchant_admin');
      await page.getByText('That is all: 1').waitFor();
      expect(page.url()).toContain('waiting_for=merchant_admin');
      expect(page.url()).not.toContain('outcome');
      await page.getByRole('button', { name: 'Clear the filters' }).click();
      const [one] = merchants;
      await page.getByLabel('Merchant', { exact: true }).fill(one?.merchant ?? '');
      await page.keyboard.press('Enter');
      await page.getByText('That is all: 1').waitFor();
      await rows('Its deletions')
        .getByText(one?.merchant ?? '')
        .waitFor();
    });
  });

  it('messages of a time', async () => {
    const { merchant = '' } = merchants[0] ?? {};
    const message = (msg_id: string, title: string, sent_at: string) => ({ merchant, msg_id, title, sent_at });
    const imported = await system.call('POST', '/v1/mass-messages', [
      message('2247480001', 'from September', '2026-09-01T04:00:00Z'),
      message('2247480002', 'from October', '2026-10-01T04:00:00Z'),
    ]);
    expect(imported.body).toMatchObject({ imported: 2, rejected: 0 });
    await page.goto('/console/messages');
    await page.getByText('from September').waitFor();
    await page.getByLabel('Sent from').fill('2026-09-15T00:00');
    await page.getByText('from September').waitFor({ state: 'detached' });
    await page.getByText('from October').waitFor();
    await page.getByLabel('until').fill('2026-09-16T00:00');
    await page.getByText('No message fits this search').waitFor();
  });

  it('what a takedown did not accept, as a file that a spreadsheet neither runs nor rounds', async () => {
    const { merchant = '' } = merchants[0] ?? {};
    const lines = ['merchant,msg_id,article_idx', `${merchant},2247480077,1`, '=1+1,88,1', '3147483661'];
    const { body } = await system.callText('POST', '/v1/takedowns', lines.join('\n'), { 'content-type': 'text/csv' });
    await eventually(
      () => system.call('GET', `/v1/takedowns/${body.id}`),
      ({ body: { rejected } }) => rejected === 2,
    );
    await page.goto(`/console/takedowns/${body.id}`);
    const downloading = page.waitForEvent('download');
    await page.getByRole('button', { name: 'Download (CSV)' }).click();
    const file = await readFile(await (await downloading).path(), 'utf8');
    expect(file.startsWith('\ufeffline,code,reason,detail,begins_with\r\n')).toBe(true);
    expect(file).toMatch(/^3,invalid_request,.*,"'=1\+1,88,1"\r$/m);
    expect(file).toMatch(/^4,malformed_body,.*,"\t3147483661"\r$/m);
  });

  it('the state of the audit log', async () => {
    await page.goto('/console/settings/audit');
    await page.getByText('Sound: each fits the one before it').waitFor();
    await page.getByText('The log is as it says').waitFor();
    await system.sql(`ALTER TABLE audit_events DISABLE TRIGGER USER`);
    await system.sql(`UPDATE audit_events SET ip = '192.0.2.8' WHERE seq = (SELECT max(seq) FROM audit_events)`);
    await page.reload();
    await page.getByText(/^Broken: row \d+ does not fit the one before it$/).waitFor();
    await system.sql(`ALTER TABLE audit_events ENABLE TRIGGER USER`);
  });

  it('the addresses to enter at WeChat, as the service is reached from outside', async () => {
    await page.goto(`/console/settings/platforms/${PLATFORM.component_appid}`);
    await page.getByText(`${built.url}/wechat/${PLATFORM.component_appid}/events`, { exact: true }).waitFor();
    await page.getByText(`${built.url}/wechat/${PLATFORM.component_appid}/messages/$APPID$`, { exact: true }).waitFor();
  });
});
