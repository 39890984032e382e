import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConsoleBrowser } from '../support/console-browser.js';
import { describeWith } from '../support/programs.js';
import { whileItStaysUp } from '../support/sandbox.js';

describeWith('chromium', 'the first start', () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'retract-first-start-'));
  // As root, Postgres runs as another user who has to reach its folder.
  chmodSync(dataDir, 0o711);
  afterAll(() => rmSync(dataDir, { recursive: true, force: true }));

  /** What stands behind a name in the last lines, up to the next blank. */
  const told = (output: string, name: string): string => new RegExp(`^${name} +(\\S+)`, 'm').exec(output)?.[1] ?? '';

  it('leads with one click to the console, and from an article there is to one that is gone', async () => {
    await whileItStaysUp(dataDir, async (url, output) => {
      const browser = await ConsoleBrowser.open(url);
      try {
        await firstSteps(browser, told(output, 'console'), told(output, 'article'));
        expect(browser.faults).toEqual([]);
      } finally {
        await browser.close();
      }
    });
  });

  async function firstSteps(browser: ConsoleBrowser, signInLink: string, article: string): Promise<void> {
    const page = await browser.window();
    await page.goto(signInLink);
    await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor();
    expect(page.url()).not.toContain('token');

    const somebodyElse = await browser.window();
    await somebodyElse.goto(signInLink);
    await somebodyElse.getByText('This sign-in link was used already or is over').waitFor();
    await somebodyElse.getByLabel('API key').waitFor();
    expect(somebodyElse.url()).not.toContain('token');

    const follower = await browser.window();
    await follower.goto(article);
    await follower.getByText('This is an article in the simulator.').waitFor();
    const address = (await follower.getByText(/mp\.weixin\.qq\.com/).textContent()) ?? '';

    await page.getByRole('link', { name: 'Take down', exact: true }).click();
    await page.getByLabel('Links or msg_ids, one a line').fill(address);
    await page.getByText('1 understood').waitFor();
    await page.getByRole('button', { name: 'Dry run' }).last().click();
    await page.getByRole('heading', { name: 'The first that would go' }).waitFor();
    await page.getByRole('button', { name: 'Next', exact: true }).click();
    await page.getByRole('combobox', { name: /^Time to undo/ }).selectOption('0');
    await page.getByRole('button', { name: 'Next', exact: true }).click();
    await page.getByLabel('Type 1 to confirm').fill('1');
    await page.getByRole('button', { name: 'Take down', exact: true }).click();
    await page.getByText('Done: all 1 are taken back.').waitFor();

    await follower.reload();
    await follower.getByRole('heading', { level: 1, name: '该内容已被发布者删除' }).waitFor();
  }
});
