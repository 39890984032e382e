// Writes docs/dependencies.md: every package that the service runs with, with its version and licence, from the lockfile.
// With --check it writes nothing and exits 1 when the page is not what it would write. A licence that is not permissive is
// refused: somebody has to decide about it.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
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
  ...new Set(some.sort(byName).map(({ name, version, license }) => `| ${name} | ${version} | ${license} |`)),
];
const required = packages.filter(({ optional }) => !optional);

/** What the console's sources import, and what that needs in turn: a browser loads it, no deployment installs it. */
const bundled = new Map();
const bundle = (name, from) => {
  const places = [...from.matchAll(/(?:^|\/)node_modules\/(?:@[^/]+\/)?[^/]+/g)].map(({ index, 0: part }) =>
    from.slice(0, index + part.length),
  );
  const path = [...places.reverse().map((place) => `${place}/node_modules/${name}`), `node_modules/${name}`].find(
    (path) => lock.packages[path],
  );
  if (path === undefined || bundled.has(path) || name.startsWith('@types/')) return;
  const { version, license, dependencies = {} } = lock.packages[path];
  bundled.set(path, { name, version, license });
  for (const needed of Object.keys(dependencies)) bundle(needed, path);
};
for (const name of importsOf(new URL('../apps/console/src/', import.meta.url))) bundle(name, '');
const foreign = [...bundled.values()].filter(({ license }) => !PERMISSIVE.has(license));
if (foreign.length > 0) {
  console.error(
    `Not allowed in the console: ${foreign.map(({ name, license }) => `${name} (${license})`).join(', ')}.`,
  );
  process.exit(1);
}

const text = await formatted([
  '# Dependencies',
  '',
  '`npm run list-dependencies` writes this page from the lockfile. The packages here are those that a deployment runs with; those',
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
  '## In the console',
  '',
  'What the browser loads. The built console has the texts of their licences: `dist/console/licenses.md`.',
  '',
  ...rowsOf([...bundled.values()]),
  '',
  '## Optional',
  '',
  'An image leaves these out. The embedded PostgreSQL is for the sandbox and the tests.',
  '',
  ...rowsOf(packages.filter(({ optional }) => optional)),
]);

/** `tdesign-react/es/locale/zh_CN` → `tdesign-react` */
function importsOf(folder) {
  const names = new Set();
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!/\.tsx?$/.test(entry.name) || entry.name.includes('.spec.')) continue;
    const source = readFileSync(join(entry.parentPath, entry.name), 'utf8');
    for (const [, specifier] of source.matchAll(/(?:from|import)\s*\(?['"]([^'"]+)['"]/g)) {
      const name = /^(@[^/]+\/)?[^/]+/.exec(specifier)?.[0];
      if (name && !specifier.startsWith('.') && !specifier.startsWith('@app/')) names.add(name);
    }
  }
  return [...names].sort();
}

async function formatted(lines) {
  const options = await resolveConfig(fileURLToPath(page));
  return format(lines.join('\n'), { ...options, parser: 'markdown' });
}

if (process.argv.includes('--check')) {
  if (readFileSync(page, 'utf8') === text) process.exit(0);
  console.error('docs/dependencies.md is not what the lockfile says: npm run list-dependencies');
  process.exit(1);
}
writeFileSync(page, text);
console.log(`${packages.length} packages`);
