import { readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';
import { readSettings } from '@app/settings';
import { apiEnvSchema } from '../apps/api/src/env.js';
import { sandboxEnvSchema } from '../apps/sandbox/src/env.js';
import { workerEnvSchema } from '../apps/worker/src/env.js';

const written = parseEnv(readFileSync('.env.example', 'utf8'));
// The one thing that everybody has to fill in: a key that stands in an example is no secret.
const example: NodeJS.ProcessEnv = { ...written, MASTER_KEYS: `k1:${Buffer.alloc(32, 1).toString('base64')}` };

/** What compose decides itself: it has Postgres and Redis of its own, and inside of its containers the addresses are fixed. */
const OF_COMPOSE = ['DATABASE_URL', 'QUEUE_URL', 'HOST'];
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
    expect(Object.keys(example).sort()).toEqual([...new Set(known)].sort());
  });

  it('shows the defaults', () => {
    const shared = { MASTER_KEYS: example.MASTER_KEYS, DATABASE_URL: example.DATABASE_URL };
    expect(readSettings(apiEnvSchema, example)).toEqual(readSettings(apiEnvSchema, shared));
    expect(readSettings(workerEnvSchema, example)).toEqual(readSettings(workerEnvSchema, shared));
  });
});

describe('docker-compose.yml', () => {
  it.each(['api', 'worker'] as const)('passes every setting on that the %s has', (service) => {
    // The port is that of the outside: the container listens on the default one.
    const needed = Object.keys(schemas[service].shape).filter((name) => ![...OF_COMPOSE, 'PORT'].includes(name));
    expect(passedOn(service)).toEqual(expect.arrayContaining(needed));
  });

  it('has the defaults of the settings', () => {
    const defaults = readFileSync('docker-compose.yml', 'utf8').matchAll(/\$\{([A-Z_]+):-([^}]*)\}/g);
    for (const [, name = '', value] of defaults) {
      if (name in written) expect([name, value]).toEqual([name, written[name]]);
    }
  });
});
