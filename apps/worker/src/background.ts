import { Inject, Injectable, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import { DatabaseClock } from '@app/database';
import { Dispatcher, TakedownWatch } from '@app/deletions';
import { runWithRequestId } from '@app/logging';
import { JobRunner, type JobRunnerOptions } from '@app/queue';
import { WebhookFanOut } from '@app/webhooks';
import { AuthorizerRefreshTokenJob } from './jobs/authorizer-refresh-token.job.js';
import { CallbackForwardJob } from './jobs/callback-forward.job.js';
import { CallbackProcessJob } from './jobs/callback-process.job.js';
import { DeletionRunJob } from './jobs/deletion-run.job.js';
import { DeletionVerifyJob } from './jobs/deletion-verify.job.js';
import { FactsWatch } from './facts-watch.js';
import { MerchantReadAwaitedFactsJob } from './jobs/merchant-read-awaited-facts.job.js';
import { MerchantReadFactsJob } from './jobs/merchant-read-facts.job.js';
import { MerchantReadQuotaJob } from './jobs/merchant-read-quota.job.js';
import { PlatformReconcileJob } from './jobs/platform-reconcile.job.js';
import { WebhookDeliverJob } from './jobs/webhook-deliver.job.js';
import { Sweeper } from './sweeper.js';

export const QUEUE_OPTIONS = Symbol('QueueOptions');

/**
 * Everything that runs in the background, started last and stopped first: no new work is handed out, what is in hand is
 * finished, and only then Nest closes the queue and the database behind it.
 */
@Injectable()
export class Background implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly runner: JobRunner;

  constructor(
    @Inject(QUEUE_OPTIONS) options: JobRunnerOptions,
    private readonly clock: DatabaseClock,
    private readonly dispatcher: Dispatcher,
    private readonly sweeper: Sweeper,
    private readonly factsWatch: FactsWatch,
    private readonly takedownWatch: TakedownWatch,
    private readonly webhookFanOut: WebhookFanOut,
    authorizerRefreshToken: AuthorizerRefreshTokenJob,
    callbackForward: CallbackForwardJob,
    callbackProcess: CallbackProcessJob,
    deletionRun: DeletionRunJob,
    deletionVerify: DeletionVerifyJob,
    merchantReadAwaitedFacts: MerchantReadAwaitedFactsJob,
    merchantReadFacts: MerchantReadFactsJob,
    merchantReadQuota: MerchantReadQuotaJob,
    platformReconcile: PlatformReconcileJob,
    webhookDeliver: WebhookDeliverJob,
  ) {
    const mayWork = () => this.clock.agrees;
    this.runner = new JobRunner(
      { ...options, mayWork },
      {
        'authorizer.refresh-token': (data) =>
          runWithRequestId(data.request_id, () => authorizerRefreshToken.handle(data)),
        'callback.forward': (data) => runWithRequestId(data.request_id, () => callbackForward.handle(data)),
        'callback.process': (data) => runWithRequestId(data.request_id, () => callbackProcess.handle(data)),
        'deletion.run': (data, context) => runWithRequestId(data.request_id, () => deletionRun.handle(data, context)),
        'deletion.verify': (data) => runWithRequestId(data.request_id, () => deletionVerify.handle(data)),
        'merchant.read-awaited-facts': (data) =>
          runWithRequestId(data.request_id, () => merchantReadAwaitedFacts.handle(data)),
        'merchant.read-facts': (data) => runWithRequestId(data.request_id, () => merchantReadFacts.handle(data)),
        'merchant.read-quota': (data) => runWithRequestId(data.request_id, () => merchantReadQuota.handle(data)),
        'platform.reconcile': (data) => runWithRequestId(data.request_id, () => platformReconcile.handle(data)),
        'webhook.deliver': (data) => runWithRequestId(data.request_id, () => webhookDeliver.handle(data)),
      },
    );
  }

  async onApplicationBootstrap(): Promise<void> {
    // A queue's delays are written by the clock of whoever fails a job, and read by the clocks of others.
    await this.clock.start((agrees) => (agrees ? this.runner.resume() : this.runner.pause()));
    await this.runner.start();
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
    await this.runner.stop();
  }
}
