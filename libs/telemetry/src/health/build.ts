import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** What this process was made of. */
export interface Build {
  version: string;
  /** Null: it was built outside of a repository, and nobody said. */
  commit: string | null;
}

export const BUILD = Symbol('Build');

/** The version is package.json's; the build writes the commit down (`scripts/lib.mjs`). */
export function readBuild(): Build {
  const root = rootAbove(dirname(fileURLToPath(import.meta.url)));
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
  const file = join(root, 'dist', 'commit');
  const commit = existsSync(file) ? readFileSync(file, 'utf8').trim() : '';
  return { version, commit: commit || null };
}

/** Sources and what is built of them lie at different depths. */
function rootAbove(folder: string): string {
  return existsSync(join(folder, 'package.json')) ? folder : rootAbove(dirname(folder));
}
