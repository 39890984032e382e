import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

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
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // Behind the name, which may hold anything, in parentheses: state is field 3, utime and stime are 14 and 15.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
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
