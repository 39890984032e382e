import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Secrets that nobody gave: made on the first start, kept in files that only their owner can read. */
export function localSecrets(dataDir: string): { masterKeys: string; apiKey: string } {
  return {
    masterKeys: keep(join(dataDir, 'master-keys'), () => `local:${randomBytes(32).toString('base64')}`),
    apiKey: keep(join(dataDir, 'api-key'), () => `rk_${randomBytes(32).toString('base64url')}`),
  };
}

function keep(path: string, make: () => string): string {
  if (!existsSync(path)) {
    // In one step: a kill leaves no empty file behind.
    writeFileSync(`${path}.new`, `${make()}\n`, { mode: 0o600 });
    renameSync(`${path}.new`, path);
  }
  return readFileSync(path, 'utf8').trim();
}
