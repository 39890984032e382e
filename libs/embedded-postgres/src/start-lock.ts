import { closeSync, existsSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { hasCode, isAlive } from './system.js';

const WAIT_MS = 60_000;

/** Runs `fn` while no other process does under the same lock file. A holder that died is passed over. */
export async function withStartLock<T>(path: string, fn: () => Promise<T>): Promise<T> {
  const deadline = Date.now() + WAIT_MS;
  while (!tryToTake(path)) {
    const holder = holderOf(path);
    if (holder !== undefined && !isAlive(holder)) {
      rmSync(path, { force: true });
      continue;
    }
    if (Date.now() > deadline) throw new Error(`${path} is held by process ${holder ?? 'unknown'}`);
    await sleep(50);
  }
  try {
    return await fn();
  } finally {
    rmSync(path, { force: true });
  }
}

function tryToTake(path: string): boolean {
  try {
    const file = openSync(path, 'wx');
    writeFileSync(file, String(process.pid));
    closeSync(file);
    return true;
  } catch (error) {
    if (hasCode(error, 'EEXIST')) return false;
    throw error;
  }
}

/** Undefined when the file has just gone, or its writer has not come to write. */
function holderOf(path: string): number | undefined {
  const text = existsSync(path) ? readFileSync(path, 'utf8') : '';
  return text === '' ? undefined : Number(text);
}
