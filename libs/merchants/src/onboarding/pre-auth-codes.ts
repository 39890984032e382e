import { randomInt } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { DataSource, Repository } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { rows, SealedColumns } from '@app/database';
import { ComponentApi } from '@app/wechat';
import { ComponentTokens, type CallingPlatform } from '../platforms/component-tokens.js';
import { UsedAuthorizationState } from '../grants/authorization-code.entity.js';
import { PreAuthCodeRow } from './pre-auth-code.entity.js';
import { AuthorizationStateRefused, TokenUnavailable, TooManyAuthorizations } from '../errors.js';

/** Who has codes made, and how many in an hour. */
export interface Budget {
  spender: string;
  perHour: number;
}

export interface HandedOutCode {
  id: string;
  code: string;
}

/** Longer than the call may take, with a mint before it. */
const LEASE_MS = 30_000;
const WAIT_MS = 10_000;

/**
 * Pre-auth codes, each good for one authorization and counted by WeChat when it is made. A code belongs to its taker:
 * who clicks again, or twice at once, gets the same one. Nobody else ever does, for it may be open in the taker's
 * browser still, and whoever confirms second would be refused.
 */
@Injectable()
export class PreAuthCodes {
  constructor(
    private readonly dataSource: DataSource,
    @InjectRepository(PreAuthCodeRow) private readonly codes: Repository<PreAuthCodeRow>,
    @InjectRepository(UsedAuthorizationState) private readonly usedStates: Repository<UsedAuthorizationState>,
    private readonly sealed: SealedColumns,
    private readonly componentTokens: ComponentTokens,
    private readonly api: ComponentApi,
  ) {}

  /**
   * The taker's unused code, or a new one, which counts for all of the budgets. Killed before its code is stored, a
   * process has lost that one code; the next click makes another when the lease is over.
   * @throws TooManyAuthorizations, TokenUnavailable, TicketMissing, WechatError
   */
  async handOut(platform: CallingPlatform, taker: string, budgets: readonly Budget[]): Promise<HandedOutCode> {
    const giveUpAt = performance.now() + WAIT_MS;
    for (;;) {
      const known = await this.unused(platform.id, taker);
      if (known) return known;
      const id = uuidv7();
      if (await this.lease(platform.id, taker, id)) return this.make(platform, id, budgets);
      if (performance.now() > giveUpAt) throw new TokenUnavailable('pre_auth_code_in_progress');
      await delay(randomInt(40, 120));
    }
  }

  /**
   * An authorization came of it, and the next click needs another. Its `state`, which has the same id, is good for the
   * code of that authorization alone from now on.
   * @throws AuthorizationStateRefused
   */
  async spend(id: string, codeHash: string): Promise<void> {
    await this.usedStates.createQueryBuilder().insert().values({ id, codeHash }).orIgnore().execute();
    const used = await this.usedStates.findOneByOrFail({ id });
    if (used.codeHash !== codeHash) throw new AuthorizationStateRefused('used');
    await this.codes.delete({ id });
  }

  /** Clears what is handed out no more. */
  async forgetOld(): Promise<void> {
    await this.dataSource.query(
      `DELETE FROM pre_auth_codes
       WHERE COALESCE(handed_out_until, lease_until, created_at) < now() - interval '1 minute'`,
    );
    await this.dataSource.query(`DELETE FROM pre_auth_budgets WHERE hour < now() - interval '2 hours'`);
  }

  private async make(platform: CallingPlatform, id: string, budgets: readonly Budget[]): Promise<HandedOutCode> {
    try {
      for (const budget of budgets) await this.charge(platform.id, budget);
      const { componentAppid } = platform;
      const { preAuthCode: code, expiresInSeconds } = await this.componentTokens.use(platform, (componentAccessToken) =>
        this.api.createPreAuthCode({ componentAccessToken, componentAppid }),
      );
      // Whoever gets it has the other half of its life to find a phone.
      await this.dataSource.query(
        `UPDATE pre_auth_codes SET code_sealed = $2, lease_until = NULL, handed_out_until = now() + $3 * interval '1 s'
         WHERE id = $1`,
        [id, this.sealed.seal(cellOf(id), code), expiresInSeconds / 2],
      );
      return { id, code };
    } catch (error) {
      await this.codes.delete({ id });
      throw error;
    }
  }

  private async unused(platformId: string, taker: string): Promise<HandedOutCode | undefined> {
    const [row] = await rows<{ id: string; sealed: string }>(
      this.dataSource,
      `SELECT id, code_sealed AS sealed FROM pre_auth_codes
       WHERE platform_id = $1 AND taker = $2 AND code_sealed IS NOT NULL AND handed_out_until > now()`,
      [platformId, taker],
    );
    return row && { id: row.id, code: this.sealed.unseal(cellOf(row.id), row.sealed) };
  }

  private async lease(platformId: string, taker: string, id: string): Promise<boolean> {
    const won = await rows(
      this.dataSource,
      `INSERT INTO pre_auth_codes AS known (id, platform_id, taker, lease_until)
       VALUES ($1, $2, $3, now() + $4 * interval '1 ms')
       ON CONFLICT (platform_id, taker) DO UPDATE SET id = excluded.id, code_sealed = NULL,
         lease_until = excluded.lease_until, handed_out_until = NULL
       WHERE COALESCE(known.lease_until, known.handed_out_until, '-infinity') <= now()
       RETURNING id`,
      [id, platformId, taker, LEASE_MS],
    );
    return won.length === 1;
  }

  /** Before the call: whatever comes of it, WeChat may have counted it. */
  private async charge(platformId: string, { spender, perHour }: Budget): Promise<void> {
    const charged = await rows(
      this.dataSource,
      `INSERT INTO pre_auth_budgets AS known (platform_id, spender, hour, made)
       VALUES ($1, $2, date_trunc('hour', now()), 1)
       ON CONFLICT (platform_id, spender) DO UPDATE SET hour = excluded.hour,
         made = CASE WHEN known.hour = excluded.hour THEN known.made + 1 ELSE 1 END
       WHERE known.hour < excluded.hour OR known.made < $3
       RETURNING made`,
      [platformId, spender, perHour],
    );
    if (charged.length === 1) return;
    const [left] = await rows<{ seconds: number }>(
      this.dataSource,
      `SELECT ceil(extract(epoch FROM date_trunc('hour', now()) + interval '1 hour' - now()))::int AS seconds`,
    );
    throw new TooManyAuthorizations(left?.seconds ?? 3_600);
  }
}

const cellOf = (id: string) => ({ table: 'pre_auth_codes', column: 'code_sealed', rowId: id });
