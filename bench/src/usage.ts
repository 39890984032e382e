import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { cpus } from 'node:os';

export interface Usage {
  /** Resident memory. */
  rssBytes: number;
  /** Processor time since the process began. */
  cpuMs: number;
}

/** Linux counts processor time in these, whatever its own clock. */
const TICK_MS = 10;

/** What a process uses of the machine. */
export function usageOf(pid: number): Usage {
  return process.platform === 'linux' ? fromProc(pid) : fromPs(pid);
}

/** Not every small Linux has a `ps`. */
function fromProc(pid: number): Usage {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  // The third field is the first behind the name: utime is the fourteenth, stime the fifteenth.
  const fields = fieldsBehindName(pid);
  return {
    rssBytes: Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) * 1024,
    cpuMs: (Number(fields[11]) + Number(fields[12])) * TICK_MS,
  };
}

function fromPs(pid: number): Usage {
  const said = spawnSync('ps', ['-o', 'rss=,time=', '-p', String(pid)], { encoding: 'utf8' }).stdout.trim();
  const [rss = '', time = ''] = said.split(/\s+/);
  // [[hours:]minutes:]seconds
  const seconds = time.split(':').reduce((total, part) => total * 60 + Number(part), 0);
  return { rssBytes: Number(rss) * 1024, cpuMs: seconds * 1000 };
}

/**
 * How much of all processors a process and everything below it keeps busy from now on, from 0 to 1; what others use
 * does not count. NaN where there is no /proc to tell.
 */
export function watchShare(root: number): () => number {
  const from = { cpuMs: familyCpuMs(root), at: performance.now() };
  return () => (familyCpuMs(root) - from.cpuMs) / ((performance.now() - from.at) * cpus().length);
}

/** Those that have ended are in the account of whoever waited for them. */
function familyCpuMs(root: number): number {
  if (process.platform !== 'linux') return NaN;
  const pids = readdirSync('/proc').map(Number).filter(Boolean);
  // State, parent; then utime, stime and the same of children that have ended.
  const processes = new Map(pids.map((pid) => [pid, fieldsBehindName(pid).map(Number)]));
  const parents = new Map([...processes].map(([pid, fields]) => [pid, fields[1]]));
  const ticks = [...familyOf(root, parents)].flatMap((pid) => processes.get(pid)?.slice(11, 15) ?? []);
  return ticks.reduce((total, some) => total + some, 0) * TICK_MS;
}

/** A process and all that stem from it. A child may have the smaller number: they start anew when they have run out. */
export function familyOf(root: number, parents: Map<number, number | undefined>): Set<number> {
  const family = new Set([root]);
  // Processes that are added on the way are looked at, too.
  for (const parent of family) {
    for (const [pid, itsParent] of parents) if (itsParent === parent) family.add(pid);
  }
  return family;
}

/** The fields of /proc/<pid>/stat behind the name, which may hold anything. Empty when the process is gone. */
function fieldsBehindName(pid: number): string[] {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  } catch {
    return [];
  }
}
