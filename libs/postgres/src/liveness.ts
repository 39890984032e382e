/** One connection, as its process sees it. Times are those of performance.now(). */
export interface Silence {
  /** The pid of its backend, as the server told it. */
  pid: number;
  /** The time of the last byte, or of the statement that is not answered yet, whichever was later. */
  quietSince: number;
  /** The time of the last byte. */
  heardAt: number;
  /** Whether a statement is not answered yet. */
  isAsking: boolean;
}

/** One backend, as the server sees it. */
export interface Backend {
  state: string | null;
  /** Its time in that state. */
  forMs: number;
}

/** An answer may take its time: only from then on the server is asked what became of the statement. */
export const SUSPECT_AFTER_MS = 5_000;
/** A backend that has been idle for so long has sent its answer, or has never heard of the statement. */
export const ANSWER_ARRIVES_MS = 2_000;
const IDLE_STATES = new Set<string | null>(['idle', 'idle in transaction', 'idle in transaction (aborted)']);

export const isSuspect = ({ isAsking, quietSince }: Silence, now: number) =>
  isAsking && now - quietSince >= SUSPECT_AFTER_MS;

/**
 * The connections that are dead, though nobody has said so: those whose backend the server does not know, as after a
 * failover, and those that wait for an answer while their backend waits for a statement. A statement that merely takes
 * long goes on. What has died with one of them is not waited for: of the others, those go too that have heard nothing
 * since.
 */
export function deadOf<Connection extends Silence>(
  connections: Connection[],
  backends: ReadonlyMap<number, Backend>,
  now: number,
): Connection[] {
  const isWaitingInVain = (connection: Connection) => {
    const backend = backends.get(connection.pid);
    if (!backend) return true;
    return isSuspect(connection, now) && IDLE_STATES.has(backend.state) && backend.forMs >= ANSWER_ARRIVES_MS;
  };
  const dead = connections.filter((connection) => isWaitingInVain(connection));
  const since = Math.min(...dead.filter((one) => isSuspect(one, now)).map(({ quietSince }) => quietSince));
  const diedWithThem = connections.filter(
    (connection) => !dead.includes(connection) && !connection.isAsking && connection.heardAt <= since,
  );
  return Number.isFinite(since) ? [...dead, ...diedWithThem] : dead;
}
