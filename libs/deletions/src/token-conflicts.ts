import { Injectable, Logger } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { rows } from '@app/database';
import { Events } from '@app/events';
import { afterEarlyVoid, type EarlyVoids } from './early-voids.js';
import { conflictPauseMs } from './hold-pause.js';
import { Lanes } from './lanes.js';

/** What the operator has to mend. */
const EXPLANATION =
  'Another system mints access tokens for this account, and each mint makes the token before it void. Let only one of them mint: ' +
  'other systems can get the current token with POST /v1/merchants/{appid}/access-token.';

interface RefusedMerchant {
  id: string;
  platformId: string;
  authorizerAppid: string;
}

interface TokenRow {
  isCurrent: boolean;
  conflicts: number;
  /** Ms until the next try, while one is being waited for. */
  waitMs: number | null;
}

/**
 * A token that was minted for the very call, and is refused: two systems mint for one account, and would go on breaking each other.
 * Its lane waits, longer each time, and the alarm rings once, until WeChat takes a token again. Where the other system mints more
 * slowly, tokens work and are void before their time: that holds nothing up, and is told of when it happens again and again.
 */
@Injectable()
export class TokenConflicts {
  private readonly logger = new Logger(TokenConflicts.name);

  constructor(
    private readonly dataSource: DataSource,
    private readonly events: Events,
    private readonly lanes: Lanes,
  ) {}

  /** Of many calls that are refused together the first counts; the others wait as long. A newer token is left alone. */
  async begin(merchant: RefusedMerchant, tokenVersion: number, errcode: number | undefined): Promise<void> {
    const pauseMs = await this.dataSource.transaction(async (tx) => {
      const [token] = await rows<TokenRow>(
        tx,
        `SELECT version = $2 AS "isCurrent", conflicts,
           CASE WHEN conflict_until > now() THEN extract(epoch FROM conflict_until - now())::float8 * 1000 END AS "waitMs"
         FROM access_tokens WHERE holder_id = $1 FOR UPDATE`,
        [merchant.id, tokenVersion],
      );
      if (!token) return undefined;
      const isNew = token.isCurrent && token.waitMs === null;
      const pauseMs = isNew ? conflictPauseMs(token.conflicts) : token.waitMs;
      const [conflict] = await rows<{ since: Date }>(
        tx,
        `UPDATE access_tokens SET use_until = CASE WHEN $4 THEN LEAST(use_until, now()) ELSE use_until END,
           void_at = CASE WHEN $4 THEN NULL ELSE void_at END, conflicts = conflicts + $3::int, conflict_since = CASE WHEN $3::int > 0 THEN COALESCE(conflict_since, now()) ELSE conflict_since END,
           conflict_until = CASE WHEN $3::int > 0 THEN now() + $2 * interval '1 ms' ELSE conflict_until END
         WHERE holder_id = $1 RETURNING conflict_since AS since`,
        [merchant.id, pauseMs ?? 0, isNew ? 1 : 0, token.isCurrent],
      );
      if (isNew && conflict) {
        const about = { authorizer_appid: merchant.authorizerAppid, errcode, next_try_ms: pauseMs };
        if (token.conflicts > 0) this.logger.warn('a fresh access token is refused again', about);
        else {
          this.logger.error('a fresh access token is refused: another system mints for this account', about);
          await this.events.append(tx, {
            type: 'merchant.token_conflict',
            platformId: merchant.platformId,
            merchantId: merchant.id,
            data: {
              kind: 'fresh_refused',
              errcode: errcode ?? null,
              since: conflict.since.toISOString(),
              explanation: EXPLANATION,
            },
          });
        }
      }
      return pauseMs ?? undefined;
    });
    if (pauseMs !== undefined) await this.lanes.waitForToken(merchant.id, pauseMs);
  }

  /** WeChat took a token of this account. */
  async end(merchant: RefusedMerchant): Promise<void> {
    const [ended] = await rows<{ id: string }>(
      this.dataSource,
      `WITH ended AS (
         UPDATE access_tokens SET conflicts = 0, conflict_since = NULL, conflict_until = NULL
         WHERE holder_id = $1 AND conflicts > 0 RETURNING holder_id
       ) SELECT holder_id AS id FROM ended`,
      [merchant.id],
    );
    if (ended) this.logger.log('access tokens are taken again', { authorizer_appid: merchant.authorizerAppid });
  }

  /** WeChat took a token of this account, after it had refused the one before. If that was before its time, it counts, once. */
  async renewed(merchant: RefusedMerchant, errcode: number | undefined): Promise<void> {
    await this.dataSource.transaction(async (tx) => {
      const [token] = await rows<EarlyVoids & { voidAt: Date; now: Date }>(
        tx,
        `SELECT void_at AS "voidAt", voids, voids_told_at AS "toldAt", now() AS now FROM access_tokens
         WHERE holder_id = $1 AND void_at IS NOT NULL FOR UPDATE`,
        [merchant.id],
      );
      if (!token) return;
      const { voids, since, isToBeTold } = afterEarlyVoid(token, token.voidAt, token.now);
      await tx.query(
        `UPDATE access_tokens SET void_at = NULL, voids = $2, voids_told_at = CASE WHEN $3 THEN now() ELSE voids_told_at END
         WHERE holder_id = $1`,
        [merchant.id, voids, isToBeTold],
      );
      if (!since || !isToBeTold) return;
      this.logger.error('another system mints tokens for this account: they work, and are void before their time', {
        authorizer_appid: merchant.authorizerAppid,
        errcode,
        since,
      });
      await this.events.append(tx, {
        type: 'merchant.token_conflict',
        platformId: merchant.platformId,
        merchantId: merchant.id,
        data: { kind: 'void_early', errcode: errcode ?? null, since: since.toISOString(), explanation: EXPLANATION },
      });
    });
  }
}
