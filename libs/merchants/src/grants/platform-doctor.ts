import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { leastOffsetMs, rows } from '@app/database';
import { ComponentApi, WechatError, WechatTransport, type ClockTold } from '@app/wechat';
import { MerchantsError, TokenUnavailable } from '../errors.js';
import { claimForAMinute } from '../platforms/claims.js';
import { ComponentTokens } from '../platforms/component-tokens.js';
import type { Platform } from '../platforms/platforms.js';
import { diagnosis, type CallFailureCode, type Check, type Findings, type ListCall } from './diagnosis.js';

/**
 * Looks for what keeps a platform from working. One call asks WeChat for a line of its list of authorizers, which takes
 * the token, the address and the clock with it; a second one mints the token where none is held.
 */
@Injectable()
export class PlatformDoctor {
  constructor(
    private readonly dataSource: DataSource,
    private readonly componentTokens: ComponentTokens,
    private readonly api: ComponentApi,
    private readonly transport: WechatTransport,
  ) {}

  /** @returns 0 when the platform may be examined now, or else the seconds until it may */
  claim(platformId: string): Promise<number> {
    return claimForAMinute(this.dataSource, platformId, 'examine_asked_at');
  }

  async examine(platform: Platform): Promise<Check[]> {
    const before = this.transport.clockTold;
    const call = await this.askForList(platform);
    const told = this.transport.clockTold;
    const recorded = await this.recorded(platform.id);
    const arrived = [recorded.pushedAt, platform.ticketReceivedAt].filter((at) => at !== null);
    return diagnosis({
      ...recorded,
      now: new Date(),
      // Recorded pushes are forgotten after a while.
      pushedAt: arrived.length > 0 ? new Date(Math.max(...arrived.map((at) => at.getTime()))) : null,
      ticketReceivedAt: platform.ticketReceivedAt,
      call,
      // Told before, it says nothing about now.
      aheadOfWechatMs: told && told !== before ? aheadOf(told) : undefined,
      aheadOfDatabaseMs: await this.aheadOfDatabase(),
    });
  }

  private async askForList(platform: Platform): Promise<ListCall> {
    const { componentAppid } = platform;
    try {
      const { totalCount } = await this.componentTokens.use(platform, (componentAccessToken) =>
        this.api.getAuthorizerList({ componentAccessToken, componentAppid, offset: 0, count: 1 }),
      );
      return { isAnswered: true, listed: totalCount };
    } catch (error) {
      if (error instanceof WechatError) {
        const { code, errcode, errmsg } = error;
        return { isAnswered: false, code, errcode, errmsg };
      }
      if (error instanceof MerchantsError) {
        // A mint that failed a moment ago is not tried again so soon: what it failed of is what there is to know.
        const code = error instanceof TokenUnavailable ? error.failureCode : error.code;
        // The database keeps it as text.
        return { isAnswered: false, code: code as CallFailureCode, errcode: undefined, errmsg: undefined };
      }
      throw error;
    }
  }

  private async aheadOfDatabase(): Promise<number | undefined> {
    const askedAt = Date.now();
    const startedAt = performance.now();
    const [found] = await rows<{ at: number }>(
      this.dataSource,
      `SELECT (extract(epoch FROM clock_timestamp()) * 1000)::float8 AS at`,
    );
    const tookMs = performance.now() - startedAt;
    return found && leastOffsetMs({ askedAt, answeredAt: Date.now(), databaseAt: found.at, tookMs });
  }

  private async recorded(
    platformId: string,
  ): Promise<Pick<Findings, 'pushedAt' | 'authorized' | 'mayBeListed' | 'eligible' | 'reasons'>> {
    const [last] = await rows<{ pushedAt: Date }>(
      this.dataSource,
      `SELECT received_at AS "pushedAt" FROM callback_events WHERE platform_id = $1 ORDER BY id DESC LIMIT 1`,
      [platformId],
    );
    const groups = await rows<{ reasons: string[]; count: number }>(
      this.dataSource,
      `SELECT ineligible_reasons AS reasons, count(*)::int AS count FROM merchants
       WHERE platform_id = $1 AND state = 'authorized' GROUP BY ineligible_reasons`,
      [platformId],
    );
    // An event says that WeChat lists the merchant no more, and wipes the refresh token. What a call taught leaves it.
    const [lapsed] = await rows<{ count: number }>(
      this.dataSource,
      `SELECT count(*)::int AS count FROM merchants WHERE platform_id = $1
         AND (state = 'reauthorization_required' OR state = 'unauthorized' AND refresh_token_sealed IS NOT NULL)`,
      [platformId],
    );
    const reasons: Record<string, number> = {};
    let [authorized, eligible] = [0, 0];
    for (const group of groups) {
      authorized += group.count;
      if (group.reasons.length === 0) eligible += group.count;
      for (const reason of group.reasons) reasons[reason] = (reasons[reason] ?? 0) + group.count;
    }
    return { pushedAt: last?.pushedAt ?? null, authorized, mayBeListed: lapsed?.count ?? 0, eligible, reasons };
  }
}

/** At the least: the header's second may have been almost over, and the answer was on its way for a while. */
function aheadOf({ wechatAt, askedAt, answeredAt }: ClockTold): number {
  if (askedAt > wechatAt + 1_000) return askedAt - wechatAt - 1_000;
  return answeredAt < wechatAt ? answeredAt - wechatAt : 0;
}
