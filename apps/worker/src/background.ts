import { Injectable, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import { DatabaseClock } from '@app/database';
import { Dispatcher, TakedownWatch } from '@app/deletions';
import { JobHosts } from '@app/queue';
import { WebhookFanOut } from '@app/webhooks';
import { FactsWatch } from './sweeps/facts-watch.js';
import { Sweeper } from './sweeps/sweeper.js';

/**
 * Everything that runs in the background, started last and stopped first: no new work is handed out, what is in hand is
 * finished, and only then Nest closes the queue and the database behind it.
 */
@Injectable()
export class Background implements OnApplicationBootstrap, BeforeApplicationShutdown {
  constructor(
    private readonly clock: DatabaseClock,
    private readonly jobs: JobHosts,
    private readonly dispatcher: Dispatcher,
    private readonly sweeper: Sweeper,
    private readonly factsWatch: FactsWatch,
    private readonly takedownWatch: TakedownWatch,
    private readonly webhookFanOut: WebhookFanOut,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    // A queue's delays are written by the clock of whoever fails a job, and read by the clocks of others.
    await this.clock.start((agrees) => (agrees ? this.jobs.resume() : this.jobs.pause()));
    await this.jobs.start(() => this.clock.agrees);
    this.dispatcher.start();
    this.sweeper.start();
    this.factsWatch.start();
    this.takedownWatch.start();
    this.webhookFanOut.start();
  }

  async beforeApplicationShutdown(): Promise<void> {
    await Promise.all([
      this.clock.stop(),
      this.dispatcher.stop(),
      this.sweeper.stop(),
      this.factsWatch.stop(),
      this.takedownWatch.stop(),
      this.webhookFanOut.stop(),
    ]);
    await this.jobs.stop();
  }
}
