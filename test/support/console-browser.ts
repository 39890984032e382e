import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { delimiter, join } from 'node:path';
import { chromium, type Browser, type BrowserContext, type Page } from 'playwright-core';
import { startBuiltApp, type BuiltApp } from './built-app.js';
import { freePort } from './free-port.js';
import type { System } from './system.js';

const AXE = readFileSync(createRequire(__filename).resolve('axe-core/axe.min.js'), 'utf8');

/** How a person looks at the console. */
export interface Viewer {
  language?: 'zh' | 'en';
  scheme?: 'light' | 'dark';
  width?: number;
}

/** Beside a system of the tests, the built api and worker as processes of their own, with the console that people open. */
export class BuiltConsole {
  private constructor(
    readonly url: string,
    private readonly settings: Record<string, string>,
    private api: BuiltApp | undefined,
    private readonly worker: BuiltApp | undefined,
  ) {}

  /** @param withWorker false: what is accepted waits */
  static async start({ environment }: System, { withWorker = true } = {}): Promise<BuiltConsole> {
    const port = await freePort();
    const url = `http://127.0.0.1:${port}`;
    const settings = { ...environment, PORT: String(port), PUBLIC_URL: url };
    const api = await startBuiltApp('api', settings);
    return new BuiltConsole(url, settings, api, withWorker ? await startBuiltApp('worker', settings) : undefined);
  }

  /** Nobody answers at the console's address any more. */
  async stopApi(): Promise<void> {
    await this.api?.end('SIGTERM');
    this.api = undefined;
  }

  async startApi(): Promise<void> {
    this.api = await startBuiltApp('api', this.settings);
  }

  async close(): Promise<void> {
    await Promise.all([this.stopApi(), this.worker?.end('SIGTERM')]);
  }
}

/** Debian's Chromium, and what went wrong on the pages that it showed. */
export class ConsoleBrowser {
  /** Violations of the policy, errors of scripts, requests to elsewhere. Empty, as long as all is well. */
  readonly faults: string[] = [];

  private constructor(
    private readonly browser: Browser,
    private readonly url: string,
  ) {}

  static async open(url: string): Promise<ConsoleBrowser> {
    // Without a sandbox of its own, for tests may run as root.
    const args = ['--no-sandbox', '--disable-dev-shm-usage'];
    return new ConsoleBrowser(await chromium.launch({ executablePath: chromiumPath(), args }), url);
  }

  /** A window that nobody has signed in with yet. */
  async window({ language = 'en', scheme = 'light', width = 1280 }: Viewer = {}): Promise<Page> {
    const context = await this.browser.newContext({
      baseURL: this.url,
      viewport: { width, height: 900 },
      colorScheme: scheme,
      locale: language === 'zh' ? 'zh-CN' : 'en-GB',
    });
    context.setDefaultTimeout(120_000);
    this.watch(context);
    return context.newPage();
  }

  /** A window in which somebody has signed in with this key. */
  async windowOf(apiKey: string, viewer?: Viewer): Promise<Page> {
    const page = await this.window(viewer);
    const data = { api_key: apiKey };
    const answer = await page.context().request.post('/v1/session', { data, headers: { origin: this.url } });
    if (!answer.ok()) throw new Error(`not signed in: ${answer.status()} ${await answer.text()}`);
    return page;
  }

  async close(): Promise<void> {
    await this.browser.close();
  }

  private watch(context: BrowserContext): void {
    context.on('page', (page) => {
      page.on('pageerror', (error) => this.faults.push(`${page.url()}: ${String(error)}`));
      page.on('console', (message) => {
        // Refusals of the api are the page's to tell, and part of what is tested.
        if (message.type() !== 'error' || message.text().startsWith('Failed to load resource')) return;
        this.faults.push(`${page.url()}: ${message.text()}`);
      });
      page.on('request', (request) => {
        const isOurs = request.url().startsWith(`${this.url}/`) || /^(data|blob):/.test(request.url());
        if (!isOurs && page.url().startsWith(`${this.url}/console/`)) this.faults.push(`asked ${request.url()}`);
      });
    });
  }
}

/** What axe finds wrong on a page, one line for each kind. */
export async function accessibilityFaults(page: Page): Promise<string[]> {
  await page.evaluate(AXE);
  return page.evaluate(async () => {
    const { axe, document } = globalThis as any;
    const { violations } = await axe.run(document, { resultTypes: ['violations'] });
    return violations.map(({ id, nodes }: any) => {
      const first = nodes.slice(0, 3).map(({ html, any }: any) => `${html.slice(0, 200)} ${any[0]?.message ?? ''}`);
      return `${id}: ${first.join(' | ')}`;
    });
  });
}

function chromiumPath(): string {
  const paths = (process.env.PATH ?? '').split(delimiter).map((folder) => join(folder, 'chromium'));
  const path = paths.find((path) => existsSync(path));
  if (path === undefined) throw new Error('There is no chromium on the PATH.');
  return path;
}
