// Prints the bill of what a deployment runs with (CycloneDX), by `npm sbom` and the lockfile. npm's own --omit=dev leaves out what
// building and running both need, such as Nest: so npm is shown a copy that knows of nothing but what is deployed.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const manifest = JSON.parse(readFileSync('package.json', 'utf8'));
const lock = JSON.parse(readFileSync('package-lock.json', 'utf8'));
for (const one of [manifest, lock.packages['']]) {
  delete one.devDependencies;
  delete one.optionalDependencies;
}
for (const [path, { dev, devOptional, optional }] of Object.entries(lock.packages)) {
  if (dev || devOptional || optional) delete lock.packages[path];
}

const dir = mkdtempSync(join(tmpdir(), 'retract-sbom-'));
// The bill is in the name of the folder.
const folder = join(dir, manifest.name);
mkdirSync(folder);
const write = (file, content) => writeFileSync(join(folder, file), JSON.stringify(content));
write('package.json', manifest);
write('package-lock.json', lock);
const { status } = spawnSync(
  'npm',
  ['sbom', '--package-lock-only', '--sbom-format=cyclonedx', '--sbom-type=application'],
  { cwd: folder, stdio: ['ignore', 'inherit', 'inherit'], shell: process.platform === 'win32' },
);
rmSync(dir, { recursive: true });
process.exit(status ?? 1);
