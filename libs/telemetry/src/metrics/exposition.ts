import { Inject, Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import { Gauge } from 'prom-client';
import { DataSource } from 'typeorm';
import { Remembered } from '@app/concurrency';
import { DatabaseClock } from '@app/database';
import { JobQueues, queues, type QueueCounts, type QueueName } from '@app/queue';
import { BUILD, type Build } from '../health/build.js';
import { Readiness } from '../health/readiness.js';
import { ProcessMetrics } from './process-metrics.js';
import { SharedFigures, type SharedReading } from './shared-figures.js';
import { SharedGauges } from './shared-gauges.js';

/** Prometheus asks four times a minute; more scrapers than one get the same. */
const SHARED_FRESH_MS = 10_000;
const JOBS_FRESH_MS = 1_000;
/** A scrape has ten seconds, as a rule. */
const DEADLINE_MS = 3_000;
/** Old figures would look as if all were well. */
const SHARED_STALE_MS = 60_000;

/** pg's pool, of which TypeORM tells nothing. */
interface Pool {
  totalCount: number;
  idleCount: number;
  waitingCount: number;
}

/** Answers a scrape: what this process counts, and what is so now, as far as that can be found out in time. */
@Injectable()
export class Exposition implements OnApplicationShutdown {
  private readonly logger = new Logger(Exposition.name);
  private readonly sharedGauges: SharedGauges;
  private readonly shared: Remembered<SharedReading>;
  private readonly jobs: Remembered<[QueueName, QueueCounts][]>;
  private readonly gauges: ReturnType<typeof gaugesOfNow>;

  constructor(
    private readonly metrics: ProcessMetrics,
    figures: SharedFigures,
    private readonly readiness: Readiness,
    private readonly queues: JobQueues,
    private readonly dataSource: DataSource,
    private readonly clock: DatabaseClock,
    @Inject(BUILD) { version, commit }: Build,
  ) {
    this.sharedGauges = new SharedGauges(metrics.registry);
    this.gauges = gaugesOfNow(metrics);
    this.shared = new Remembered(() => figures.read(), {
      freshMs: SHARED_FRESH_MS,
      deadlineMs: DEADLINE_MS,
      staleMs: SHARED_STALE_MS,
      onError: (error) => this.logger.warn('shared figures could not be read', { error }),
    });
    this.jobs = new Remembered(() => this.countJobs(), {
      freshMs: JOBS_FRESH_MS,
      deadlineMs: DEADLINE_MS,
      staleMs: JOBS_FRESH_MS + DEADLINE_MS,
    });
    this.gauges.build.set({ version, commit: commit ?? '' }, 1);
  }

  onApplicationShutdown(): void {
    this.metrics.close();
  }

  /** In Prometheus's text format. */
  async text(): Promise<{ contentType: string; text: string }> {
    // What cannot be found out is most wanted when the rest of it can.
    await Promise.allSettled([this.readParts(), this.readJobs(), this.readShared()]);
    this.gauges.clock.set(this.clock.agrees ? 1 : 0);
    this.readPool();
    const { registry } = this.metrics;
    return { contentType: registry.contentType, text: await registry.metrics() };
  }

  private async readParts(): Promise<void> {
    for (const [part, lack] of Object.entries(await this.readiness.states())) {
      this.gauges.parts.set({ part }, lack ? 0 : 1);
    }
  }

  private async readJobs(): Promise<void> {
    const counted = await this.jobs.get();
    this.gauges.jobs.reset();
    for (const [queue, counts] of counted ?? []) {
      for (const [state, count] of Object.entries(counts)) this.gauges.jobs.set({ queue, state }, Number(count));
    }
  }

  private countJobs(): Promise<[QueueName, QueueCounts][]> {
    const count = async (queue: QueueName): Promise<[QueueName, QueueCounts]> => [
      queue,
      await this.queues.counts(queue),
    ];
    return Promise.all((Object.keys(queues) as QueueName[]).map(count));
  }

  private async readShared(): Promise<void> {
    this.sharedGauges.set(await this.shared.get());
    this.gauges.sharedAge.remove();
    const ageMs = this.shared.ageMs();
    if (ageMs !== undefined) this.gauges.sharedAge.set(ageMs / 1_000);
  }

  private readPool(): void {
    // The type of TypeORM's driver does not say that it is Postgres's.
    const { master } = this.dataSource.driver as unknown as { master: Pool };
    this.gauges.pool.set({ state: 'idle' }, master.idleCount);
    this.gauges.pool.set({ state: 'in_use' }, master.totalCount - master.idleCount);
    this.gauges.poolWaiting.set(master.waitingCount);
  }
}

function gaugesOfNow({ registry }: ProcessMetrics) {
  const gauge = (name: string, help: string, ...labelNames: string[]) =>
    new Gauge({ name, help, labelNames, registers: [registry] });
  return {
    build: gauge('retract_build_info', 'Always 1: the labels say what this process was made of.', 'version', 'commit'),
    parts: gauge('retract_part_ready', '1: the part takes writes, as /health/ready says.', 'part'),
    clock: gauge('retract_clock_agrees', '1: the clock of this machine is the database’s, as far as that matters.'),
    jobs: gauge(
      'retract_jobs',
      'Jobs in the queue, shared by all processes, by queue and state. Absent while the queue does not answer.',
      'queue',
      'state',
    ),
    pool: gauge('retract_database_connections', 'Connections of this process to the database.', 'state'),
    poolWaiting: gauge('retract_database_connections_waited_for', 'Statements of this process that wait for one.'),
    sharedAge: gauge('retract_shared_age_seconds', 'Since this process last read what all processes share.'),
  };
}
