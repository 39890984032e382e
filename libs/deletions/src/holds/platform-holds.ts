import { Injectable, Logger } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { rows } from '@app/database';
import { Events } from '@app/events';
import { Platforms, SURELY_REFUSED } from '@app/merchants';
import { isReadyInLane } from '../deletion/conditions.js';
import { AWAITS_FACTS } from '../lanes/facts-wait.js';
import { mendedAt, PROBE_AT, SHOWS_THE_HOLD } from '../lanes/hold-conditions.js';
import { holdPauseMs } from './hold-pause.js';
import { insertWakes, wakePlatform } from '../lanes/lane-wakes.js';
import type { HoldReason } from './platform-hold.entity.js';

/** SQL over a lane `p` and a deletion `d` in it: the lane is not shut for it. */
const IS_OPEN_TO = `COALESCE(
  CASE WHEN d.is_urgent THEN p.urgent_blocked_until ELSE p.blocked_until END, '-infinity') <= now()`;

/** A probe that is never heard of is sent again after so long: longer than a mint and a call take. */
const PROBE_LEASE_S = 60;

interface HeldRow {
  isOfMint: boolean;
  probes: number;
  probeDeletionId: string | null;
}

/** The hold of a platform, for which no deletion is sent. */
export interface PlatformHoldView {
  reason: HoldReason;
  errcode: number | null;
  since: Date;
  nextProbeAt: Date;
}

/** A failure of a call that is its platform's. */
export interface PlatformFailure {
  platformId: string;
  deletionId: string;
  reason: HoldReason;
  errcode?: number | undefined;
  /** The platform gets no tokens: merchants who have one are not concerned. */
  isOfMint: boolean;
  /** The first probe comes no sooner. */
  leastPauseMs?: number | undefined;
}

/** After so long the hold is in the database, where every claim sees it, and no probe has gone ahead yet. */
const FUTILE_MS = 3_000;

/**
 * A failure that every deletion of a platform would share (its secret, its ticket, our address, no connection) stops
 * all its lanes: no call is wasted, and the alarm rings once. After growing pauses one deletion, of any merchant, goes
 * ahead as a probe; as soon as WeChat answers it in the ordinary way, all go on.
 */
@Injectable()
export class PlatformHolds {
  private readonly logger = new Logger(PlatformHolds.name);
  /** When this process last heard that a platform gets no tokens, by performance.now(). */
  private readonly mintsFailedAt = new Map<string, number>();

  constructor(
    private readonly dataSource: DataSource,
    private readonly events: Events,
    private readonly platforms: Platforms,
  ) {}

  /** @returns the holds by platform; a platform that works has none */
  async of(platformIds: string[]): Promise<Map<string, PlatformHoldView>> {
    const found = await rows<PlatformHoldView & { platformId: string }>(
      this.dataSource,
      `SELECT h.platform_id AS "platformId", h.reason, h.errcode, h.since, ${PROBE_AT} AS "nextProbeAt"
       FROM platform_holds h JOIN platforms pl ON pl.id = h.platform_id WHERE h.platform_id = ANY($1)`,
      [platformIds],
    );
    return new Map(found.map(({ platformId, ...hold }) => [platformId, hold]));
  }

  /**
   * Many calls fail together: the first of them begins the hold, and later only a probe's failure counts.
   * @returns whether this one began the hold
   */
  async hold(failure: PlatformFailure): Promise<boolean> {
    const { platformId, deletionId, reason, errcode, isOfMint, leastPauseMs = 0 } = failure;
    if (isOfMint) this.mintsFailedAt.set(platformId, performance.now());
    return this.dataSource.transaction(async (tx) => {
      const componentAppid = await this.platforms.appidOf(platformId, tx);
      const firstPauseMs = Math.max(leastPauseMs, holdPauseMs(0));
      const [begun] = await rows<{ since: Date }>(
        tx,
        `INSERT INTO platform_holds (platform_id, reason, errcode, is_of_mint, begun_by, probe_at, mended_at)
         SELECT pl.id, $2::text, $3::int, $4::boolean, $5::uuid, now() + $6 * interval '1 ms', ${mendedAt('$2::text')}
         FROM platforms pl WHERE pl.id = $1
         ON CONFLICT (platform_id) DO NOTHING RETURNING since`,
        [platformId, reason, errcode ?? null, isOfMint, deletionId, firstPauseMs],
      );
      if (begun) {
        const about = { component_appid: componentAppid, reason, errcode, next_probe_ms: firstPauseMs };
        this.logger.error('platform held: every call for it would fail', about);
        await this.events.append(tx, {
          type: 'platform.held',
          platform: { id: platformId, componentAppid },
          data: { reason, errcode: errcode ?? null, since: begun.since.toISOString() },
        });
        return true;
      }
      const [held] = await rows<HeldRow>(
        tx,
        `SELECT is_of_mint AS "isOfMint", probes, probe_deletion_id AS "probeDeletionId"
         FROM platform_holds WHERE platform_id = $1 FOR UPDATE`,
        [platformId],
      );
      // If it has ended just now, the next call that fails begins another.
      if (!held) return false;
      const isWider = held.isOfMint && !isOfMint;
      if (!isWider && held.probeDeletionId !== deletionId) return false;
      const pauseMs = Math.max(leastPauseMs, holdPauseMs(held.probes));
      await tx.query(
        `UPDATE platform_holds h SET probe_at = now() + $2 * interval '1 ms', mended_at = ${mendedAt('$3::text')},
           reason = $3::text, errcode = $4, is_of_mint = $5, probe_merchant_id = NULL, probe_deletion_id = NULL
         FROM platforms pl WHERE h.platform_id = $1 AND pl.id = h.platform_id`,
        [platformId, pauseMs, reason, errcode ?? null, isOfMint && held.isOfMint],
      );
      const about = { component_appid: componentAppid, reason, errcode, next_probe_ms: pauseMs };
      this.logger.warn('platform is still held', about);
      return false;
    });
  }

  /** @returns whether a mint of this platform failed just now, so that the next one would fail too */
  isMintFutile(platformId: string): boolean {
    return performance.now() - (this.mintsFailedAt.get(platformId) ?? -Infinity) < FUTILE_MS;
  }

  /**
   * WeChat has answered the probe. If the probe is another merchant's, the deletion that began the hold had trouble of
   * its own, which costs it a retry.
   */
  async resume(platformId: string, deletionId: string): Promise<void> {
    await this.dataSource.transaction(async (tx) => {
      const [held] = await rows<{ begunBy: string | null; probeMerchantId: string }>(
        tx,
        `DELETE FROM platform_holds WHERE platform_id = $1 AND probe_deletion_id = $2
         RETURNING begun_by AS "begunBy", probe_merchant_id AS "probeMerchantId"`,
        [platformId, deletionId],
      );
      if (!held) return;
      await tx.query(
        `UPDATE deletions SET retries = retries + 1 WHERE id = $1 AND merchant_id <> $2 AND finished_at IS NULL`,
        [held.begunBy, held.probeMerchantId],
      );
      const componentAppid = await this.platforms.appidOf(platformId, tx);
      await this.events.append(tx, {
        type: 'platform.resumed',
        platform: { id: platformId, componentAppid },
        data: {},
      });
      await wakePlatform(tx, platformId);
      this.logger.log('platform works again', { component_appid: componentAppid });
    });
  }

  /** The probe goes back into its lane without a call: what leaves the lane next takes its place. */
  async handBackProbe(platformId: string, deletionId: string): Promise<void> {
    await this.dataSource.query(
      `UPDATE platform_holds SET probe_deletion_id = NULL WHERE platform_id = $1 AND probe_deletion_id = $2`,
      [platformId, deletionId],
    );
  }

  /**
   * The probe has shown nothing, for example because a mint of another process had just failed: another goes ahead
   * soon.
   */
  async probeAgain(platformId: string, deletionId: string): Promise<void> {
    await this.dataSource.query(
      `UPDATE platform_holds h SET probe_merchant_id = NULL, probe_deletion_id = NULL,
         mended_at = ${mendedAt('h.reason')}, probe_at = now() + $3 * interval '1 ms'
       FROM platforms pl WHERE h.platform_id = $1 AND h.probe_deletion_id = $2 AND pl.id = h.platform_id`,
      [platformId, deletionId, holdPauseMs(0)],
    );
  }

  /**
   * Lets one merchant that has something to do go ahead, for each platform whose pause is over. It is drawn by lot, so
   * that a merchant whose own trouble looks like the platform's does not keep the others waiting.
   */
  async probe(): Promise<void> {
    const due = await rows<{ id: string }>(
      this.dataSource,
      `SELECT h.platform_id AS id FROM platform_holds h JOIN platforms pl ON pl.id = h.platform_id
       WHERE ${PROBE_AT} <= now()`,
    );
    for (const { id } of due) {
      await this.dataSource.query(
        `WITH lane AS (
           SELECT p.merchant_id FROM merchant_pacing p JOIN merchants m ON m.id = p.merchant_id
             JOIN platform_holds h ON h.platform_id = m.platform_id LEFT JOIN access_tokens t ON t.holder_id = m.id
           WHERE m.platform_id = $1 AND p.due_at IS NOT NULL AND ${SURELY_REFUSED} IS NULL AND NOT ${AWAITS_FACTS}
             AND ${SHOWS_THE_HOLD} AND p.next_slot_at <= now() + interval '1 s'
             AND EXISTS (SELECT 1 FROM deletions d
               WHERE d.merchant_id = m.id AND ${isReadyInLane('d')} AND ${IS_OPEN_TO})
           ORDER BY random() LIMIT 1
         ), chosen AS (
           UPDATE platform_holds h SET probe_merchant_id = lane.merchant_id, probe_deletion_id = NULL,
             probes = h.probes + 1, probe_at = now() + interval '${PROBE_LEASE_S} s'
           FROM lane, platforms pl WHERE h.platform_id = $1 AND pl.id = h.platform_id AND ${PROBE_AT} <= now()
           RETURNING h.probe_merchant_id
         )
         ${insertWakes('SELECT probe_merchant_id, now() FROM chosen')}`,
        [id],
      );
    }
  }
}
