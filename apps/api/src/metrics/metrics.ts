import { Injectable } from '@nestjs/common';
import { Counter, Gauge, Histogram, Registry } from 'prom-client';

/** Requests take milliseconds; exports and uploads take as long as their clients. */
const REQUEST_BUCKETS_S = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/**
 * What this api counts of its requests, besides what every process counts. Labels are from small fixed sets: no appid,
 * no id, nothing that callers choose.
 */
@Injectable()
export class Metrics {
  private readonly pushes: Counter;
  private readonly requests: Counter;
  private readonly requestSeconds: Histogram;
  private readonly refusals: Counter;
  private readonly streams: Gauge;

  constructor(registry: Registry) {
    const registers = [registry];
    this.pushes = new Counter({
      name: 'retract_pushes_total',
      help: 'Pushes that reached the inbox, by channel and result: recorded, duplicate, or why they were refused.',
      labelNames: ['channel', 'result'],
      registers,
    });
    this.requests = new Counter({
      name: 'retract_http_requests_total',
      help: 'Answered requests, by method, route and status; also those that were refused before a handler ran.',
      labelNames: ['method', 'route', 'status'],
      registers,
    });
    this.requestSeconds = new Histogram({
      name: 'retract_http_request_duration_seconds',
      help: 'From the head of a request to the end of its answer. Streams of events are left out.',
      labelNames: ['method', 'route'],
      buckets: REQUEST_BUCKETS_S,
      registers,
    });
    this.refusals = new Counter({
      name: 'retract_requests_refused_total',
      help: 'Requests that were answered 401 or 403, by the code of the problem.',
      labelNames: ['code'],
      registers,
    });
    this.streams = new Gauge({
      name: 'retract_open_streams',
      help: 'Streams of events that clients of this process have open.',
      registers,
    });
  }

  countPush(channel: string, result: string): void {
    this.pushes.inc({ channel, result });
  }

  /** @param route with its parameters unnamed, e.g. `/v1/merchants/:appid`; undefined when none matched */
  countRequest(method: string, route = 'none', status: number, tookMs: number, isStream: boolean): void {
    this.requests.inc({ method, route, status });
    if (!isStream) this.requestSeconds.observe({ method, route }, tookMs / 1_000);
  }

  countRefusal(code: string): void {
    this.refusals.inc({ code });
  }

  /** @param gone aborted when the stream ends */
  countStream(gone: AbortSignal): void {
    this.streams.inc();
    gone.addEventListener('abort', () => this.streams.dec(), { once: true });
  }
}
