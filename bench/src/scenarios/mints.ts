import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Deployment, PLATFORM } from '../deployment.js';
import type { Figure } from '../figures.js';
import type { Stage } from '../stage.js';
import { Upstream } from '../upstream.js';

const PROCESSES = 4;
const LATENCY_MS = 50;

/** The three mints of tokens: of the platform, of an account by its platform, and of an account by its own secret. */
const COMPONENT = '/cgi-bin/component/api_component_token';
const AUTHORIZER = '/cgi-bin/component/api_authorizer_token';
const ACCOUNT = '/cgi-bin/token';

/** Libraries in the field, each with what it offers for a token that several processes share. */
const FIELD = [
  { name: 'node-easywechat', paths: [COMPONENT, AUTHORIZER] },
  // These know accounts only, no platforms: one mint is all that there is to do.
  { name: 'wechat-api', paths: [ACCOUNT] },
  { name: 'co-wechat-api', paths: [ACCOUNT] },
];

/** How often WeChat is asked when 4 processes, each with 1,000 callers at once, want a token that nobody has. */
export async function mints(stage: Stage): Promise<Figure[]> {
  const callers = stage.size(200, 1_000);
  const counted = await stage.part((part) => ourMints(part, callers));
  const figures: Figure[] = [
    {
      what: `${PROCESSES} processes × ${callers.toLocaleString('en-US')} cold calls`,
      ours: counted.join(' + '),
      baseline: '1 + 1',
      target: '1 + 1',
      verdict: counted.every((count) => count === 1) ? 'pass' : 'short',
    },
  ];
  for (const { name, paths } of FIELD) {
    const theirs = await stage.part((part) => mintsOf(part, name, paths, callers));
    figures.push({
      what: `the same by ${name}`,
      ours: '–',
      baseline: theirs.join(' + '),
      target: '–',
      verdict: 'told',
      note: paths.length === 1 ? 'an account of its own: it knows no platforms' : 'file cache, shared',
    });
  }
  return figures;
}

async function ourMints(stage: Stage, callers: number): Promise<number[]> {
  const upstream = await Upstream.start(stage, LATENCY_MS);
  const deployment = await Deployment.open(stage, upstream);
  const [merchant] = await deployment.addMerchants(1, { isWarm: false });
  if (!merchant) throw new Error('One was added.');
  const holder = deployment.holder(merchant);
  await mintAtOnce(
    stage,
    'bench/src/processes/minting.js',
    { ...deployment.env, HOLDER: JSON.stringify(holder) },
    callers,
  );
  return countsOf(upstream, [COMPONENT, AUTHORIZER]);
}

async function mintsOf(stage: Stage, name: string, paths: string[], callers: number): Promise<number[]> {
  const upstream = await Upstream.start(stage, LATENCY_MS);
  const shared = mkdtempSync(join(tmpdir(), 'retract-bench-'));
  try {
    const env = { WECHAT_API_URL: upstream.url, SHARED_DIR: shared, PLATFORM: JSON.stringify(PLATFORM) };
    await mintAtOnce(stage, `bench/src/baselines/${name}.js`, env, callers);
  } finally {
    rmSync(shared, { recursive: true, force: true });
  }
  return countsOf(upstream, paths);
}

async function mintAtOnce(stage: Stage, script: string, env: Record<string, string>, callers: number): Promise<void> {
  const processes = Array.from({ length: PROCESSES }, () => stage.start(script, env));
  await Promise.all(processes.map((process) => process.says()));
  const done = processes.map((process) => process.says<{ error?: string }>());
  for (const process of processes) process.tell({ callers });
  for (const { error } of await Promise.all(done)) if (error !== undefined) throw new Error(`${script}: ${error}`);
}

async function countsOf(upstream: Upstream, paths: string[]): Promise<number[]> {
  const counts = await upstream.counts();
  return paths.map((path) => counts[path] ?? 0);
}
