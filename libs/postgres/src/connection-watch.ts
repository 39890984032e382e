import type { EventEmitter } from 'node:events';
import pg, { type ClientConfig } from 'pg';
import { ANSWER_ARRIVES_MS, deadOf, isSuspect, type Backend, type Silence } from './liveness.js';

const LOOK_EVERY_MS = 1_000;
const PROBE_MS = 3_000;

/** A connection that can be watched. */
export interface Watched {
  /** Undefined until it is connected. */
  readonly pid: number | undefined;
  readonly isAsking: boolean;
  readonly bytesRead: number;
  /** So long it waits for an answer when nothing else is known. */
  readonly answerWithinMs: number | undefined;
  breakOff(reason: string): void;
}

interface Entry extends Silence {
  connection: Watched;
  bytesRead: number;
}

/**
 * Finds connections to one server that died without a word: a server that failed over, or a firewall that has forgotten
 * them, says no good-bye, and TCP gives up after a quarter of an hour only. Time alone cannot tell a dead connection
 * from a slow statement, so the server is asked, over a new connection.
 */
export class ConnectionWatch {
  private static readonly all = new Map<string, ConnectionWatch>();
  private readonly entries = new Map<Watched, Entry>();
  private timer: NodeJS.Timeout | undefined;
  private isProbing = false;

  private constructor(
    private readonly key: string,
    private readonly config: ClientConfig,
  ) {}

  /** One connection's finding is of use for all others of the process to the same server. */
  static of(config: ClientConfig): ConnectionWatch {
    const { connectionString, host, port, user, database } = config;
    const key = connectionString ?? JSON.stringify([host, port, user, database]);
    const known = this.all.get(key);
    if (known) return known;
    const watch = new ConnectionWatch(key, { ...config, options: undefined, application_name: 'retract-probe' });
    this.all.set(key, watch);
    return watch;
  }

  add(connection: Watched): void {
    const now = performance.now();
    this.entries.set(connection, { connection, pid: 0, quietSince: now, heardAt: now, isAsking: false, bytesRead: 0 });
    this.timer ??= setInterval(() => this.look(), LOOK_EVERY_MS).unref();
  }

  remove(connection: Watched): void {
    this.entries.delete(connection);
    if (this.entries.size > 0) return;
    clearInterval(this.timer);
    this.timer = undefined;
    ConnectionWatch.all.delete(this.key);
  }

  private look(): void {
    const now = performance.now();
    for (const entry of this.entries.values()) this.update(entry, now);
    for (const { connection, isAsking, quietSince } of this.entries.values()) {
      const { answerWithinMs } = connection;
      if (isAsking && answerWithinMs !== undefined && now - quietSince > answerWithinMs) {
        connection.breakOff(`no answer in ${answerWithinMs} ms`);
      }
    }
    if (this.isProbing || ![...this.entries.values()].some((entry) => isSuspect(entry, now))) return;
    this.isProbing = true;
    this.breakOffDead()
      // No server, no answer: the next look asks again.
      .catch(() => undefined)
      .finally(() => {
        this.isProbing = false;
      });
  }

  private update(entry: Entry, now: number): void {
    const { isAsking, bytesRead, pid = 0 } = entry.connection;
    if (bytesRead !== entry.bytesRead) entry.heardAt = now;
    if (bytesRead !== entry.bytesRead || !isAsking) entry.quietSince = now;
    Object.assign(entry, { pid, isAsking, bytesRead });
  }

  private async breakOffDead(): Promise<void> {
    const probe = new pg.Client({ ...this.config, connectionTimeoutMillis: PROBE_MS });
    probe.on('error', () => undefined);
    const tooLong = setTimeout(() => destroy(probe, 'the probe took too long'), 2 * PROBE_MS);
    try {
      await probe.connect();
      await endDead(probe, this.deadOnes(await this.backends(probe)));
    } finally {
      clearTimeout(tooLong);
      destroy(probe, 'the probe is done');
    }
  }

  /** @returns undefined where a pooler stands between: what it calls pids are none */
  private async backends(probe: Client): Promise<Map<number, Backend> | undefined> {
    const pids = [...this.entries.values()].map(({ pid }) => pid);
    const { rows } = await probe.query<{ pid: number; state: string | null; for_ms: number | null }>(
      `SELECT pid, state, extract(epoch FROM clock_timestamp() - state_change)::float8 * 1000 AS for_ms
       FROM pg_stat_activity WHERE pid = ANY($1::int[]) OR pid = pg_backend_pid()`,
      [pids],
    );
    const backends = new Map(rows.map(({ pid, state, for_ms }) => [pid, { state, forMs: for_ms ?? 0 }]));
    // Those that connected meanwhile were not asked about.
    for (const { connection, pid } of this.entries.values()) {
      if (connection.pid !== pid) backends.set(connection.pid ?? 0, { state: 'active', forMs: 0 });
    }
    return backends.has(pidOf(probe) ?? 0) ? backends : undefined;
  }

  /** @returns the pids of those that were found dead, and are broken off */
  private deadOnes(backends: Map<number, Backend> | undefined): number[] {
    if (!backends) return [];
    const now = performance.now();
    for (const entry of this.entries.values()) this.update(entry, now);
    const dead = deadOf(
      [...this.entries.values()].filter(({ pid }) => pid !== 0),
      backends,
      now,
    );
    for (const { connection } of dead) connection.breakOff('it died without a word');
    return dead.map(({ pid }) => pid);
  }
}

/**
 * If only the network path broke, the server still holds their locks. The pid may be of another connection by now:
 * what is ended is ours and idle at least, and whoever uses it connects anew.
 */
async function endDead(probe: Client, pids: number[]): Promise<void> {
  if (pids.length === 0) return;
  await probe.query(
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
     WHERE pid = ANY($1::int[]) AND usename = current_user AND application_name LIKE 'retract-%'
       AND state LIKE 'idle%' AND state_change < clock_timestamp() - $2 * interval '1 ms'`,
    [pids, ANSWER_ARRIVES_MS],
  );
}

type Client = InstanceType<typeof pg.Client>;

/** The parts of pg's client that its types do not tell. */
interface Insides {
  processID: number | null;
  readyForQuery?: boolean;
  connection: EventEmitter & { stream: { bytesRead?: number; destroy(error?: Error): void } };
}

const insidesOf = (client: Client) => client as unknown as Insides;

export const pidOf = (client: Client) => insidesOf(client).processID ?? undefined;
export const isAsking = (client: Client) => insidesOf(client).readyForQuery === false;
export const bytesRead = (client: Client) => insidesOf(client).connection.stream.bytesRead ?? 0;

/** A user of a client may take all listeners off it; nobody takes them off its connection. */
export const onceEnded = (client: Client, work: () => void) => insidesOf(client).connection.once('end', work);

export function destroy(client: Client, reason: string): void {
  insidesOf(client).connection.stream.destroy(new Error(`Connection terminated: ${reason}`));
}
