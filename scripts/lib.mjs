// No dependencies: these run before anything is installed.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = join(dirname(fileURLToPath(import.meta.url)), '..');
process.chdir(root);

const hash = (text) => createHash('sha256').update(text).digest('hex').slice(0, 16);

export function must(what, command, args) {
  const t0 = Date.now();
  console.log(`> ${what}`);
  const r = spawnSync(command, args, { stdio: ['ignore', 'pipe', 'pipe'], shell: process.platform === 'win32' });
  if (r.status !== 0) {
    process.stderr.write(Buffer.concat([r.stdout ?? Buffer.alloc(0), r.stderr ?? Buffer.from(String(r.error))]));
    process.exit(r.status || 1);
  }
  console.log(`> ${what}: ${((Date.now() - t0) / 1000).toFixed(1)} s`);
}

function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > 24 || (major === 24 && minor >= 11) || (major === 22 && minor >= 13) || (major === 20 && minor >= 19))
    return;
  console.error(`Node ${process.versions.node} is not supported: use 20.19+, 22.13+ or 24.11+.`);
  process.exit(1);
}

export function ensureInstalled() {
  checkNode();
  // npm writes this file when an install is complete.
  const installed = 'node_modules/.package-lock.json';
  if (existsSync(installed) && statSync(installed).mtimeMs >= statSync('package-lock.json').mtimeMs) return;
  must('npm ci', 'npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error']);
}

function sources(dir, out = []) {
  for (const e of readdirSync(dir, { withFileTypes: true })) {
    const path = join(dir, e.name);
    if (e.isDirectory()) sources(path, out);
    else if (/\.(tsx?|json|css|html|mjs)$/.test(e.name)) out.push(`${path}:${hash(readFileSync(path))}`);
  }
  return out;
}

/** Git's, where the folder is a repository. Within one it may have been unpacked, and is none of its commits. */
export function commitOf(folder) {
  const { status, stdout } = spawnSync('git', ['rev-parse', 'HEAD', '--show-prefix'], {
    cwd: folder,
    encoding: 'utf8',
  });
  if (status !== 0) return '';
  const [commit, prefix] = stdout.split('\n');
  return prefix === '' ? commit : '';
}

/** For /health/live: COMMIT, where whoever builds says it, or git's. Of a tree that is neither, nothing is known. */
function noteCommit() {
  mkdirSync('dist', { recursive: true });
  writeFileSync('dist/commit', `${process.env.COMMIT || commitOf(root)}\n`);
}

export function ensureBuilt() {
  noteCommit();
  const want = hash(
    [
      ...sources('apps'),
      ...sources('libs'),
      ...sources('bench'),
      ...['nest-cli.json', 'tsconfig.json', 'tsconfig.build.json'].map((file) => readFileSync(file, 'utf8')),
    ].join('\n'),
  );
  const stamp = 'dist/.build-stamp';
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === want) return;
  // A build that fails or is broken off half-way leaves no stamp of the one before.
  rmSync(stamp, { force: true });
  must('nest build', process.execPath, ['node_modules/@nestjs/cli/bin/nest.js', 'build', '--all', '--silent']);
  must('vite build', process.execPath, [
    'node_modules/vite/bin/vite.js',
    'build',
    '-c',
    'apps/console/vite.config.mjs',
  ]);
  // The command line, which shells start by its name.
  chmodSync('dist/apps/cli/src/main.js', 0o755);
  writeFileSync(stamp, want);
}

/** Replaces this process for all the caller can see: same signals, same exit code. */
export function become(args, env = {}) {
  // The channel tells the child when this process is gone, even by kill -9: see the sandbox's main.
  const stdio = ['inherit', 'inherit', 'inherit', 'ipc'];
  const child = spawn(process.execPath, args, { stdio, env: { ...process.env, ...env } });
  for (const s of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(s, () => child.kill(s));
  // `npm start` runs us under a shell that does not pass npm's SIGTERM on: leave when it is gone.
  const parent = process.ppid;
  if (process.env.npm_lifecycle_event) setInterval(() => process.ppid !== parent && child.kill('SIGTERM'), 500).unref();
  child.on('exit', (code, signal) => process.exit(code ?? (signal ? 1 : 0)));
}
