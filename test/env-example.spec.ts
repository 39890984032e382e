import { readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';
import { readSettings } from '@app/settings';
import { apiEnvSchema } from '../apps/api/src/env.js';
import { sandboxEnvSchema } from '../apps/sandbox/src/env.js';
import { workerEnvSchema } from '../apps/worker/src/env.js';

const written = parseEnv(readFileSync('.env.example', 'utf8'));
// The one thing that everybody has to fill in: a key that stands in an example is no secret.
const example: NodeJS.ProcessEnv = { ...written, MASTER_KEYS: `k1:${Buffer.alloc(32, 1).toString('base64')}` };
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
