import { Injectable, Logger } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { Events } from '@app/events';
import { JobQueues } from '@app/queue';
import { AuthorizerLists, type ListedAuthorizer } from './authorizer-lists.js';
import { GrantRows, type RecordedGrant } from '../merchants/grant-rows.js';
import { claimForAMinute } from '../platforms/claims.js';
import type { Platform } from '../platforms/platforms.js';
import { reconciliationStep, type ReconciliationStep } from './reconciliation-plan.js';

/** What the comparison of WeChat's list with our merchants came to. */
export interface ReconciliationReport {
  /** How many the list holds. */
  listed: number;
  added: number;
  repaired: number;
  readopted: number;
  /** Authorized for all we know, but not on the list. */
  absentCount: number;
  /** Appids of these, the first hundred. */
  absent: string[];
}

const ABSENT_SHOWN = 100;

/**
 * Mends what lost events left behind, by WeChat's list of authorizers. It adds and repairs, and takes nothing away:
 * those absent from the list are reported and asked about one by one, for a list that changes while it is read may skip
 * somebody.
 */
@Injectable()
export class Reconciliation {
  private readonly logger = new Logger(Reconciliation.name);

  constructor(
    private readonly dataSource: DataSource,
    private readonly grants: GrantRows,
    private readonly lists: AuthorizerLists,
    private readonly events: Events,
    private readonly queues: JobQueues,
  ) {}

  /**
   * The comparison asks WeChat about every page of its list and every merchant that is absent, and WeChat gives a
   * platform so many calls a day. A tenant may therefore have it made once a minute.
   * @returns 0 when the platform is claimed for a comparison, or else how many seconds are left of the minute
   */
  claim(platformId: string): Promise<number> {
    return claimForAMinute(this.dataSource, platformId, 'reconcile_asked_at');
  }

  /** Running it twice, even at once, does no harm. @throws TicketMissing, TokenUnavailable, WechatError */
  async run(platform: Platform, requestId: string): Promise<ReconciliationReport> {
    // Read before the list: a grant that changes from now on is newer than what the list says, and is left alone.
    const known = await this.grants.recordedGrants(platform.id);
    const seen = new Set<string>();
    const done = { add: 0, repair: 0, readopt: 0, renew: 0 };
    for await (const page of this.lists.pages(platform)) {
      const changed = await this.dataSource.transaction(async (tx) => {
        const ids: string[] = [];
        for (const listed of page) {
          const step = reconciliationStep(listed, known.get(listed.authorizerAppid));
          if (seen.has(listed.authorizerAppid) || step === 'nothing') continue;
          const id = await this.carryOut(tx, platform, step, listed, known.get(listed.authorizerAppid));
          if (!id) continue;
          done[step]++;
          ids.push(id);
        }
        return ids;
      });
      for (const { authorizerAppid } of page) seen.add(authorizerAppid);
      await this.readFactsOf(changed, requestId);
    }
    const absent = [...known].filter(([appid, { state }]) => state === 'authorized' && !seen.has(appid));
    await this.readFactsOf(
      absent.map(([, { id }]) => id),
      requestId,
    );
    const report = {
      listed: seen.size,
      added: done.add,
      repaired: done.repair,
      readopted: done.readopt,
      absentCount: absent.length,
      absent: absent.slice(0, ABSENT_SHOWN).map(([appid]) => appid),
    };
    await this.finish(platform, report);
    return report;
  }

  /** @returns the merchant's id, or undefined when the merchant has changed since it was looked at */
  private async carryOut(
    tx: EntityManager,
    platform: Platform,
    step: Exclude<ReconciliationStep, 'nothing'>,
    listed: ListedAuthorizer,
    known: RecordedGrant | undefined,
  ): Promise<string | undefined> {
    const isUnchanged = known
      ? await this.grants.isStill(tx, known)
      : await this.grants.addUnknown(tx, platform.id, listed.authorizerAppid);
    if (!isUnchanged) return undefined;
    const grantedAt = listed.authTime === undefined ? undefined : new Date(listed.authTime * 1000);
    const { authorizerAppid, refreshToken: authorizerRefreshToken } = listed;
    if (known && authorizerRefreshToken && (step === 'repair' || step === 'renew')) {
      await this.grants.repairRefreshToken(tx, known.id, authorizerRefreshToken, grantedAt);
      return known.id;
    }
    const grant = { authorizerAppid, authorizerRefreshToken };
    const { id } = await this.grants.keepGrant(tx, platform, grant, {
      grantedAt: grantedAt ?? new Date(),
      source: 'list',
    });
    return id;
  }

  private async finish(platform: Platform, report: ReconciliationReport): Promise<void> {
    const { listed, added, repaired, readopted, absentCount, absent } = report;
    await this.dataSource.transaction(async (tx) => {
      await tx.query(`UPDATE platforms SET reconciled_at = now() WHERE id = $1`, [platform.id]);
      if (added + repaired + readopted + absentCount === 0) return;
      const data = { listed, added, repaired, readopted, absent_count: absentCount, absent };
      await this.events.append(tx, { type: 'platform.drift_found', platform, data });
    });
    this.logger.log('platform reconciled', {
      component_appid: platform.componentAppid,
      listed,
      added,
      repaired,
      readopted,
      absent: absentCount,
    });
  }

  /**
   * By a job each, so that thousands do not hold this up. What the queue cannot take now, the nightly reading finds.
   */
  private async readFactsOf(merchantIds: string[], requestId: string): Promise<void> {
    try {
      await this.queues.addBulk(
        'merchant.read-facts',
        merchantIds.map((id) => ({
          jobId: `merchant.read-facts-${id}`,
          data: { merchant_id: id, request_id: requestId },
        })),
      );
    } catch (error) {
      this.logger.warn('account facts left to the nightly reading', { merchants: merchantIds.length, error });
    }
  }
}
