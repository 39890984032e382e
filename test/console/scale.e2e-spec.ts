import type { Page } from 'playwright-core';
import { BuiltConsole, ConsoleBrowser } from '../support/console-browser.js';
import { eventually } from '../support/eventually.js';
import { describeWith } from '../support/programs.js';
import { PLATFORM, System } from '../support/system.js';

const MERCHANTS = 20_000;
const DELETIONS = 50_000;
const FIRST_MSG_ID = 3_000_000_001;
const TAKEDOWN = '01900000-0000-7000-8000-000000000001';

/** What was seen of a list, frame by frame. */
interface Seen {
  frames: number;
  mostRows: number;
  /** Neighbours that do not belong beside each other. */
  gaps: string[];
  /** Rows in sight that moved against the wheel, or not together. */
  jumps: string[];
}

describeWith('chromium', 'long lists in the console', () => {
  let system: System;
  let built: BuiltConsole;
  let browser: ConsoleBrowser;

  beforeAll(async () => {
    system = await System.start({ withWorker: false });
    built = await BuiltConsole.start(system, { withWorker: false });
    browser = await ConsoleBrowser.open(built.url);
    await system.registerPlatform();
    await fill();
  });
  afterAll(async () => {
    await browser.close();
    await built.close();
    await system.close();
  });
  afterEach(() => expect(browser.faults.splice(0)).toEqual([]));

  /** Rows as the service would have left them. */
  async function fill(): Promise<void> {
    const id = (kind: number) => `('01900000-0000-7000-800${kind}-' || lpad(to_hex(n), 12, '0'))::uuid`;
    await system.sql(
      `WITH merchant AS (
         INSERT INTO merchants (id, platform_id, authorizer_appid, state, permission_sets, facts_read_at, nick_name,
           service_type, verify_type, account_status)
         SELECT ${id(1)}, pl.id, 'wx' || lpad(to_hex(n), 16, '0'), 'authorized', '{1,7}', now(), 'shop no. ' || n, 2, 0, 1
         FROM generate_series(1, $2::int) AS n, platforms pl WHERE pl.component_appid = $1
         RETURNING id, authorizer_appid
       ), lane AS (INSERT INTO merchant_pacing (merchant_id) SELECT id FROM merchant)
       INSERT INTO account_ledgers (authorizer_appid) SELECT authorizer_appid FROM merchant`,
      [PLATFORM.component_appid, MERCHANTS],
    );
    await system.sql(
      `INSERT INTO takedowns (id, state, is_urgent, accepted, requested_by, request_id, reason, started_at, finished_at)
       SELECT $1, 'finished', false, $2, id, 'test', 'everything', now(), now() FROM api_keys LIMIT 1`,
      [TAKEDOWN, DELETIONS],
    );
    await system.sql(
      `INSERT INTO deletions (id, merchant_id, msg_id, article_idx, target_key, state, ready_at, dispatched_at,
         dispatches, attempts, outcome_code, proof, request_id, requested_by, takedown_id, finished_at)
       SELECT ${id(2)}, ('01900000-0000-7000-8001-' || lpad(to_hex(1 + n % $3::int), 12, '0'))::uuid, $4::bigint + n, 1,
         'msg:' || $4::bigint + n || ':1', 'succeeded', now(), now(), 1, 1, 'deleted', 'acknowledged', 'test',
         t.requested_by, t.id, now()
       FROM generate_series(0, $2::int - 1) AS n, takedowns t WHERE t.id = $1`,
      [TAKEDOWN, DELETIONS, MERCHANTS, FIRST_MSG_ID],
    );
    await system.sql('ANALYZE merchants, deletions, takedowns');
  }

  /**
   * From now on, looks at the list in each frame.
   * @param number finds what rows are numbered by in their text
   * @param wheel which way it is turned
   */
  const watch = (page: Page, number: string, wheel: 'down' | 'up') =>
    page.evaluate(
      ({ number, wheel }) => {
        const { document, requestAnimationFrame, window } = globalThis as any;
        const seen: Seen = { frames: 0, mostRows: 0, gaps: [], jumps: [] };
        (globalThis as any).seen = seen;
        let before = new Map<number, number>();
        const look = () => {
          const rows = [...document.querySelectorAll('[role=row][aria-rowindex]')].map((row: any) => ({
            index: Number(row.ariaRowIndex),
            number: Number(new RegExp(number).exec(row.textContent)?.[1]),
            top: row.getBoundingClientRect().top as number,
          }));
          rows.sort((a, b) => a.index - b.index);
          rows.forEach((row, i) => {
            const last = rows[i - 1];
            if (
              last &&
              (row.index !== last.index + 1 || Math.abs(row.number - last.number) !== 1 || row.top <= last.top)
            )
              seen.gaps.push(`${JSON.stringify(last)} ${JSON.stringify(row)}`);
          });
          const inSight = rows.filter(({ top }) => top >= 0 && top <= window.innerHeight);
          const moves = inSight.flatMap(({ number, top }) => {
            const was = before.get(number);
            return was === undefined ? [] : [top - was];
          });
          const [most, least] = [Math.max(...moves), Math.min(...moves)];
          if (most - least > 1 || (wheel === 'down' ? most > 1 : least < -1)) seen.jumps.push(`${least} ${most}`);
          before = new Map(inSight.map(({ number, top }) => [number, top]));
          seen.frames++;
          seen.mostRows = Math.max(seen.mostRows, rows.length);
          requestAnimationFrame(look);
        };
        look();
      },
      { number, wheel },
    );

  const isSound = async (page: Page) => {
    const seen = await eventually(
      () => page.evaluate<Seen>('globalThis.seen'),
      ({ frames }) => frames > 50,
    );
    expect({ ...seen, gaps: seen.gaps.slice(0, 5), jumps: seen.jumps.slice(0, 5) }).toMatchObject({
      gaps: [],
      jumps: [],
    });
    expect(seen.mostRows).toBeGreaterThan(10);
    expect(seen.mostRows).toBeLessThan(200);
  };

  const rowsShown = async (page: Page): Promise<number> =>
    Number(
      /[\d,]+/.exec((await page.getByText(/shown so far$|are shown$/).textContent()) ?? '')?.[0].replace(/,/g, ''),
    );

  /** Turns the wheel over the list until so many rows are read. */
  async function wheelTo(page: Page, rows: number): Promise<void> {
    await page.mouse.move(640, 450);
    await eventually(
      async () => {
        await page.mouse.wheel(0, 600);
        return rowsShown(page);
      },
      (shown) => shown >= rows,
    );
  }

  /** Holds the scrollbar down until all are read, then lets go. */
  async function endOf(page: Page, count: number): Promise<void> {
    await page.evaluate(() => {
      const { document, requestAnimationFrame, window } = globalThis as any;
      (globalThis as any).isHeld = true;
      const pull = () => {
        window.scrollTo(0, document.documentElement.scrollHeight);
        if ((globalThis as any).isHeld) requestAnimationFrame(pull);
      };
      pull();
    });
    await page.getByText(`That is all: ${count.toLocaleString('en')}`).waitFor({ timeout: 180_000 });
    await page.evaluate('globalThis.isHeld = false');
  }

  it.each([
    ['the merchants', '/console/merchants', 'shop no\\. (\\d+)', MERCHANTS],
    ['what a takedown takes', `/console/takedowns/${TAKEDOWN}`, ' · (\\d{10})', DELETIONS],
  ])(
    '%s scroll to their end without a jump',
    async (_what, path, number, count) => {
      const page = await browser.windowOf(system.apiKey);
      await page.goto(path);
      await page.getByText(/shown so far$/).waitFor();
      await watch(page, number, 'down');
      await wheelTo(page, 600);
      await isSound(page);

      await endOf(page, count);
      await page
        .getByRole('row')
        .and(page.locator(`[aria-rowindex="${count + 1}"]`))
        .waitFor();

      await watch(page, number, 'up');
      for (let i = 0; i < 20; i++) await page.mouse.wheel(0, -600);
      await isSound(page);
      await page.keyboard.press('Home');
      await page.getByRole('row').and(page.locator('[aria-rowindex="2"]')).waitFor();
      expect(await page.getByRole('button', { name: 'There is news' }).count()).toBe(0);
    },
    240_000,
  );
});
