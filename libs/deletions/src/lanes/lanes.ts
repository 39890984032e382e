import { Inject, Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { Batcher } from '@app/concurrency';
import { isItemError, rows } from '@app/database';
import {
  allowance,
  charge,
  chargeRate,
  hasSlot,
  pause,
  quotaSpent,
  refund,
  reopen,
  tooFast,
  waitForAdmin,
  waitForToken,
  type LaneState,
} from '../pacing/lane.js';
import { changeLimits, type LimitsChange } from '../pacing/limits-change.js';
import { PACING_DEFAULTS, type PacingDefaults } from '../pacing/pacing-defaults.js';
import { chargePlatform } from '../pacing/platform-rate.js';
import { slotsAt } from '../pacing/rate.js';
import { lockLane, lockLanes, readLane, saveLanes, withLedgerOf, type LaneRow } from './lane-rows.js';
import { wakeSiblings } from './lane-wakes.js';
import { lockPlatforms, savePlatform } from './platform-rate-rows.js';

/** A slot that is given back if the work that belongs to it says so. */
interface Refund {
  merchantId: string;
  work: (tx: EntityManager) => Promise<boolean>;
}

/** Changes one merchant's lane and its account's ledger: slots, pauses, what WeChat said, limits. */
@Injectable()
export class Lanes {
  private readonly refunds = new Batcher((asked: Refund[]) => this.refundAll(asked), isItemError);

  constructor(
    private readonly dataSource: DataSource,
    @Inject(PACING_DEFAULTS) private readonly defaults: PacingDefaults,
  ) {}

  /** Buys a slot of the lane for one retry. @returns false when rate or quota allow none now */
  async buySlot(merchantId: string, isUrgent: boolean): Promise<boolean> {
    return this.buy(merchantId, (lane) => {
      const { total, normal } = allowance(lane, lane.now, this.defaults);
      return (isUrgent ? total : normal) < 1 ? undefined : charge(lane, 1, lane.now, this.defaults);
    });
  }

  /**
   * Buys a new slot for a call whose quota is paid and whose slot got too old.
   * @returns false when the rate allows none now
   */
  async renewSlot(merchantId: string): Promise<boolean> {
    return this.buy(merchantId, (lane) =>
      hasSlot(lane, lane.now, this.defaults) ? chargeRate(lane, 1, lane.now, this.defaults) : undefined,
    );
  }

  /** Gives back the quota of a slot that was bought for a call that was never made. */
  async refund(merchantId: string): Promise<void> {
    await this.refundIf(merchantId, () => Promise.resolve(true));
  }

  /** Does the work and, if it says so, gives a slot's quota back in the same transaction. */
  async refundIf(merchantId: string, work: Refund['work']): Promise<void> {
    await this.refunds.submit({ merchantId, work });
  }

  /** Nothing leaves the lane for that long. */
  async pause(merchantId: string, pauseMs: number): Promise<void> {
    await this.change(merchantId, (lane) => pause(lane, lane.now, pauseMs));
  }

  /** WeChat said 45009 to a call that left so long ago. */
  async quotaSpent(merchantId: string, leftAgoMs = 0): Promise<void> {
    await this.change(merchantId, (lane) => {
      const leftAt = new Date(lane.now.getTime() - leftAgoMs);
      return quotaSpent(lane, lane.now, this.defaults, leftAt);
    });
  }

  /**
   * WeChat said 45011 to a call that left so long ago. The age is given, not the moment: clocks of processes differ.
   */
  async tooFast(merchantId: string, pauseMs: number, leftAgoMs: number): Promise<void> {
    await this.change(merchantId, (lane) => {
      const leftAt = new Date(lane.now.getTime() - leftAgoMs);
      return tooFast(lane, leftAt, lane.now, pauseMs, this.defaults);
    });
  }

  /** WeChat said that an admin of the account has to confirm. */
  async waitForAdmin(merchantId: string, pauseMs: number): Promise<void> {
    await this.change(merchantId, (lane) => waitForAdmin(lane, lane.now, pauseMs));
  }

  /** WeChat refused a token that was minted for the call: another system mints them too. */
  async waitForToken(merchantId: string, pauseMs: number): Promise<void> {
    await this.change(merchantId, (lane) => waitForToken(lane, lane.now, pauseMs));
  }

  /**
   * Sets the limits of the merchant's account, whichever of its platforms they are set through.
   * @param alongside writes in the same transaction, for example an audit row
   * @throws LimitsNotYours
   */
  async setLimits(
    merchantId: string,
    limits: LimitsChange,
    alongside?: (tx: EntityManager) => Promise<void>,
  ): Promise<void> {
    const decide = (lane: LaneRow): LaneState =>
      reopen(changeLimits(lane, limits, this.defaults), lane.now, this.defaults);
    await this.change(merchantId, decide, async (tx) => {
      await wakeSiblings(tx, [merchantId]);
      await alongside?.(tx);
    });
  }

  /**
   * A worker that has fallen behind gives many slots of one lane back at once: they share its lock. All are done, or
   * none.
   */
  private async refundAll(asked: Refund[]): Promise<void[]> {
    await this.dataSource.transaction(async (tx) => {
      // Lanes are locked before their deletions, as by the dispatcher, and in one order, so that no two processes clash.
      const locked = await lockLanes(
        tx,
        asked.map(({ merchantId }) => merchantId),
      );
      const lanes = new Map(locked.map((lane) => [lane.merchantId, lane]));
      const refunded = new Set<string>();
      for (const { merchantId, work } of asked) {
        const lane = lanes.get(merchantId);
        if (!lane || !(await work(tx))) continue;
        const after = { ...lane, ...refund(lane, lane.now, this.defaults) };
        for (const one of lanes.values()) {
          if (one.authorizerAppid === lane.authorizerAppid) lanes.set(one.merchantId, withLedgerOf(one, after));
        }
        lanes.set(merchantId, after);
        refunded.add(merchantId);
      }
      if (refunded.size === 0) return;
      await saveLanes(
        tx,
        [...lanes.values()].filter(({ merchantId }) => refunded.has(merchantId)),
      );
      await wakeSiblings(tx, [...refunded]);
    });
    return asked.map(() => undefined);
  }

  /** Changes a lane if `decide` finds a slot there and the platform has one too. */
  private async buy(merchantId: string, decide: (lane: LaneRow) => LaneState | undefined): Promise<boolean> {
    // Most of many who look for a slot find none, and need not wait for the lock to learn that.
    const seen = await readLane(this.dataSource, merchantId);
    if (seen && !decide(seen)) return false;
    return this.dataSource.transaction(async (tx) => {
      const lane = await lockLane(tx, merchantId);
      const changed = decide(lane);
      if (!changed) return false;
      const [merchant] = await rows<{ platformId: string }>(
        tx,
        `SELECT platform_id AS "platformId" FROM merchants WHERE id = $1`,
        [merchantId],
      );
      const platforms = await lockPlatforms(tx, merchant ? [merchant.platformId] : []);
      for (const platform of platforms.values()) {
        if (slotsAt(platform.nextSlotMs, platform.rate, lane.now).count < 1) return false;
        await savePlatform(tx, chargePlatform(platform, 1, lane.now));
      }
      await saveLanes(tx, [{ ...lane, ...changed }]);
      return true;
    });
  }

  /** @returns whether `decide` wanted a change */
  private async change(
    merchantId: string,
    decide: (lane: LaneRow) => LaneState | undefined,
    alongside?: (tx: EntityManager) => Promise<void>,
  ): Promise<boolean> {
    return this.dataSource.transaction(async (tx) => {
      const lane = await lockLane(tx, merchantId);
      const changed = decide(lane);
      if (changed) await saveLanes(tx, [{ ...lane, ...changed }]);
      await alongside?.(tx);
      return changed !== undefined;
    });
  }
}
