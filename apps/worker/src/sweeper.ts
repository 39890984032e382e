import { setTimeout as delay } from 'node:timers/promises';
import { Injectable, Logger } from '@nestjs/common';
import { AuditHeads, AuditLog, Idempotency } from '@app/access';
import { DatabaseClock, Resealing } from '@app/database';
import { Events } from '@app/events';
import { AuthorizationLinks, CallbackInbox, Forwards, PreAuthCodes } from '@app/merchants';
import { WebhookDeliveries } from '@app/webhooks';
import { Upkeep } from './upkeep.js';

const EVERY_MS = 15_000;
/** A push whose job is just being added is no lost one. */
const LOST_AFTER_MS = 10_000;

/** With it, 200,000 merchants and their tokens have changed keys within an hour. */
const RESEALED_A_SWEEP = 2_000;

/** Finds what a crash or a lost queue left behind, and clears what has served its time. Every worker may do it at once. */
@Injectable()
export class Sweeper {
  private readonly logger = new Logger(Sweeper.name);
  private readonly stopping = new AbortController();
  private loop: Promise<void> | undefined;

  constructor(
    private readonly clock: DatabaseClock,
    private readonly inbox: CallbackInbox,
    private readonly forwards: Forwards,
    private readonly links: AuthorizationLinks,
    private readonly preAuthCodes: PreAuthCodes,
    private readonly idempotency: Idempotency,
    private readonly audit: AuditLog,
    private readonly auditHeads: AuditHeads,
    private readonly events: Events,
    private readonly webhooks: WebhookDeliveries,
    private readonly upkeep: Upkeep,
    private readonly resealing: Resealing,
  ) {}

  start(): void {
    this.loop ??= this.sweepOnAndOn();
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    await this.loop;
  }

  private async sweepOnAndOn(): Promise<void> {
    while (!this.stopping.signal.aborted) {
      if (this.clock.agrees) await this.sweep();
      await delay(EVERY_MS, undefined, { signal: this.stopping.signal }).catch(() => undefined);
    }
  }

  /** By a wrong clock, what is still needed would be forgotten. */
  private async sweep(): Promise<void> {
    await this.try(() => this.inbox.sweep(LOST_AFTER_MS));
    await this.try(() => this.inbox.forgetOld());
    await this.try(() => this.forwards.sweep(LOST_AFTER_MS));
    await this.try(() => this.links.forgetOld());
    await this.try(() => this.preAuthCodes.forgetOld());
    await this.try(() => this.idempotency.sweep());
    await this.try(() => this.audit.chainNoted());
    await this.try(() => this.auditHeads.noteHourly());
    await this.try(() => this.events.adoptRestored());
    await this.try(() => this.events.forgetOld());
    await this.try(() => this.webhooks.sweep(LOST_AFTER_MS));
    await this.try(() => this.webhooks.forgetOld());
    await this.try(() => this.upkeep.askForSilentTickets());
    await this.try(() => this.upkeep.refreshTokensAhead());
    await this.try(() => this.upkeep.verifyDeletions());
    await this.try(() => this.upkeep.reconcilePlatforms());
    await this.try(() => this.upkeep.readOldFacts());
    await this.try(() => this.upkeep.readQuotas());
    await this.try(() => this.resealing.step(RESEALED_A_SWEEP));
  }

  /** What fails does not keep the rest from being done. */
  private async try(work: () => Promise<unknown>): Promise<void> {
    try {
      if (!this.stopping.signal.aborted) await work();
    } catch (error) {
      this.logger.warn('sweep failed, next one soon', { error });
    }
  }
}
