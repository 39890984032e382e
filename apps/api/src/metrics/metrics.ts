import { Injectable } from '@nestjs/common';
import { collectDefaultMetrics, Counter, Gauge, Registry } from 'prom-client';
import { queues, type JobQueues, type QueueName } from '@app/queue';

/**
 * Counters of this process for Prometheus. Labels are from small fixed sets: no appid, no id, nothing that callers
 * choose.
 */
@Injectable()
export class Metrics {
  private readonly registry = new Registry();
  private readonly pushes = new Counter({
    name: 'retract_pushes_total',
    help: 'Pushes that reached the inbox, by channel and result: recorded, duplicate, or why they were refused.',
    labelNames: ['channel', 'result'],
    registers: [this.registry],
  });
  private readonly upstreamCalls = new Counter({
    name: 'retract_upstream_calls_total',
    help: 'Calls of this process to WeChat, by operation and outcome: done, or the class of the failure.',
    labelNames: ['operation', 'outcome'],
    registers: [this.registry],
  });
  private readonly requests = new Counter({
    name: 'retract_http_requests_total',
    help: 'Answered requests, by method, route and status; also those that were refused before a handler ran.',
    labelNames: ['method', 'route', 'status'],
    registers: [this.registry],
  });
  private readonly refusals = new Counter({
    name: 'retract_requests_refused_total',
    help: 'Requests that were answered 401 or 403, by the code of the problem.',
    labelNames: ['code'],
    registers: [this.registry],
  });
  private readonly jobs = new Gauge({
    name: 'retract_jobs',
    help: 'Jobs in the queue, shared by all processes, by queue and state. Absent while the queue does not answer.',
    labelNames: ['queue', 'state'],
    registers: [this.registry],
  });

  constructor() {
    collectDefaultMetrics({ register: this.registry });
  }

  countPush(channel: string, result: string): void {
    this.pushes.inc({ channel, result });
  }

  countUpstreamCall({ operation, outcome }: { operation: string; outcome: string }): void {
    this.upstreamCalls.inc({ operation, outcome });
  }

  /** @param route with its parameters unnamed, e.g. `/v1/merchants/:appid`; undefined when none matched */
  countRequest(method: string, route: string | undefined, status: number): void {
    this.requests.inc({ method, route: route ?? 'none', status });
  }

  countRefusal(code: string): void {
    this.refusals.inc({ code });
  }

  /** In Prometheus's text format. */
  async expose(jobQueues: JobQueues): Promise<{ contentType: string; text: string }> {
    await this.readJobs(jobQueues);
    return { contentType: this.registry.contentType, text: await this.registry.metrics() };
  }

  private async readJobs(jobQueues: JobQueues): Promise<void> {
    this.jobs.reset();
    const read = async (queue: QueueName) => {
      const counts = await jobQueues.counts(queue);
      for (const [state, count] of Object.entries(counts)) this.jobs.set({ queue, state }, Number(count));
    };
    // The other figures are most wanted when the queue is away.
    await Promise.allSettled((Object.keys(queues) as QueueName[]).map(read));
  }
}
