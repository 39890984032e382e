import { Injectable, Logger } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { rows } from '@app/database';
import { AuthorizerTokens, GRANT_GONE, type TokenHolder } from '@app/merchants';
import { AuthorizerApi } from '@app/wechat';
import { makeCall } from './call-result.js';
import { IS_PLATFORM_HELD } from '../lanes/hold-conditions.js';
import { RunRows } from './run-rows.js';
import { tellOf } from '../deletion/deletion-events.js';
import { verificationDelayMs } from './verification-delay.js';
import { DELETED } from '../deletion/target.js';

/** A look whose job was lost is taken up again after this. */
const LEASE_S = 120;
const UNANSWERED_PAUSE_S = 600;
/** Of a merchant that could not be asked for so long, nothing is looked for any more. */
const GIVE_UP_AFTER = '3 days';

interface Look {
  merchant: TokenHolder;
  msgId: bigint;
  looks: number;
}

/**
 * Looks at WeChat, some time after it accepted the deletion of a whole message, whether the message is gone: the proof
 * rises from `acknowledged` to `verified`. Of a single article `mass/get` says nothing.
 */
@Injectable()
export class Verifications {
  private readonly logger = new Logger(Verifications.name);

  constructor(
    private readonly dataSource: DataSource,
    private readonly runs: RunRows,
    private readonly tokens: AuthorizerTokens,
    private readonly api: AuthorizerApi,
  ) {}

  /**
   * Takes looks that are due, the longest due first; those of merchants and platforms that cannot be asked now are
   * left.
   */
  async take(limit: number): Promise<{ id: string; requestId: string }[]> {
    await this.dataSource.query(
      `UPDATE deletions SET verify_at = NULL
       WHERE verify_at < now() AND finished_at < now() - interval '${GIVE_UP_AFTER}'`,
    );
    return rows(
      this.dataSource,
      `UPDATE deletions SET verify_at = now() + interval '${LEASE_S} s' WHERE id = ANY(ARRAY(
         SELECT d.id FROM deletions d JOIN merchants m ON m.id = d.merchant_id
         WHERE d.verify_at <= now() AND ${GRANT_GONE} IS NULL AND NOT ${IS_PLATFORM_HELD}
         ORDER BY d.verify_at LIMIT $1 FOR UPDATE OF d SKIP LOCKED))
       RETURNING id, request_id AS "requestId"`,
      [limit],
    );
  }

  /** One look. What goes wrong with it is one more reason to look later. */
  async look(deletionId: string): Promise<void> {
    const look = await this.find(deletionId);
    if (!look) return;
    const token = await this.token(look.merchant);
    const call = token && (await this.ask(deletionId, look, token));
    if (call?.answer?.status === DELETED) return this.verified(deletionId);
    // Nobody having answered is no reason to give up, and none to ask sooner.
    if (call?.answer) await this.later(deletionId, look.looks + 1);
    else
      await this.dataSource.query(
        `UPDATE deletions SET verify_at = now() + interval '${UNANSWERED_PAUSE_S} s'
         WHERE id = $1 AND verify_at IS NOT NULL`,
        [deletionId],
      );
  }

  private async ask(deletionId: string, { merchant, msgId }: Look, token: { token: string; version: number }) {
    const callId = uuidv7();
    await this.dataSource.query(
      `INSERT INTO deletion_attempts (id, deletion_id, operation) VALUES ($1, $2, 'mass/get')`,
      [callId, deletionId],
    );
    const call = await makeCall(callId, () => this.api.massGet({ accessToken: token.token, msgId }));
    await this.runs.finishCall(callId, call.result);
    if (call.result.outcome === 'credential_expired') await this.tokens.markStale(merchant, token.version);
    return call;
  }

  private async token(merchant: TokenHolder) {
    try {
      return await this.tokens.current(merchant);
    } catch (error) {
      this.logger.warn('no token to verify a deletion with', { authorizer_appid: merchant.authorizerAppid, error });
      return undefined;
    }
  }

  private async find(deletionId: string): Promise<Look | undefined> {
    const [found] = await rows<{
      msgId: string;
      looks: number;
      id: string;
      platformId: string;
      authorizerAppid: string;
    }>(
      this.dataSource,
      `SELECT d.msg_id AS "msgId", d.verify_tries AS looks, m.id, m.platform_id AS "platformId",
         m.authorizer_appid AS "authorizerAppid"
       FROM deletions d JOIN merchants m ON m.id = d.merchant_id WHERE d.id = $1 AND d.verify_at IS NOT NULL`,
      [deletionId],
    );
    if (!found) return undefined;
    const { msgId, looks, ...merchant } = found;
    return { merchant, looks, msgId: BigInt(msgId) };
  }

  private async verified(deletionId: string): Promise<void> {
    await this.dataSource.query(
      `WITH verified AS (
         UPDATE deletions SET proof = 'verified', verify_at = NULL
         WHERE id = $1 AND proof = 'acknowledged' AND state = 'succeeded' RETURNING *
       ) ${tellOf('verified', `'deletion.verified'`)}`,
      [deletionId],
    );
    this.logger.log('deletion verified', { deletion_id: deletionId });
  }

  private async later(deletionId: string, looks: number): Promise<void> {
    const delayMs = verificationDelayMs(looks);
    await this.dataSource.query(
      `UPDATE deletions SET verify_tries = $2, verify_at = now() + $3 * interval '1 ms'
       WHERE id = $1 AND verify_at IS NOT NULL`,
      [deletionId, looks, delayMs ?? null],
    );
    if (delayMs === undefined) {
      this.logger.error('WeChat accepted a deletion and still shows the message', { deletion_id: deletionId });
    }
  }
}
