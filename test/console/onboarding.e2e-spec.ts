import type { Page } from 'playwright-core';
import { BuiltConsole, ConsoleBrowser } from '../support/console-browser.js';
import { describeWith } from '../support/programs.js';
import { System } from '../support/system.js';

const SET_7 = 'Mass messages and notifications';

describeWith('chromium', 'onboarding in the console', () => {
  let system: System;
  let built: BuiltConsole;
  let browser: ConsoleBrowser;
  let operator: Page;
  /** The window of a merchant's admin, who knows nothing of the console. */
  let admin: Page;

  beforeAll(async () => {
    system = await System.start({ withWorker: false });
    built = await BuiltConsole.start(system);
    browser = await ConsoleBrowser.open(built.url);
    await system.registerPlatform();
    for (const nick_name of ['茶馆', '花店']) await system.control('POST', 'merchants', { nick_name });
    const { body } = await system.call('POST', '/v1/api-keys', { name: 'the operator', role: 'operator' });
    operator = await browser.windowOf(body.key);
    admin = await browser.window();
  });
  afterAll(async () => {
    await browser.close();
    await built.close();
    await system.close();
  });
  afterEach(() => expect(browser.faults.splice(0)).toEqual([]));

  /** What the operator would send: the link that the page shows. */
  async function makeLink(ref: string): Promise<string> {
    await operator.getByLabel('Your name for it (ref, optional)').fill(ref);
    await operator.getByRole('button', { name: /^Make (the|another) link$/ }).click();
    await operator.getByText(`Your name for it: ${ref} ·`).waitFor();
    await operator.getByRole('img', { name: 'QR code of the authorization link' }).waitFor();
    return (await operator.getByText(`${built.url}/authorize/`).textContent()) ?? '';
  }

  /** From our page to WeChat's, and back to ours. */
  async function authorize(link: string, account: string, { withoutSet7 = false } = {}): Promise<void> {
    await admin.goto(link);
    await admin.getByRole('button', { name: 'Begin' }).click();
    await admin.getByRole('link', { name: 'On this computer: scan WeChat’s code' }).click();
    await admin.getByRole('radio', { name: account }).check();
    if (withoutSet7) await admin.getByRole('checkbox', { name: /^7 / }).uncheck();
    await admin.getByRole('button', { name: 'Authorize' }).click();
    await admin.getByRole('heading', { name: 'Authorization result' }).waitFor();
  }

  it('tells by itself who has authorized, and that what is needed was granted', async () => {
    await operator.goto('/console/');
    await operator.getByRole('link', { name: 'Onboard', exact: true }).click();
    await operator.getByText('Waiting for somebody to authorize').waitFor();
    await operator.evaluate('globalThis.isStillHere = true');

    await authorize(await makeLink('shop 12'), '茶馆');
    await admin.getByText('All set: mass messages can be taken back.').waitFor();

    await operator.getByText('茶馆 authorized, set 7 granted: its messages can be taken back.').waitFor();
    expect(await operator.evaluate('globalThis.isStillHere')).toBe(true);
    expect((await system.call('GET', '/v1/merchants?q=茶馆')).body.data).toMatchObject([
      { nick_name: '茶馆', ref: 'shop 12', eligible: true },
    ]);
  });

  it('tells at once that what is needed was left out, and the merchant’s page how that is mended', async () => {
    await authorize(await makeLink('shop 13'), '花店', { withoutSet7: true });
    await admin.getByText('messages cannot be taken back yet').waitFor();
    await operator.getByText('花店 authorized, but its messages cannot be taken back yet:').waitFor();

    await operator.getByRole('link', { name: 'Merchants', exact: true }).click();
    const row = operator.getByRole('row').filter({ hasText: '花店' });
    await row.getByText('Cannot be served').waitFor();
    await row.getByText(`The permission “${SET_7}” was not granted: authorize again and keep it ticked.`).waitFor();

    await row.getByRole('link', { name: '花店' }).click();
    await operator.getByText('Mass messages of this merchant cannot be taken back. Why, and what mends it:').waitFor();
    await operator.getByText(`“${SET_7}” is missing`).waitFor();
    await operator.getByRole('img', { name: 'QR code to authorize again' }).waitFor();

    const again = (await operator.getByText(`${built.url}/authorize/`).textContent()) ?? '';
    await authorize(again, '花店');
    await operator.getByText('Mass messages of this merchant can be taken back.').waitFor();
  });

  it('goes from the result page of the merchant straight to another try', async () => {
    await operator.getByRole('link', { name: 'Onboard', exact: true }).click();
    await system.control('POST', 'merchants', { nick_name: '书店' });
    await authorize(await makeLink('shop 14'), '书店', { withoutSet7: true });
    await admin.getByRole('link', { name: 'Authorize again' }).click();
    await admin.getByRole('button', { name: 'Begin' }).waitFor();
  });
});
