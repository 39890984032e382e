import { Injectable, Logger } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { rows } from '@app/database';
import { Events } from '@app/events';
import { AWAITS_FACTS } from './facts-wait.js';
import { SURELY_REFUSED } from './grant-gone.js';
import { SHOWS_THE_HOLD } from './held.js';
import { holdPauseMs } from './hold-pause.js';
import { Lanes } from './lanes.js';
import type { HoldReason } from './next-step.js';

/** SQL over a lane `p` and a deletion `d` in it: the lane is not shut for it. */
const IS_OPEN_TO = `COALESCE(CASE WHEN d.is_urgent THEN p.urgent_blocked_until ELSE p.blocked_until END, '-infinity') <= now()`;

/** Longer than a mint and a call take; a probe that is never heard of is sent again after it. */
const PROBE_LEASE_S = 60;

interface HeldRow {
  componentAppid: string;
  heldSince: Date | null;
  heldByMint: boolean;
  probes: number;
  probeDeletionId: string | null;
}

/** What a call showed of its platform. */
export interface PlatformFailure {
  platformId: string;
  deletionId: string;
  reason: HoldReason;
  errcode?: number | undefined;
  /** For want of a token: merchants who have one are not concerned. */
  isOfMint: boolean;
  /** The first probe comes no sooner. */
  leastPauseMs?: number | undefined;
}

/** Until then a hold is in the database, where every claim sees it, and no probe has gone ahead yet. */
const FUTILE_MS = 3_000;

/**
 * What every deletion of a platform would fail of (its secret, its ticket, our address, no connection) stops all its
 * lanes: no call is wasted, and the alarm rings once. After growing pauses one deletion, of any merchant, goes ahead as a
 * probe; as soon as WeChat answers it in the ordinary way, all go on.
 */
@Injectable()
export class PlatformHolds {
  private readonly logger = new Logger(PlatformHolds.name);
  /** When this process last heard that a platform gets no tokens, by performance.now(). */
  private readonly mintsFailedAt = new Map<string, number>();

  constructor(
    private readonly dataSource: DataSource,
    private readonly events: Events,
    private readonly lanes: Lanes,
  ) {}

  /**
   * Of the many calls that fail together the first one counts, and later only those of a probe.
   * @returns whether this one began the hold
   */
  async hold(failure: PlatformFailure): Promise<boolean> {
    const { platformId, deletionId, reason, errcode, isOfMint, leastPauseMs = 0 } = failure;
    if (isOfMint) this.mintsFailedAt.set(platformId, performance.now());
    return this.dataSource.transaction(async (tx) => {
      const [platform] = await rows<HeldRow>(
        tx,
        `SELECT component_appid AS "componentAppid", held_since AS "heldSince", held_by_mint AS "heldByMint",
           hold_probes AS probes, probe_deletion_id AS "probeDeletionId" FROM platforms WHERE id = $1 FOR UPDATE`,
        [platformId],
      );
      if (!platform) return false;
      const isNew = platform.heldSince === null;
      const isWider = !isNew && platform.heldByMint && !isOfMint;
      if (!isNew && !isWider && platform.probeDeletionId !== deletionId) return false;
      const pauseMs = Math.max(leastPauseMs, holdPauseMs(platform.probes));
      const [held] = await rows<{ since: Date }>(
        tx,
        `UPDATE platforms SET held_since = COALESCE(held_since, now()), held_until = now() + $2 * interval '1 ms',
           held_reason = $3, held_errcode = $4, held_by_mint = $5, held_by_deletion_id = COALESCE(held_by_deletion_id, $6),
           probe_merchant_id = NULL, probe_deletion_id = NULL
         WHERE id = $1 RETURNING held_since AS since`,
        [platformId, pauseMs, reason, errcode ?? null, isOfMint && (isNew || platform.heldByMint), deletionId],
      );
      const about = { component_appid: platform.componentAppid, reason, errcode, next_probe_ms: pauseMs };
      if (!isNew) {
        this.logger.warn('platform is still held', about);
        return false;
      }
      this.logger.error('platform held: every call for it would fail', about);
      const since = held?.since.toISOString() ?? '';
      await this.events.append(tx, {
        type: 'platform.held',
        platformId,
        data: { reason, errcode: errcode ?? null, since },
      });
      return true;
    });
  }

  /** Whether a mint of this platform failed just now, so that one that was about to begin would, too. */
  isMintFutile(platformId: string): boolean {
    return performance.now() - (this.mintsFailedAt.get(platformId) ?? -Infinity) < FUTILE_MS;
  }

  /** WeChat has answered the probe. If another merchant's, it was the beginner's own trouble, and costs it a retry. */
  async resume(platformId: string, deletionId: string): Promise<void> {
    await this.dataSource.transaction(async (tx) => {
      const [held] = await rows<{ componentAppid: string; beganWith: string | null; probeMerchantId: string }>(
        tx,
        `SELECT component_appid AS "componentAppid", held_by_deletion_id AS "beganWith", probe_merchant_id AS "probeMerchantId"
         FROM platforms WHERE id = $1 AND held_since IS NOT NULL AND probe_deletion_id = $2 FOR UPDATE`,
        [platformId, deletionId],
      );
      if (!held) return;
      await tx.query(
        `UPDATE platforms SET held_since = NULL, held_until = NULL, held_reason = NULL, held_errcode = NULL, hold_probes = 0,
           held_by_deletion_id = NULL, held_by_mint = false, probe_merchant_id = NULL, probe_deletion_id = NULL WHERE id = $1`,
        [platformId],
      );
      await tx.query(
        `UPDATE deletions SET retries = retries + 1 WHERE id = $1 AND merchant_id <> $2 AND finished_at IS NULL`,
        [held.beganWith, held.probeMerchantId],
      );
      await this.events.append(tx, { type: 'platform.resumed', platformId, data: {} });
      await this.lanes.wakePlatform(tx, platformId);
      this.logger.log('platform works again', { component_appid: held.componentAppid });
    });
  }

  /** The probe goes back into its lane without a call: what leaves the lane next takes its place. */
  async handBackProbe(platformId: string, deletionId: string): Promise<void> {
    await this.dataSource.query(
      `UPDATE platforms SET probe_deletion_id = NULL WHERE id = $1 AND probe_deletion_id = $2`,
      [platformId, deletionId],
    );
  }

  /** The probe found nothing out, such as when a mint of another process had failed just before: another goes ahead soon. */
  async probeAgain(platformId: string, deletionId: string): Promise<void> {
    await this.dataSource.query(
      `UPDATE platforms SET probe_merchant_id = NULL, probe_deletion_id = NULL, held_until = now() + $3 * interval '1 ms'
       WHERE id = $1 AND probe_deletion_id = $2`,
      [platformId, deletionId, holdPauseMs(0)],
    );
  }

  /**
   * For each platform whose pause is over, lets one merchant go ahead that has something to do. Any, so that a merchant
   * whose own trouble looks like the platform's does not keep the others waiting.
   */
  async probe(): Promise<void> {
    const due = await rows<{ id: string }>(this.dataSource, `SELECT id FROM platforms WHERE held_until <= now()`);
    for (const { id } of due) {
      await this.dataSource.query(
        `WITH lane AS (
           SELECT p.merchant_id FROM merchant_pacing p JOIN merchants m ON m.id = p.merchant_id
             JOIN platforms pl ON pl.id = m.platform_id LEFT JOIN access_tokens t ON t.holder_id = m.id
           WHERE m.platform_id = $1 AND p.due_at IS NOT NULL AND ${SURELY_REFUSED} IS NULL AND NOT ${AWAITS_FACTS} AND ${SHOWS_THE_HOLD}
             AND p.next_slot_at <= now() + interval '1 s'
             AND EXISTS (SELECT 1 FROM deletions d WHERE d.merchant_id = m.id AND d.finished_at IS NULL
               AND d.dispatched_at IS NULL AND d.ready_at <= now() AND ${IS_OPEN_TO})
           ORDER BY random() LIMIT 1
         ), chosen AS (
           UPDATE platforms SET probe_merchant_id = lane.merchant_id, probe_deletion_id = NULL, hold_probes = hold_probes + 1,
             held_until = now() + interval '${PROBE_LEASE_S} s'
           FROM lane WHERE id = $1 AND held_until <= now() RETURNING probe_merchant_id
         )
         INSERT INTO lane_wakes (merchant_id, ready_at) SELECT probe_merchant_id, now() FROM chosen`,
        [id],
      );
    }
  }
}
