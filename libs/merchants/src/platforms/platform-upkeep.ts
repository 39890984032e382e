import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { rows } from '@app/database';
import { Events } from '@app/events';
import { EVERYTHING } from '@app/scope';
import { shareOf } from '../tokens/refresh-ahead.js';
import { Platforms, type Platform } from './platforms.js';
import { SILENT_AFTER_MS, ticketStateAt } from './ticket-state.js';

/** WeChat needs some time to begin to push again. */
const ASK_EVERY_MS = 10 * 60_000;
const RECONCILE_EVERY_MS = 24 * 3_600_000;
const JITTER_MS = 3_600_000;

/** Which platforms need care now. */
@Injectable()
export class PlatformUpkeep {
  constructor(
    private readonly dataSource: DataSource,
    private readonly platforms: Platforms,
    private readonly events: Events,
  ) {}

  /**
   * Claims the platforms that have a ticket, and so can be asked, and whose list of authorizers was not read for a day;
   * each at most once an hour, whatever comes of it.
   */
  async claimForReconciliation(now: Date): Promise<Platform[]> {
    const hasTicket = (platform: Platform) => ticketStateAt(platform.ticketReceivedAt, now).state !== 'missing';
    const due = (await this.platforms.list(EVERYTHING)).filter(
      (platform) => hasTicket(platform) && isReconciliationDue(platform, now),
    );
    const claimed = await rows<{ id: string }>(
      this.dataSource,
      `UPDATE platforms SET reconcile_asked_at = now()
       WHERE id = ANY($1) AND (reconcile_asked_at IS NULL OR reconcile_asked_at < now() - interval '1 hour')
       RETURNING id`,
      [due.map(({ id }) => id)],
    );
    const ids = new Set(claimed.map(({ id }) => id));
    return due.filter(({ id }) => ids.has(id));
  }

  /**
   * Claims the platforms that got no ticket for half an hour, each at most every ten minutes among all processes: it is
   * the claimer's turn to ask WeChat for one. The first time in a silence is an event.
   */
  async claimSilent(): Promise<Platform[]> {
    const ids = await this.dataSource.transaction(async (tx) => {
      const claimed = await rows<{ id: string; componentAppid: string; receivedAt: Date | null; isNews: boolean }>(
        tx,
        `WITH silent AS (
           SELECT id, ticket_asked_at IS NULL OR COALESCE(ticket_asked_at < ticket_received_at, false) AS is_news
           FROM platforms
           WHERE COALESCE(ticket_received_at, created_at) < now() - $1 * interval '1 ms'
             AND (ticket_asked_at IS NULL OR ticket_asked_at < now() - $2 * interval '1 ms')
           FOR UPDATE SKIP LOCKED)
         UPDATE platforms p SET ticket_asked_at = now() FROM silent WHERE p.id = silent.id
         RETURNING p.id, p.component_appid AS "componentAppid", p.ticket_received_at AS "receivedAt",
           silent.is_news AS "isNews"`,
        [SILENT_AFTER_MS, ASK_EVERY_MS],
      );
      for (const { receivedAt, isNews, ...platform } of claimed) {
        const data = { ticket_received_at: receivedAt?.toISOString() ?? null };
        if (isNews) await this.events.append(tx, { type: 'platform.ticket_silent', platform, data });
      }
      return claimed.map(({ id }) => id);
    });
    return (await this.platforms.list(EVERYTHING)).filter(({ id }) => ids.includes(id));
  }
}

/**
 * Whether a platform's list of authorizers is to be read again: a day after the last time, or after it was registered,
 * and up to an hour more, always the same for one platform.
 */
export function isReconciliationDue(
  { id, createdAt, reconciledAt }: Pick<Platform, 'id' | 'createdAt' | 'reconciledAt'>,
  now: Date,
): boolean {
  return now.getTime() - (reconciledAt ?? createdAt).getTime() >= RECONCILE_EVERY_MS + JITTER_MS * shareOf(id);
}
