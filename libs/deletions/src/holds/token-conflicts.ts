import { Injectable, Logger } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { rows } from '@app/database';
import { Events, type EventData } from '@app/events';
import { AuthorizerTokens, Platforms } from '@app/merchants';
import { afterEarlyVoid, type EarlyVoids } from '../pacing/early-voids.js';
import { conflictPauseMs } from './hold-pause.js';
import { Lanes } from '../lanes/lanes.js';

/** Tells the operator what to mend. */
const EXPLANATION =
  'Another system mints access tokens for this account, and each mint makes the token before it void. ' +
  'Let only one of them mint: other systems can get the current token with POST /v1/merchants/{appid}/access-token.';

interface RefusedMerchant {
  id: string;
  platformId: string;
  authorizerAppid: string;
}

type Finding = Pick<EventData['merchant.token_conflict'], 'kind' | 'errcode'> & { since: Date };

/**
 * Two systems that mint for one account break each other's tokens. If WeChat refuses a token that was minted for the
 * very call, the lane waits, longer each time, and the alarm rings once, until WeChat takes a token again. If the other
 * system mints more slowly, tokens work and are void before their time: that holds nothing up, and rings when it
 * happens again and again.
 */
@Injectable()
export class TokenConflicts {
  private readonly logger = new Logger(TokenConflicts.name);

  constructor(
    private readonly dataSource: DataSource,
    private readonly events: Events,
    private readonly lanes: Lanes,
    private readonly tokens: AuthorizerTokens,
    private readonly platforms: Platforms,
  ) {}

  /** Many calls are refused together: the first counts, and the others wait as long. A newer token is left alone. */
  async begin(merchant: RefusedMerchant, tokenVersion: number, errcode: number | undefined): Promise<void> {
    const pauseMs = await this.dataSource.transaction(async (tx) => {
      const isCurrent = await this.tokens.refuseFresh(tx, merchant, tokenVersion);
      const [known] = await rows<{ refused: number; waitMs: number | null }>(
        tx,
        `SELECT refused, CASE WHEN until > now() THEN extract(epoch FROM until - now())::float8 * 1000 END AS "waitMs"
         FROM token_conflicts WHERE merchant_id = $1 FOR UPDATE`,
        [merchant.id],
      );
      const { refused = 0, waitMs = null } = known ?? {};
      if (!isCurrent || waitMs !== null) return waitMs ?? undefined;
      const pauseMs = conflictPauseMs(refused);
      const [conflict] = await rows<{ since: Date }>(
        tx,
        `INSERT INTO token_conflicts AS c (merchant_id, refused, since, until)
         VALUES ($1, 1, now(), now() + $2 * interval '1 ms')
         ON CONFLICT (merchant_id) DO UPDATE SET refused = c.refused + 1, since = COALESCE(c.since, now()),
           until = excluded.until
         RETURNING since`,
        [merchant.id, pauseMs],
      );
      const about = { authorizer_appid: merchant.authorizerAppid, errcode, next_try_ms: pauseMs };
      if (refused > 0) this.logger.warn('a fresh access token is refused again', about);
      else if (conflict) {
        this.logger.error('a fresh access token is refused: another system mints for this account', about);
        await this.tell(tx, merchant, { kind: 'fresh_refused', errcode: errcode ?? null, since: conflict.since });
      }
      return pauseMs;
    });
    if (pauseMs !== undefined) await this.lanes.waitForToken(merchant.id, pauseMs);
  }

  /** WeChat took a token of this account. */
  async end(merchant: RefusedMerchant): Promise<void> {
    const [ended] = await rows<{ id: string }>(
      this.dataSource,
      `WITH ended AS (
         UPDATE token_conflicts SET refused = 0, since = NULL, until = NULL
         WHERE merchant_id = $1 AND refused > 0 RETURNING merchant_id
       ) SELECT merchant_id AS id FROM ended`,
      [merchant.id],
    );
    if (ended) this.logger.log('access tokens are taken again', { authorizer_appid: merchant.authorizerAppid });
  }

  /**
   * WeChat took a token of this account after it had refused the one before. If that one was void early, it counts,
   * once.
   */
  async renewed(merchant: RefusedMerchant, errcode: number | undefined): Promise<void> {
    await this.dataSource.transaction(async (tx) => {
      const early = await this.tokens.claimEarlyVoid(tx, merchant);
      if (!early) return;
      const [known = { voids: [], toldAt: null }] = await rows<EarlyVoids>(
        tx,
        `SELECT voids, voids_told_at AS "toldAt" FROM token_conflicts WHERE merchant_id = $1 FOR UPDATE`,
        [merchant.id],
      );
      const { voids, since, isToBeTold } = afterEarlyVoid(known, early.at, early.now);
      await tx.query(
        `INSERT INTO token_conflicts AS c (merchant_id, voids, voids_told_at)
         VALUES ($1, $2, CASE WHEN $3 THEN now() END)
         ON CONFLICT (merchant_id) DO UPDATE SET voids = excluded.voids,
           voids_told_at = COALESCE(excluded.voids_told_at, c.voids_told_at)`,
        [merchant.id, voids, isToBeTold],
      );
      if (!since || !isToBeTold) return;
      this.logger.error('another system mints tokens for this account: they work, and are void before their time', {
        authorizer_appid: merchant.authorizerAppid,
        errcode,
        since,
      });
      await this.tell(tx, merchant, { kind: 'void_early', errcode: errcode ?? null, since });
    });
  }

  private async tell(tx: EntityManager, merchant: RefusedMerchant, found: Finding): Promise<void> {
    const componentAppid = await this.platforms.appidOf(merchant.platformId, tx);
    await this.events.append(tx, {
      type: 'merchant.token_conflict',
      platform: { id: merchant.platformId, componentAppid },
      merchant,
      data: { ...found, since: found.since.toISOString(), explanation: EXPLANATION },
    });
  }
}
