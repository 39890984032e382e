import { Injectable, Logger } from '@nestjs/common';
import { AuditHeads, AuditLog, Idempotency, Sessions } from '@app/access';
import { Loop } from '@app/concurrency';
import { DatabaseClock, Resealing } from '@app/database';
import { Events } from '@app/events';
import { AuthorizationLinks, CallbackProcessing, Forwards, PreAuthCodes } from '@app/merchants';
import { WebhookDeliveries } from '@app/webhooks';
import { Upkeep } from './upkeep.js';

const EVERY_MS = 15_000;
/** A push whose job is just being added is no lost one. */
const LOST_AFTER_MS = 10_000;

/** At this rate, 200,000 merchants and their tokens change keys within an hour. */
const RESEALED_A_SWEEP = 2_000;

/**
 * Finds what a crash or a lost queue left behind, and clears what has served its time. Every worker may do it at once.
 */
@Injectable()
export class Sweeper {
  private readonly logger = new Logger(Sweeper.name);
  private readonly loop = new Loop((stopping) => this.sweep(stopping), {
    everyMs: EVERY_MS,
    onError: (error) => this.warn(error),
  });

  constructor(
    private readonly clock: DatabaseClock,
    private readonly callbacks: CallbackProcessing,
    private readonly forwards: Forwards,
    private readonly links: AuthorizationLinks,
    private readonly preAuthCodes: PreAuthCodes,
    private readonly idempotency: Idempotency,
    private readonly sessions: Sessions,
    private readonly audit: AuditLog,
    private readonly auditHeads: AuditHeads,
    private readonly events: Events,
    private readonly webhooks: WebhookDeliveries,
    private readonly upkeep: Upkeep,
    private readonly resealing: Resealing,
  ) {}

  start(): void {
    this.loop.start();
  }

  stop(): Promise<void> {
    return this.loop.stop();
  }

  /** A step that fails does not stop the others. */
  private async sweep(stopping: AbortSignal): Promise<void> {
    // By a wrong clock, what is still needed would be forgotten.
    if (!this.clock.agrees) return;
    for (const work of this.works()) {
      if (!stopping.aborted) await work().catch((error: unknown) => this.warn(error));
    }
  }

  private works(): (() => Promise<unknown>)[] {
    return [
      () => this.callbacks.sweep(LOST_AFTER_MS),
      () => this.callbacks.forgetOld(),
      () => this.forwards.sweep(LOST_AFTER_MS),
      () => this.links.forgetOld(),
      () => this.preAuthCodes.forgetOld(),
      () => this.idempotency.sweep(),
      () => this.sessions.forgetOld(),
      () => this.audit.chainDeferred(),
      () => this.auditHeads.noteHourly(),
      () => this.events.adoptRestored(),
      () => this.events.forgetOld(),
      () => this.webhooks.sweep(LOST_AFTER_MS),
      () => this.webhooks.forgetOld(),
      () => this.upkeep.askForSilentTickets(),
      () => this.upkeep.refreshTokensAhead(),
      () => this.upkeep.verifyDeletions(),
      () => this.upkeep.reconcilePlatforms(),
      () => this.upkeep.readOldFacts(),
      () => this.upkeep.readQuotas(),
      () => this.resealing.step(RESEALED_A_SWEEP),
    ];
  }

  private warn(error: unknown): void {
    this.logger.warn('sweep failed, next one soon', { error });
  }
}
