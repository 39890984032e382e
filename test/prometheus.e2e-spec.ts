import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { startBuiltApp, type BuiltApp } from './support/built-app.js';
import { eventually } from './support/eventually.js';
import { freePort } from './support/free-port.js';
import { describeWith } from './support/programs.js';
import { startPrometheus, type Prometheus } from './support/prometheus.js';
import { PLATFORM, System } from './support/system.js';
import { WebhookReceiver } from './support/webhook-receiver.js';

const RULES = readFileSync('deploy/prometheus/alerts.yml', 'utf8');
const DASHBOARD = readFileSync('deploy/grafana/retract.json', 'utf8');
/** On a slow machine, too. */
const PATIENCE_MS = 120_000;

/** The api of the test, and an api and a worker as they are deployed. */
let system: System;
let api: BuiltApp;
let worker: BuiltApp;
let apiPort: number;
let workerPort: number;

const startWorker = async () => {
  const { PORT: _port, ...environment } = system.environment;
  worker = await startBuiltApp('worker', { ...environment, WORKER_PORT: String(workerPort) });
};
const scrapeApi = async () =>
  (
    await fetch(`http://127.0.0.1:${apiPort}/metrics`, { headers: { authorization: `Bearer ${system.apiKey}` } })
  ).text();
const scrapeWorker = async () => (await fetch(`http://127.0.0.1:${workerPort}/metrics`)).text();

beforeAll(async () => {
  system = await System.start({ withWorker: false, env: { WEBHOOKS_ALLOW_PRIVATE: 'true' } });
  [apiPort, workerPort] = [await freePort(), await freePort()];
  api = await startBuiltApp('api', { ...system.environment, PORT: String(apiPort) });
  await startWorker();
  await system.registerPlatform();
});
afterAll(async () => {
  await worker.end('SIGKILL');
  await api.end('SIGKILL');
  await system.close();
});

const deleteOf = async ({ merchant, msgId }: { merchant: string; msgId: string }, article_idx = 1) =>
  (await system.call('POST', '/v1/deletions', { merchant, msg_id: msgId, article_idx })).body.id as string;

describe('what api and worker tell', () => {
  let granted: { merchant: string; msgId: string }[];
  let told: { api: string; worker: string };

  beforeAll(async () => {
    granted = await system.grantedMerchants(3);
    for (const one of granted) await system.finished(await deleteOf(one));
    told = await eventually(
      async () => ({ api: await scrapeApi(), worker: await scrapeWorker() }),
      (texts) => Object.values(texts).every((text) => text.includes('\nretract_merchants_eligible 3\n')),
      PATIENCE_MS,
    );
  });

  /** The sum of the series whose names begin so. */
  const sum = (text: string, beginning: string) =>
    text
      .split('\n')
      .filter((line) => line.startsWith(beginning))
      .reduce((total, line) => total + Number(line.split(' ').at(-1)), 0);

  it('is what happened, in the process in which it happened', () => {
    expect(sum(told.worker, 'retract_deletion_duration_seconds_count{state="succeeded",priority="normal"}')).toBe(3);
    // The first failures count as well.
    expect(told.worker).toContain('retract_deletion_duration_seconds_count{state="failed",priority="normal"} 0');
    expect(sum(told.worker, 'retract_deletion_call_delay_seconds_count{priority="normal"}')).toBe(3);
    expect(sum(told.worker, 'retract_upstream_call_duration_seconds_count{operation="mass/delete"}')).toBe(3);
    expect(sum(told.worker, 'retract_upstream_calls_total{operation="mass/delete",outcome="done"}')).toBe(3);
    expect(sum(told.worker, 'retract_dispatching ')).toBe(1);
    expect(sum(told.worker, 'retract_dispatch_lag_seconds_count')).toBeGreaterThan(0);
    expect(sum(told.worker, 'retract_mints_total{holder="platform",outcome="minted"}')).toBeGreaterThan(0);
    expect(sum(told.api, 'retract_deletion_duration_seconds_count')).toBe(0);
  });

  it('is the same of what they share', () => {
    for (const text of Object.values(told)) {
      expect(sum(text, 'retract_dispatchers ')).toBe(1);
      expect(sum(text, 'retract_merchants ')).toBe(3);
      expect(sum(text, 'retract_merchants_eligible ')).toBe(3);
      expect(sum(text, `retract_platform_ticket_age_seconds{platform="${PLATFORM.component_appid}"}`)).toBeLessThan(
        600,
      );
      expect(text).toContain('retract_lanes_waiting{reason="daily_quota"} 0');
      expect(text).toContain('retract_part_ready{part="queue"} 1');
      expect(text).toMatch(/retract_quota_left \d+/);
      expect(text).toMatch(/retract_build_info\{version="\d[^"]*",commit="[^"]*"\} 1/);
    }
  });

  it('counts the streams that are open', async () => {
    const leaving = new AbortController();
    const headers = { authorization: `Bearer ${system.apiKey}` };
    await fetch(`http://127.0.0.1:${apiPort}/v1/events/stream`, { headers, signal: leaving.signal });
    expect(sum(await scrapeApi(), 'retract_open_streams ')).toBe(1);
    leaving.abort();
    await eventually(
      async () => sum(await scrapeApi(), 'retract_open_streams '),
      (open) => open === 0,
    );
  });

  it('names no merchant', () => {
    for (const { merchant } of granted) expect(told.api + told.worker).not.toContain(merchant);
  });

  it('is all that dashboard and alerts speak of', () => {
    const names = new Set([...`${told.api}${told.worker}`.matchAll(/^# TYPE (\w+) (\w+)$/gm)].map(([, name]) => name));
    const expressions = [RULES, ...[...DASHBOARD.matchAll(/"expr": "(.*)",$/gm)].map(([, expr = '']) => expr)];
    const spokenOf = expressions.flatMap((text) => text.match(/\b(?:retract|nodejs|process)_[a-z0-9_]+/g) ?? []);
    expect(spokenOf.length).toBeGreaterThan(60);
    const isTold = (name: string) => names.has(name) || names.has(name.replace(/_(bucket|count|sum)$/, ''));
    expect(spokenOf.filter((name) => !isTold(name))).toEqual([]);
  });

  it('is all on the dashboard, so that nobody has to know of it', () => {
    const ours = [...`${told.api}${told.worker}`.matchAll(/^# TYPE (retract_\w+) /gm)].map(([, name = '']) => name);
    expect(ours.filter((name) => !DASHBOARD.includes(name))).toEqual([]);
  });

  it('says live and ready without a key', async () => {
    for (const port of [apiPort, workerPort]) {
      const live: any = await (await fetch(`http://127.0.0.1:${port}/health/live`)).json();
      expect(live).toEqual({
        status: 'ok',
        version: expect.stringMatching(/^\d+\.\d+\.\d+/),
        // Of a tree without a repository, nothing is known.
        commit: live.commit === null ? null : expect.stringMatching(/^[0-9a-f]{40}$/),
        migration: expect.stringMatching(/\d{13}$/),
      });
      expect((await fetch(`http://127.0.0.1:${port}/health/ready`)).status).toBe(200);
    }
  });
});

describeWith('promtool', 'as Prometheus sees it', () => {
  const promtool = (parameters: string[], input = '') => {
    const { status, stdout, stderr } = spawnSync('promtool', parameters, { input, encoding: 'utf8' });
    return { status, said: `${stdout}${stderr}` };
  };

  it('the rules are sound', () => {
    expect(promtool(['check', 'rules', 'deploy/prometheus/alerts.yml'])).toMatchObject({ status: 0 });
  });

  it.each([
    ['api', scrapeApi],
    ['worker', scrapeWorker],
  ])('the metrics of the %s are named and described as is usual', async (_app, scrape) => {
    // Those of Node are prom-client's.
    const ours = (await scrape()).split('\n').filter((line) => /^(# (HELP|TYPE) )?retract_/.test(line));
    expect(promtool(['check', 'metrics'], `${ours.join('\n')}\n`)).toEqual({ status: 0, said: '' });
  });

  it('the times of the alerts are as they should be', () => {
    expect(promtool(['test', 'rules', 'test/support/alerts.test.yml'])).toMatchObject({ status: 0 });
  });

  describe('through a bad day', () => {
    let prometheus: Prometheus;
    let merchants: { merchant: string; msgId: string }[];
    const mended = () => fetch(`${system.simulator.url}/_control/faults`, { method: 'DELETE' });

    beforeAll(async () => {
      merchants = await system.grantedMerchants(10);
      // A new database has a month to tally, a day in a sweep.
      await system.sql(`UPDATE deletion_tally_marks SET tallied_until = now() - interval '10 min'`);
      // What has to last minutes lasts seconds here; the times themselves are tested above.
      const rules = RULES.replace(/for: \d+m/g, 'for: 1s');
      prometheus = await startPrometheus(rules, [
        {
          job_name: 'retract-api',
          authorization: { credentials: system.apiKey },
          static_configs: [{ targets: [`127.0.0.1:${apiPort}`] }],
        },
        { job_name: 'retract-worker', static_configs: [{ targets: [`127.0.0.1:${workerPort}`] }] },
      ]);
    });
    afterAll(() => prometheus.stop());

    const fires = (...names: string[]) =>
      eventually(
        () => prometheus.firing(),
        (firing) => names.every((name) => firing.includes(name)),
        PATIENCE_MS,
      );
    const isSilent = (...names: string[]) =>
      eventually(
        () => prometheus.firing(),
        (firing) => names.every((name) => !firing.includes(name)),
        PATIENCE_MS,
      );

    it('nothing rings while all is well', async () => {
      await eventually(
        () => prometheus.value('count(retract_oldest_due_lane_age_seconds)'),
        (count) => count === 2,
        PATIENCE_MS,
      );
      // A machine that is short of a processor is told, and rightly.
      const known = ['RetractEventLoopLag', 'RetractConnectionsWaitedFor', 'RetractProcessDown'];
      await eventually(
        async () => (await prometheus.firing()).filter((name) => !known.includes(name)),
        ({ length }) => length === 0,
        PATIENCE_MS,
      );
    });

    it('a receiver of webhooks is gone', async () => {
      const receiver = await WebhookReceiver.start();
      receiver.answer = (_received, response) => void response.writeHead(410).end();
      const wish = { url: receiver.url('/gone'), event_types: ['deletion.*'] };
      expect((await system.call('POST', '/v1/webhook-endpoints', wish)).status).toBe(201);
      for (const one of merchants.slice(9)) await system.finished(await deleteOf(one, 2));
      await fires('RetractWebhooksGivenUp');
      expect(await scrapeWorker()).toContain('retract_webhook_attempts_total{outcome="given_up"} 1');
      receiver.close();
    });

    it('WeChat answers nothing any more', async () => {
      await system.control('POST', 'faults', { operation: 'mass/delete', outcome: 'reset', times: 1_000 });
      for (const one of merchants.slice(0, 8)) await deleteOf(one);
      await fires('RetractWechatFailing');
      await mended();
    });

    it('the ticket is withheld, and the platform held', async () => {
      await system.control('PUT', 'push-faults', { loss: 1, kinds: ['component_verify_ticket'] });
      await system.sql(`UPDATE platforms SET ticket_received_at = now() - interval '2 hours'`);
      await system.control('POST', 'faults', {
        operation: 'mass/delete',
        outcome: 'errcode',
        errcode: 61004,
        times: 1_000,
      });
      for (const one of merchants.slice(8, 9)) await deleteOf(one);
      await eventually(
        () => system.sql(`UPDATE platform_holds SET since = now() - interval '10 min' RETURNING reason`),
        ({ length }) => length === 1,
        PATIENCE_MS,
      );
      await fires('RetractTicketOld', 'RetractPlatformHeld');
    });

    it('the worker dies, and deletions are due that nobody hands out', async () => {
      await worker.end('SIGKILL');
      await mended();
      await system.sql(`DELETE FROM platform_holds`);
      for (const one of merchants.slice(9)) await deleteOf(one);
      await system.sql(`UPDATE lane_wakes SET ready_at = now() - interval '5 min'`);
      await fires('RetractProcessDown', 'RetractNobodyDispatches', 'RetractOldestDueLaneTooOld');
      await isSilent('RetractPlatformHeld');
    });

    it('and all is well again', async () => {
      await system.control('PUT', 'push-faults', {});
      await system.sql(`UPDATE platforms SET ticket_received_at = now()`);
      await startWorker();
      await isSilent(
        ...['RetractProcessDown', 'RetractNobodyDispatches', 'RetractOldestDueLaneTooOld', 'RetractTicketOld'],
      );
    });
  });
});
