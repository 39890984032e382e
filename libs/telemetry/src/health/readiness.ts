import { Injectable, Logger } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { databaseShortage, tryWrite, type DatabaseShortage } from '@app/database';
import { JobQueues, QueueError, queueShortage, type QueueShortage } from '@app/queue';
import { Part } from './part.js';

const DEADLINE_MS = 2_000;
/** However many ask: of one process, a part is tried about once a second. */
const REMEMBERED_MS = 1_000;

export type PartName = 'database' | 'queue';
type Shortage = DatabaseShortage | QueueShortage;

/** What each part is short of; null: it does its work. */
export type PartStates = Record<PartName, Shortage | null>;

/** The same for whoever asks the process. */
export type PartReport = Record<PartName, { status: 'up' } | { status: 'down'; code: Shortage }>;

/** What a probe is told where nothing is lacking, in the form that Nest's Terminus has made known. */
export interface Ready {
  status: 'ok';
  info: PartReport;
  error: object;
  details: PartReport;
}

/** What it is told otherwise, as a problem. */
export class NotReady extends Error {
  readonly code = 'not_ready';
  override readonly name = 'NotReady';

  constructor(readonly parts: PartReport) {
    const down = Object.entries(parts).flatMap(([name, part]) =>
      part.status === 'down' ? [`${name} (${part.code})`] : [],
    );
    super(`Not ready: ${down.join(', ')}.`);
  }
}

/**
 * Whether what requests and jobs need can be written to: a disk that is full, or a replica, answers as if nothing were
 * amiss.
 */
@Injectable()
export class Readiness {
  private readonly logger = new Logger(Readiness.name);
  private readonly database: Part<Shortage>;
  private readonly queue: Part<Shortage>;

  constructor(dataSource: DataSource, queues: JobQueues) {
    this.database = this.part('database', 'database_unavailable', () => tryWrite(dataSource));
    this.queue = this.part('queue', 'queue_unavailable', () => queues.ping(DEADLINE_MS));
  }

  async states(): Promise<PartStates> {
    const now = performance.now();
    const [database, queue] = await Promise.all([this.database.state(now), this.queue.state(now)]);
    return { database, queue };
  }

  /** @throws NotReady */
  async check(): Promise<Ready> {
    const { database, queue } = await this.states();
    const told = (lack: Shortage | null) =>
      lack ? ({ status: 'down', code: lack } as const) : ({ status: 'up' } as const);
    const parts = { database: told(database), queue: told(queue) };
    if (database || queue) throw new NotReady(parts);
    return { status: 'ok', info: parts, error: {}, details: parts };
  }

  private part(name: PartName, fallback: Shortage, attempt: () => Promise<void>): Part<Shortage> {
    return new Part<Shortage>({
      attempt,
      lackOf: (error) => (error instanceof QueueError ? queueShortage(error) : databaseShortage(error)) ?? fallback,
      deadlineMs: DEADLINE_MS,
      rememberedMs: REMEMBERED_MS,
      // Probes come every few seconds: one line tells of the whole time.
      onChange: (lack, error) =>
        lack
          ? this.logger.warn('not ready', { part: name, code: lack, error: String(error) })
          : this.logger.log('ready again', { part: name }),
    });
  }
}
