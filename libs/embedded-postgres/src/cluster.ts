import { randomBytes } from 'node:crypto';
import { chownSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run, type Runner } from './runner.js';

/** A folder that holds a cluster, its password and its log. */
export class ClusterFolder {
  readonly cluster: string;
  readonly logFile: string;
  readonly lockFile: string;
  readonly #passwordFile: string;

  constructor(readonly path: string) {
    this.cluster = join(path, 'cluster');
    this.logFile = join(path, 'postgres.log');
    this.lockFile = join(path, 'start.lock');
    this.#passwordFile = join(path, 'password');
  }

  hasCluster(): boolean {
    return existsSync(join(this.cluster, 'PG_VERSION'));
  }

  urlFor(port: number, database: string): string {
    const password = readFileSync(this.#passwordFile, 'utf8').trim();
    return `postgres://postgres:${password}@127.0.0.1:${port}/${encodeURIComponent(database)}`;
  }

  /** Makes a new cluster with a password of its own. A half-made one, left by a crash, is thrown away. */
  initialize(initdb: string, runner: Runner, env: NodeJS.ProcessEnv, { durable }: { durable: boolean }): void {
    const fresh = join(this.path, 'cluster.new');
    const passwordForInitdb = join(this.path, 'pw.tmp');
    const password = `${randomBytes(18).toString('base64url')}\n`;
    rmSync(fresh, { recursive: true, force: true });
    mkdirSync(fresh, { mode: 0o700 });
    giveTo(runner, fresh);
    writeFileSync(this.#passwordFile, password, { mode: 0o600 });
    writeFileSync(passwordForInitdb, password, { mode: 0o600 });
    giveTo(runner, passwordForInitdb);
    const flags = [
      ...['-D', fresh, '-U', 'postgres', `--pwfile=${passwordForInitdb}`, '--auth=scram-sha-256'],
      ...['--encoding=UTF8', '--locale-provider=builtin', '--builtin-locale=C.UTF-8', '--locale=C'],
      ...(durable ? [] : ['--no-sync']),
    ];
    try {
      run(runner, initdb, flags, env);
    } finally {
      rmSync(passwordForInitdb, { force: true });
    }
    renameSync(fresh, this.cluster);
  }
}

function giveTo({ user }: Runner, path: string): void {
  if (user) chownSync(path, user.uid, user.gid);
}
