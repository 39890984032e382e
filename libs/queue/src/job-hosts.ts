import { BullRegistrar } from '@nestjs/bullmq';
import { Injectable, type Provider, type Type } from '@nestjs/common';
import { within } from './deadline.js';
import { JobHostMisplaced } from './errors.js';
import type { JobHost } from './job-host.js';
import type { QueueName } from './jobs.js';
import { QueueConnections } from './queue-connections.js';

/** A class for each queue. */
export type JobHostTypes = { [Q in QueueName]: Type<JobHost<Q>> };

/** The options that all of them have in common, whatever jobs they handle. */
type AnyJobHost = Pick<
  JobHost<QueueName>,
  'queue' | 'waitUntilReady' | 'start' | 'pause' | 'resume' | 'stop' | 'close'
>;

const START_DEADLINE_MS = 10_000;
const CLOSE_DEADLINE_MS = 3_000;

/** Starts and stops all hosts of a process together. */
@Injectable()
export class JobHosts {
  private registered: AnyJobHost[] = [];
  private isPaused = false;
  private stopping: Promise<void> | undefined;

  private constructor(
    private readonly registrar: BullRegistrar,
    private readonly connections: QueueConnections,
    private readonly hosts: Map<string, AnyJobHost>,
  ) {}

  /** The hosts of a process, and what starts and stops them. */
  static of(types: JobHostTypes): Provider[] {
    const queues = Object.keys(types);
    const hosts = Object.values<Type<AnyJobHost>>(types);
    return [
      ...hosts,
      {
        provide: JobHosts,
        inject: [BullRegistrar, QueueConnections, ...hosts],
        useFactory: (registrar: BullRegistrar, connections: QueueConnections, ...made: AnyJobHost[]) =>
          new JobHosts(registrar, connections, new Map(made.map((host, index) => [queues[index] ?? '', host]))),
      },
    ];
  }

  /**
   * Connects and starts to take jobs. Once started, workers outlast any absence of the backend.
   * @param mayWork false: as while paused, for whoever knows it sooner than `pause` can be called
   * @throws QueueUnavailable when the backend cannot be reached: start anew later
   * @throws JobHostMisplaced
   */
  async start(mayWork: () => boolean = () => true): Promise<void> {
    this.registrar.register();
    this.registered = [...this.hosts.values()];
    try {
      for (const [queue, host] of this.hosts) if (host.queue !== queue) throw new JobHostMisplaced(queue, host.queue);
      await within(START_DEADLINE_MS, 'start', Promise.all(this.registered.map((host) => host.waitUntilReady())));
    } catch (error) {
      await this.stop();
      throw error;
    }
    for (const host of this.registered) host.start(mayWork);
    if (this.isPaused) await this.pause();
  }

  /** Takes no new work until `resume`; what is in hand goes on. Before the start, too: then it starts so. */
  async pause(): Promise<void> {
    this.isPaused = true;
    await Promise.all(this.registered.map((host) => host.pause()));
  }

  async resume(): Promise<void> {
    if (this.stopping) return;
    this.isPaused = false;
    await Promise.all(this.registered.map((host) => host.resume()));
  }

  /** Takes no new work, waits for the handlers that run, closes the connections. Idempotent. */
  stop(): Promise<void> {
    this.stopping ??= this.stopAll();
    return this.stopping;
  }

  private async stopAll(): Promise<void> {
    await Promise.all(this.registered.map((host) => host.stop()));
    await Promise.all(this.registered.map((host) => host.close()));
    await this.connections.close('working', CLOSE_DEADLINE_MS);
  }
}
