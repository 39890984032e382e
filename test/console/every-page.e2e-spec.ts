import { accessibilityFaults, BuiltConsole, ConsoleBrowser } from '../support/console-browser.js';
import { pages } from '../support/console-pages.mjs';
import { describeWith } from '../support/programs.js';
import { System } from '../support/system.js';

describeWith('chromium', 'every page of the console', () => {
  let system: System;
  let built: BuiltConsole;
  let browser: ConsoleBrowser;

  beforeAll(async () => {
    system = await System.start({ withWorker: false });
    built = await BuiltConsole.start(system);
    browser = await ConsoleBrowser.open(built.url);
    await system.registerPlatform();
    await system.grantedMerchants(5, 2);
  });
  afterAll(async () => {
    await browser.close();
    await built.close();
    await system.close();
  });

  const viewers = [
    { language: 'zh', scheme: 'light', width: 1280 },
    { language: 'en', scheme: 'dark', width: 1280 },
    { language: 'zh', scheme: 'dark', width: 360 },
    { language: 'en', scheme: 'light', width: 360 },
  ] as const;

  it.each(viewers)('has no fault that axe finds, $language, $scheme, $width wide, and fits', async (viewer) => {
    const page = await browser.windowOf(system.apiKey, viewer);
    const found: Record<string, string[]> = {};
    for (const [name, path] of Object.entries(pages)) {
      await page.goto(`/console${path}`);
      await page.getByRole('heading', { level: 1 }).waitFor();
      await page.waitForLoadState('load');
      const isTooWide = await page.evaluate('document.documentElement.scrollWidth > innerWidth');
      const faults = [...(await accessibilityFaults(page)), ...(isTooWide ? ['it scrolls sideways'] : [])];
      if (faults.length > 0) found[name] = faults;
    }
    expect(found).toEqual({});
    expect(browser.faults.splice(0)).toEqual([]);
  });

  it('is another one for each address', async () => {
    const page = await browser.windowOf(system.apiKey);
    const titles = new Set<string | null>();
    for (const path of Object.values(pages)) {
      await page.goto(`/console${path}`);
      titles.add(await page.getByRole('heading', { level: 1 }).textContent());
    }
    expect(titles.size).toBe(Object.keys(pages).length);
  });
});
