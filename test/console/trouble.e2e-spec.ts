import type { Page } from 'playwright-core';
import { BuiltConsole, ConsoleBrowser } from '../support/console-browser.js';
import { eventually } from '../support/eventually.js';
import { describeWith } from '../support/programs.js';
import { PLATFORM, System } from '../support/system.js';

type Role = 'viewer' | 'operator' | 'admin';

describeWith('chromium', 'trouble, as the console shows it', () => {
  let system: System;
  let built: BuiltConsole;
  let browser: ConsoleBrowser;
  let merchants: { merchant: string; msgId: string }[];

  beforeAll(async () => {
    system = await System.start({ withWorker: false });
    built = await BuiltConsole.start(system);
    browser = await ConsoleBrowser.open(built.url);
    await system.registerPlatform();
    merchants = await system.grantedMerchants(3);
  });
  afterAll(async () => {
    await browser.close();
    await built.close();
    await system.close();
  });
  afterEach(() => expect(browser.faults.splice(0)).toEqual([]));

  const windowOf = async (role: Role): Promise<Page> =>
    browser.windowOf((await system.call('POST', '/v1/api-keys', { name: `the ${role}`, role })).body.key);

  const takeDown = async (of: number, reason: string, undo_seconds: number) => {
    const { merchant, msgId } = merchants[of] ?? { merchant: '', msgId: '' };
    const items = [{ merchant, msg_id: msgId, article_idx: 1 }];
    const { status, body } = await system.call('POST', '/v1/takedowns', { items, reason, undo_seconds });
    expect(status).toBe(202);
    return body.id as string;
  };

  it('of a platform whose calls are refused is an alarm until it is mended', async () => {
    const page = await windowOf('operator');
    await page.goto('/console/');
    await page.getByText('All is well: there is nothing that you have to see to.').waitFor();
    await page.evaluate('globalThis.isStillHere = true');

    await system.control('PATCH', `platforms/${PLATFORM.component_appid}`, { ip_list: ['192.0.2.1'] });
    await takeDown(0, 'while the platform is refused', 0);
    const alarm = page
      .getByRole('listitem')
      .filter({ hasText: `The deletions of platform ${PLATFORM.component_appid}` });
    await alarm.getByText('WeChat refuses every call of the platform: check how it is configured').waitFor();
    await alarm.getByRole('link', { name: 'Examine the platform' }).click();
    await page.getByText('All deletions of this platform are held').waitFor();
    await page.getByText('The next probe, after which all goes on if it passes').waitFor();
    await page.getByRole('link', { name: 'Overview' }).click();
    await alarm.waitFor();

    await system.control('PATCH', `platforms/${PLATFORM.component_appid}`, { ip_list: null });
    await page.getByText('All is well: there is nothing that you have to see to.').waitFor({ timeout: 60_000 });
    expect(await alarm.count()).toBe(0);
    expect(await page.evaluate('globalThis.isStillHere')).toBe(true);
    expect(await system.control('GET', 'stats')).toMatchObject({ delete_effects: 1 });
  });

  it('with the connection is said, and caught up with', async () => {
    const page = await windowOf('viewer');
    await page.goto('/console/takedowns');
    await page.getByText('while the platform is refused').waitFor();
    await page.getByRole('status').getByText('Live', { exact: true }).waitFor();
    await page.evaluate('globalThis.isStillHere = true');

    await built.stopApi();
    await page.getByRole('alert').getByText('The connection to the service is lost').waitFor();
    await page.getByText('while the platform is refused').waitFor();
    await takeDown(1, 'while nobody listened', 0);
    await built.startApi();

    await page.getByRole('status').getByText('Live', { exact: true }).waitFor({ timeout: 30_000 });
    await page.getByText('while nobody listened').waitFor();
    expect(await page.getByText('The connection to the service is lost').count()).toBe(0);
    expect(await page.evaluate('globalThis.isStillHere')).toBe(true);
  });

  describe('about what somebody may not do', () => {
    let waiting: string;
    beforeAll(async () => {
      waiting = await takeDown(2, 'while its undo window lasts', 600);
    });

    /** By page, what can be pressed there, and from which role on. */
    const actions: [page: string, path: () => string, role: Role, kind: 'button' | 'link', name: string][] = [
      ['a takedown', () => `/takedowns/${waiting}`, 'operator', 'button', 'Undo'],
      ['any page', () => '/', 'operator', 'link', 'Take down'],
      ['the merchants', () => '/merchants', 'operator', 'link', 'Onboard a merchant'],
      ['a merchant', () => `/merchants/${merchants[0]?.merchant ?? ''}`, 'operator', 'button', 'Save'],
      ['a merchant', () => `/merchants/${merchants[0]?.merchant ?? ''}`, 'admin', 'button', 'Clear today’s quota…'],
      ['the platforms', () => '/settings/platforms', 'admin', 'button', 'Register a platform'],
      ['a platform', () => `/settings/platforms/${PLATFORM.component_appid}`, 'admin', 'button', 'Replace secrets'],
      ['the keys', () => '/settings/keys', 'admin', 'button', 'Create a key'],
    ];
    const ranks: Role[] = ['viewer', 'operator', 'admin'];

    it.each(ranks)('is not offered to the %s', async (role) => {
      const page = await windowOf(role);
      for (const [where, path, needed, kind, name] of actions) {
        await page.goto(`/console${path()}`);
        await page.getByRole('button', { name: 'Sign out' }).waitFor();
        await eventually(
          () => page.getByRole('status', { name: 'Loading…' }).count(),
          (loading) => loading === 0,
        );
        const isOffered = ranks.indexOf(role) >= ranks.indexOf(needed);
        const action = page.getByRole(kind, { name, exact: true });
        if (isOffered) await action.waitFor();
        expect({ where, name, count: await action.count() }).toEqual({ where, name, count: isOffered ? 1 : 0 });
      }
    });

    it.each([
      ['viewer', '/take-down', 'This needs a key with the role Operator.'],
      ['viewer', '/onboard', 'This needs a key with the role Operator.'],
      ['operator', '/settings/keys', 'This needs a key with the role Admin.'],
      ['operator', '/settings/webhooks', 'This needs a key with the role Admin.'],
      ['operator', '/settings/audit', 'This needs a key with the role Admin.'],
    ] as const)('says to the %s at %s who may', async (role, path, words) => {
      const page = await windowOf(role);
      await page.goto(`/console${path}`);
      await page.getByText(words).waitFor();
    });
  });
});
