import { readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';
import { parse } from 'yaml';
import { readSettings } from '@app/settings';
import { apiEnvSchema } from '../apps/api/src/env.js';
import { readEnv as readSimulatorEnv } from '../apps/simulator/src/env.js';
import { sandboxEnvSchema } from '../apps/sandbox/src/env.js';
import { workerEnvSchema } from '../apps/worker/src/env.js';

const written = parseEnv(readFileSync('.env.example', 'utf8'));
// The one thing that everybody has to fill in: a key that stands in an example is no secret.
const example: NodeJS.ProcessEnv = { ...written, MASTER_KEYS: `k1:${Buffer.alloc(32, 1).toString('base64')}` };

/**
 * What compose decides itself: it has Postgres and Redis of its own, inside of its containers the addresses are fixed, and it does not
 * start without a BOOTSTRAP_API_KEY.
 */
const OF_COMPOSE = [
  'DATABASE_URL',
  'MIGRATION_DATABASE_URL',
  'QUEUE_URL',
  'HOST',
  'FIRST_KEY_FILE',
  'WORKER_PORT',
  'WORKER_HOST',
];
/** What the sandbox alone has. The port is also that of the simulator in compose. */
const OF_SANDBOX = ['RETRACT_DATA_DIR', 'DEMO_DATA'];
/** What compose alone has. */
const FOR_COMPOSE = ['POSTGRES_PASSWORD', 'POSTGRES_SERVICE_PASSWORD', 'REDIS_PASSWORD', 'PUBLISH_ADDRESS'];
/** What compose hands to a service, apart from what it decides itself. */
function passedOn(service: 'api' | 'worker'): string[] {
  const text = readFileSync('docker-compose.yml', 'utf8');
  const shared = /^ {2}environment: &environment\n((?: {4}.*\n)+)/m.exec(text)?.[1] ?? '';
  const own =
    new RegExp(`^ {2}${service}:\\n(?: {4}.*\\n)*? {4}environment:\\n((?: {6}.*\\n)+)`, 'm').exec(text)?.[1] ?? '';
  return [...`${shared}${own}`.matchAll(/^ +([A-Z_]+): \$\{\1(?::[-?][^}]*)?\}/gm)].map(([, name = '']) => name);
}

const schemas = { api: apiEnvSchema, worker: workerEnvSchema, sandbox: sandboxEnvSchema };

describe('.env.example', () => {
  it.each(Object.entries(schemas))('can be used by the %s once it has a master key', (_app, schema) => {
    expect(() => readSettings(schema, example)).not.toThrow();
  });

  it('names every setting there is, and no other', () => {
    const known = Object.values(schemas).flatMap((schema) => Object.keys(schema.shape));
    expect(Object.keys(example).sort()).toEqual([...new Set([...known, ...FOR_COMPOSE])].sort());
  });

  it('shows the defaults', () => {
    const shared = { MASTER_KEYS: example.MASTER_KEYS, DATABASE_URL: example.DATABASE_URL };
    expect(readSettings(apiEnvSchema, example)).toEqual(readSettings(apiEnvSchema, shared));
    expect(readSettings(workerEnvSchema, example)).toEqual(readSettings(workerEnvSchema, shared));
  });
});

describe('docker-compose.yml', () => {
  const text = readFileSync('docker-compose.yml', 'utf8');

  it.each(['api', 'worker'] as const)('passes every setting on that the %s has', (service) => {
    // The port is that of the outside: the container listens on the default one.
    const needed = Object.keys(schemas[service].shape).filter((name) => ![...OF_COMPOSE, 'PORT'].includes(name));
    expect(passedOn(service)).toEqual(expect.arrayContaining(needed));
  });

  it('takes everything that .env.example has for it', () => {
    const taken = new Set([...text.matchAll(/\$\{([A-Z_]+)/g)].map(([, name = '']) => name));
    const left = Object.keys(written).filter((name) => ![...OF_COMPOSE, ...OF_SANDBOX].includes(name));
    expect(left.filter((name) => !taken.has(name))).toEqual([]);
    expect([...taken].filter((name) => !(name in written))).toEqual([]);
  });

  it('has the defaults of the settings', () => {
    const defaults = readFileSync('docker-compose.yml', 'utf8').matchAll(/\$\{([A-Z_]+):-([^}]*)\}/g);
    for (const [, name = '', value] of defaults) {
      if (name in written) expect([name, value]).toEqual([name, written[name]]);
    }
  });

  /** The lines of a top-level or service block. */
  const block = (indent: string, name: string) =>
    new RegExp(`^${indent}${name}:.*\\n((?:${indent} {2}.*\\n|\\n)+)`, 'm').exec(text)?.[1] ?? '';

  it('does not start without what has to be secret', () => {
    const passwords = FOR_COMPOSE.filter((name) => name.endsWith('_PASSWORD'));
    for (const name of ['MASTER_KEYS', 'BOOTSTRAP_API_KEY', ...passwords]) {
      const uses = [...text.matchAll(new RegExp(`\\$\\{${name}(.*?)\\}`, 'g'))].map(([, rest = '']) => rest);
      expect([name, uses.length > 0, uses.every((rest) => rest.startsWith(':?'))]).toEqual([name, true, true]);
      expect([name, written[name]]).toEqual([name, '']);
    }
  });

  it('has two workers, and a simulator for those who ask for it', () => {
    const { services } = parse(text, { merge: true });
    expect(services.worker.deploy).toEqual({ replicas: 2 });
    expect(services.simulator.profiles).toEqual(['simulator']);
    expect(Object.values<any>(services).filter(({ profiles }) => profiles)).toHaveLength(1);
    // Compose reads $$ as $.
    const given = Object.entries<string>(services.simulator.environment);
    const read = readSimulatorEnv(
      Object.fromEntries(given.map(([name, value]) => [name, value.replaceAll('$$', '$')])),
    );
    expect(read.SIMULATOR_MESSAGES_URL).toMatch(/^http:\/\/api:3000\/wechat\/wx\w+\/messages\/\$APPID\$$/);
    expect(services.simulator.ports).toEqual([`127.0.0.1:\${SIMULATOR_PORT:-3999}:${read.SIMULATOR_PORT}`]);
    // Those that do not listen on the default ports have a health check of their own; the others have the image's.
    const checked = Object.entries<any>(services).filter(([, { build, healthcheck }]) => build && !healthcheck);
    expect(checked.map(([name]) => name)).toEqual(['api', 'worker']);
  });

  it('publishes the api, on this machine unless told otherwise, and the simulator nowhere else', () => {
    expect([...text.matchAll(/ports:(.*)/g)].map(([, ports = '']) => ports.trim())).toEqual([
      "['${PUBLISH_ADDRESS:-127.0.0.1}:${PORT:-3000}:3000']",
      "['127.0.0.1:${SIMULATOR_PORT:-3999}:3999']",
    ]);
  });

  it('gives no container a file system to write to, capabilities, or new privileges', () => {
    const confined = block('', 'x-confined');
    for (const line of ['read_only: true', 'cap_drop: [ALL]', 'security_opt: [no-new-privileges:true]']) {
      expect(confined).toContain(`  ${line}\n`);
    }
    expect(block('', 'x-service')).toContain('<<: *confined');
    const names = [...block('', 'services').matchAll(/^ {2}(\w+):$/gm)].map(([, name = '']) => name);
    expect(names).toEqual(['api', 'worker', 'simulator', 'postgres', 'redis']);
    for (const name of names)
      expect([name, block('  ', name)]).toEqual([name, expect.stringMatching(/<<: \*(service|confined)\n/)]);
    expect(text).not.toMatch(/cap_add|privileged/);
  });
});
