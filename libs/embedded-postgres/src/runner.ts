import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { userInfo } from 'node:os';
import { dirname, resolve } from 'node:path';

/**
 * How a process of ours becomes a Postgres one, which refuses to be root's: as it is, as another user, or by a prefix.
 */
export interface Runner {
  user?: { uid: number; gid: number };
  prefix: readonly string[];
}

const IN_USER_NAMESPACE = ['unshare', '--user', '--map-user=65534', '--map-group=65534', '--'];

/**
 * @param program a Postgres program, tried with `--version`
 * @param dir the folder that will hold the cluster
 * @param cluster the cluster itself, which keeps its owner once it exists
 */
export function chooseRunner(program: string, dir: string, cluster: string): Runner {
  if (process.platform === 'win32' || userInfo().uid !== 0) return { prefix: [] };
  const asUser = anotherUser(program, dir, cluster);
  if (asUser) return asUser;
  const inNamespace: Runner = { prefix: IN_USER_NAMESPACE };
  if (canRun(inNamespace, program)) return inNamespace;
  throw new Error(
    `Postgres refuses to run as root and ${dir} cannot be reached by another user. ` +
      'Move the checkout out of a private folder, run as a normal user, or set DATABASE_URL.',
  );
}

/** The file and arguments that run a command under the runner. */
export function commandOf(runner: Runner, command: string, args: readonly string[]): [file: string, args: string[]] {
  const [file = command, ...rest] = [...runner.prefix, command, ...args];
  return [file, rest];
}

/** Runs a command to its end. */
export function run(runner: Runner, command: string, args: readonly string[], env: NodeJS.ProcessEnv): void {
  const result = spawnSync(...commandOf(runner, command, args), { ...runner.user, env, cwd: '/', encoding: 'utf8' });
  if (result.error) throw result.error;
  if (result.status !== 0) throw new Error(`${command} failed (${result.status ?? result.signal}): ${result.stderr}`);
}

function anotherUser(program: string, dir: string, cluster: string): Runner | undefined {
  const owner = existsSync(cluster) ? statSync(cluster).uid : undefined;
  // Root's own cluster was made in a user namespace.
  if (owner === 0 || !isReachableByAll(dir)) return undefined;
  const user = userNamed('postgres') ?? userNamed('nobody');
  if (!user || !canRun({ user, prefix: [] }, program)) return undefined;
  return { user: { ...user, uid: owner ?? user.uid }, prefix: [] };
}

function userNamed(name: string): { uid: number; gid: number } | undefined {
  const lines = readFileSync('/etc/passwd', 'utf8').split('\n');
  // name:password:uid:gid:…
  const fields = lines.find((line) => line.startsWith(`${name}:`))?.split(':');
  return fields && { uid: Number(fields[2]), gid: Number(fields[3]) };
}

function isReachableByAll(path: string): boolean {
  for (let at = resolve(path); at !== dirname(at); at = dirname(at)) {
    if (existsSync(at) && (statSync(at).mode & 0o001) === 0) return false;
  }
  return true;
}

function canRun(runner: Runner, program: string): boolean {
  return spawnSync(...commandOf(runner, program, ['--version']), { ...runner.user }).status === 0;
}
