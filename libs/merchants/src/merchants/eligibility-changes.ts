import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { Events } from '@app/events';
import { Platforms } from '../platforms/platforms.js';
import { ineligibleReasons } from './eligibility.js';
import { Merchant } from './merchant.entity.js';

/** Keeps what is stored of a merchant's eligibility, and tells of its changes. */
@Injectable()
export class EligibilityChanges {
  constructor(
    private readonly platforms: Platforms,
    private readonly events: Events,
  ) {}

  /** Computes anew whether the merchant is eligible. Belongs into every transaction that may change it. */
  async reassess(tx: EntityManager, id: string): Promise<void> {
    const merchant = await tx.findOneOrFail(Merchant, { where: { id }, lock: { mode: 'pessimistic_write' } });
    const { ineligibleReasons: previous } = merchant;
    const reasons = ineligibleReasons(merchant);
    if (reasons.join() === previous.join()) return;
    await tx.update(Merchant, { id }, { ineligibleReasons: reasons });
    await this.events.append(tx, {
      type: 'merchant.eligibility_changed',
      ...(await this.platforms.eventSubject(tx, merchant)),
      data: { eligible: reasons.length === 0, reasons, previous_reasons: previous },
    });
  }
}
