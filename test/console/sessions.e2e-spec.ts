import { BuiltConsole, ConsoleBrowser } from '../support/console-browser.js';
import { eventually } from '../support/eventually.js';
import { describeWith } from '../support/programs.js';
import { System } from '../support/system.js';

describeWith('chromium', 'signing in to the console', () => {
  let system: System;
  let built: BuiltConsole;
  let browser: ConsoleBrowser;

  beforeAll(async () => {
    system = await System.start({ withWorker: false });
    built = await BuiltConsole.start(system);
    browser = await ConsoleBrowser.open(built.url);
  });
  afterAll(async () => {
    await browser.close();
    await built.close();
    await system.close();
  });
  afterEach(() => expect(browser.faults.splice(0)).toEqual([]));

  const aKey = async (role: string): Promise<{ id: string; key: string }> =>
    (await system.call('POST', '/v1/api-keys', { name: `the ${role}`, role })).body;

  it('leads from the bare address to the page that asks for a key, and with a key to the overview', async () => {
    const page = await browser.window();
    await page.goto('/');
    expect(new URL(page.url()).pathname).toBe('/console/');

    await page.getByLabel('API key').fill(system.apiKey);
    await page.keyboard.press('Enter');
    await page.getByRole('link', { name: 'Overview' }).waitFor();
    expect(await page.getByRole('heading', { level: 1 }).textContent()).not.toBe('Retract');
  });

  it('says in words that a key is wrong, and keeps nothing of it', async () => {
    const page = await browser.window();
    await page.goto('/console/');
    await page.getByLabel('API key').fill('rk_nobody_has_this_one');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByText('There is no such key').waitFor();
    expect(page.url()).not.toContain('rk_');
    expect(await page.evaluate('JSON.stringify({ ...localStorage, ...sessionStorage })')).not.toContain('rk_');
  });

  it('comes back to the page that was asked for', async () => {
    const page = await browser.window();
    await page.goto('/console/merchants?q=tea');
    await page.getByLabel('API key').fill(system.apiKey);
    await page.keyboard.press('Enter');
    await page.getByRole('link', { name: 'Merchants' }).waitFor();
    expect(page.url()).toContain('/console/merchants?q=tea');
  });

  it('speaks the browser’s language, and the other one after a click', async () => {
    const page = await browser.window({ language: 'zh' });
    await page.goto('/console/');
    await page.getByLabel('API 密钥').waitFor();
    await page.getByRole('button', { name: 'English' }).click();
    await page.getByLabel('API key').waitFor();
    await page.reload();
    await page.getByLabel('API key').waitFor();
  });

  it('shows the main job to those who may do it', async () => {
    const looks = await browser.windowOf((await aKey('viewer')).key);
    await looks.goto('/console/');
    await looks.getByRole('link', { name: 'Overview' }).waitFor();
    expect(await looks.getByRole('link', { name: 'Take down', exact: true }).count()).toBe(0);

    const operates = await browser.windowOf((await aKey('operator')).key);
    await operates.goto('/console/');
    await operates.getByRole('link', { name: 'Take down', exact: true }).waitFor();
  });

  it('goes on where a sign-in link was used before, and says so', async () => {
    const page = await browser.windowOf((await aKey('operator')).key);
    await page.goto('/console/merchants#token=used-before');
    await page.getByRole('alert').getByText('You are still signed in as “the operator”').waitFor();
    expect(page.url()).not.toContain('token');
    await page.getByRole('button', { name: 'Close' }).click();
    await page.getByText('You are still signed in').waitFor({ state: 'detached' });
    await page.getByRole('heading', { level: 1, name: 'Merchants' }).waitFor();
  });

  it('asks before a new key is lost, by going back or by loading the page anew', async () => {
    const page = await browser.windowOf(system.apiKey);
    await page.goto('/console/');
    await page.getByRole('link', { name: 'Keys and sessions' }).click();
    await page.getByRole('button', { name: 'Create a key' }).click();
    await page.getByLabel('Name', { exact: true }).fill('for the backend');
    await page.getByRole('button', { name: 'Create', exact: true }).click();
    const shown = page.getByRole('dialog').getByText(/^rk_/);
    const key = await shown.textContent();

    const asked: string[] = [];
    page.on('dialog', (dialog) => {
      asked.push(dialog.type());
      void dialog.dismiss();
    });
    await page.goBack();
    await eventually(
      () => Promise.resolve(asked),
      ([type]) => type === 'confirm',
    );
    await page.evaluate('setTimeout(() => location.reload())');
    await eventually(
      () => Promise.resolve(asked),
      (all) => all.includes('beforeunload'),
    );
    expect(await shown.textContent()).toBe(key);
    expect(page.url()).toContain('/settings/keys');

    await page.getByRole('button', { name: 'I have kept it: close' }).click();
    await page.goBack();
    await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor();
    expect(asked).toEqual(['confirm', 'beforeunload']);
  });

  it('does not end before a new key is kept', async () => {
    const { id, key } = await aKey('admin');
    const page = await browser.windowOf(key);
    await page.goto('/console/settings/keys');
    await page.getByRole('button', { name: 'Create a key' }).click();
    await page.getByLabel('Name', { exact: true }).fill('for another backend');
    await page.getByRole('button', { name: 'Create', exact: true }).click();
    const shown = page.getByRole('dialog').getByText(/^rk_/);
    const made = await shown.textContent();

    const noticed = page.waitForResponse((answer) => answer.url().endsWith('/v1/session') && answer.status() === 401, {
      timeout: 120_000,
    });
    expect((await system.call('DELETE', `/v1/api-keys/${id}`)).status).toBe(204);
    await noticed;
    expect(await shown.textContent()).toBe(made);
    await page.getByRole('button', { name: 'I have kept it: close' }).click();
    await page.getByLabel('API key').waitFor();
  });

  it('ends with its key', async () => {
    const { id, key } = await aKey('operator');
    const page = await browser.windowOf(key);
    await page.goto('/console/');
    await page.getByRole('link', { name: 'Overview' }).waitFor();

    expect((await system.call('DELETE', `/v1/api-keys/${id}`)).status).toBe(204);
    // The page may have noticed by itself.
    await page.getByRole('link', { name: 'Merchants' }).or(page.getByLabel('API key')).click();
    await page.getByLabel('API key').waitFor();
  });

  it('ends by signing out', async () => {
    const page = await browser.windowOf(system.apiKey);
    await page.goto('/console/');
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByLabel('API key').waitFor();
    await page.reload();
    await page.getByLabel('API key').waitFor();
  });
});
