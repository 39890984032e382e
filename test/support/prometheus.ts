import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from './eventually.js';
import { freePort } from './free-port.js';

export interface Prometheus {
  /** The names of the alerts that fire. */
  firing(): Promise<string[]>;
  /** The value of the first series that a query finds. */
  value(query: string): Promise<number | undefined>;
  stop(): Promise<void>;
}

/** @param rules the text of a file of rules @param scrapes what stands under `scrape_configs` */
export async function startPrometheus(rules: string, scrapes: object[]): Promise<Prometheus> {
  const dir = mkdtempSync(join(tmpdir(), 'retract-prometheus-'));
  const port = await freePort();
  writeFileSync(join(dir, 'alerts.yml'), rules);
  // JSON is YAML.
  writeFileSync(
    join(dir, 'prometheus.yml'),
    JSON.stringify({
      global: { scrape_interval: '3s', scrape_timeout: '3s', evaluation_interval: '1s' },
      rule_files: ['alerts.yml'],
      scrape_configs: scrapes,
    }),
  );
  const options = [
    `--config.file=${dir}/prometheus.yml`,
    `--storage.tsdb.path=${dir}/data`,
    `--web.listen-address=127.0.0.1:${port}`,
    '--log.level=warn',
  ];
  const child = spawn('prometheus', options, { stdio: ['ignore', 'ignore', 'pipe'], cwd: dir });
  const exited = once(child, 'exit');
  let said = '';
  child.stderr.on('data', (text) => (said += String(text)));
  const get = async (path: string): Promise<any> =>
    (await fetch(`http://127.0.0.1:${port}${path}`, { signal: AbortSignal.timeout(10_000) })).json();
  const isReady = () => {
    if (child.exitCode !== null) throw new Error(`prometheus has ended: ${said}`);
    return get('/api/v1/status/buildinfo').then(
      () => true,
      () => false,
    );
  };
  await eventually(isReady, Boolean);
  return {
    firing: async () => {
      const { data } = await get('/api/v1/alerts');
      const firing = data.alerts.filter(({ state }: { state: string }) => state === 'firing');
      return firing.map(({ labels }: { labels: { alertname: string } }) => labels.alertname);
    },
    value: async (query) => {
      const { data } = await get(`/api/v1/query?query=${encodeURIComponent(query)}`);
      const found = data.result[0]?.value[1];
      return found === undefined ? undefined : Number(found);
    },
    stop: async () => {
      child.kill('SIGTERM');
      await exited;
      rmSync(dir, { recursive: true, force: true });
    },
  };
}
