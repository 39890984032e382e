// Writes docs/dependencies.md: every package that the service runs with, with its version and licence, from the lockfile.
// With --check it writes nothing and exits 1 when the page is not what it would write. A licence that is not permissive is
// refused: somebody has to decide about it.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { format, resolveConfig } from 'prettier';

const PERMISSIVE = new Set([
  '0BSD',
  'Apache-2.0',
  'BlueOak-1.0.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'ISC',
  'MIT',
  'Python-2.0',
  'Unlicense',
]);

const page = new URL('../docs/dependencies.md', import.meta.url);
const lock = JSON.parse(readFileSync(new URL('../package-lock.json', import.meta.url), 'utf8'));
const direct = new Set(Object.keys(lock.packages[''].dependencies));

/** `node_modules/a/node_modules/@b/c` → `@b/c` */
const nameOf = (path) => path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);

const packages = Object.entries(lock.packages)
  .filter(([path, { dev, devOptional }]) => path.startsWith('node_modules/') && !dev && !devOptional)
  .map(([path, { version, license, optional }]) => ({ name: nameOf(path), version, license, optional }));
const refused = packages.filter(({ license }) => !PERMISSIVE.has(license));
if (refused.length > 0) {
  console.error(
    `Not a licence that is allowed: ${refused.map(({ name, license }) => `${name} (${license})`).join(', ')}.`,
  );
  process.exit(1);
}

const byName = (a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : a.version < b.version ? -1 : 1);
const rowsOf = (some) => [
  '| package | version | licence |',
  '| ------- | ------- | ------- |',
  ...some.sort(byName).map(({ name, version, license }) => `| ${name} | ${version} | ${license} |`),
];
const required = packages.filter(({ optional }) => !optional);
const text = await formatted([
  '# Dependencies',
  '',
  '`npm run dependencies` writes this page from the lockfile. The packages here are those that a deployment runs with; those',
  'for building and testing are not among them. All licences are permissive: their texts stay with the packages.',
  '',
  '## Chosen',
  '',
  ...rowsOf(required.filter(({ name }) => direct.has(name))),
  '',
  '## Brought by these',
  '',
  ...rowsOf(required.filter(({ name }) => !direct.has(name))),
  '',
  '## Optional',
  '',
  'An image leaves these out. The embedded PostgreSQL is for the sandbox and the tests.',
  '',
  ...rowsOf(packages.filter(({ optional }) => optional)),
]);

async function formatted(lines) {
  const options = await resolveConfig(fileURLToPath(page));
  return format(lines.join('\n'), { ...options, parser: 'markdown' });
}

if (process.argv.includes('--check')) {
  if (readFileSync(page, 'utf8') === text) process.exit(0);
  console.error('docs/dependencies.md is not what the lockfile says: npm run dependencies');
  process.exit(1);
}
writeFileSync(page, text);
console.log(`${packages.length} packages`);
