// Builds the client as a package for others: into dist/client, or the folder that is named. What it depends on is in it, so that what
// `npm pack dist/client` makes of it installs without a registry.
import { cpSync, readFileSync, rmSync } from 'node:fs';
import { ensureInstalled, must } from './lib.mjs';

const source = 'libs/client';
const target = process.argv[2] ?? 'dist/client';

const manifestOf = (folder) => JSON.parse(readFileSync(`${folder}/package.json`, 'utf8'));

function copyDependencies(manifest) {
  for (const name of Object.keys(manifest.dependencies ?? {})) {
    const folder = `node_modules/${name}`;
    cpSync(folder, `${target}/${folder}`, { recursive: true });
    copyDependencies(manifestOf(folder));
  }
}

ensureInstalled();
rmSync(target, { recursive: true, force: true });
const tsc = ['node_modules/typescript/bin/tsc', '-p', `${source}/tsconfig.package.json`, '--outDir', `${target}/lib`];
must('tsc libs/client', process.execPath, tsc);
for (const file of ['package.json', 'README.md']) cpSync(`${source}/${file}`, `${target}/${file}`);
cpSync('LICENSE', `${target}/LICENSE`);
copyDependencies(manifestOf(source));
