import { randomInt } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { Inject, Injectable, Optional } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { isItemError, prepared, recordset, rows, SealedColumns, statement } from '@app/database';
import { Batcher, type BatchWindow } from '@app/concurrency';
import { MintPutOff, TicketMissing, TokenUnavailable } from '../errors.js';

export interface MintedToken {
  token: string;
  expiresInSeconds: number;
}

/** A token and which one it is: pass the version on when WeChat refuses it. */
export interface HeldToken {
  token: string;
  version: number;
  expiresAt: Date;
}

/** A token that WeChat refused before its time. By the database's clock. */
export interface EarlyVoid {
  at: Date;
  now: Date;
}

export interface AccessTokenOptions {
  /** Renewed while a mint is under way; after it another process takes over from one that died. */
  leaseMs: number;
  /** How long a caller waits for somebody else's mint. */
  waitMs: number;
  /** How long nobody tries again after a failed mint, so that a thousand callers make one failed call. */
  cooldownMs: number;
}

export const ACCESS_TOKEN_OPTIONS = Symbol('AccessTokenOptions');
const DEFAULTS: AccessTokenOptions = { leaseMs: 30_000, waitMs: 35_000, cooldownMs: 2_000 };

interface WantedToken {
  holderId: string;
  lastingMs: number;
}

interface Row {
  token_sealed: string | null;
  expires_at: Date;
  version: number;
  is_usable: boolean;
  is_cooling: boolean;
  failure_code: string | null;
}

interface WantedLease {
  holderId: string;
  owner: string;
  /** Of the token that was seen; 0 when there was none. */
  seenVersion: number;
}

interface NewToken {
  holderId: string;
  owner: string;
  tokenSealed: string;
  expiresInSeconds: number;
}

/** A takedown mints thousands of tokens in a row. Callers wait, so a statement hardly waits for more. */
export const SHORT_WINDOW: BatchWindow = { enoughItems: 16, longestMs: 5 };

/**
 * One mint per token lifetime across all processes. Every mint kills the token before it, so two processes that mint at
 * once break each other: callers of one process share a flight; processes share an owner-checked lease in Postgres,
 * which no connection is held for while WeChat is asked.
 */
@Injectable()
export class AccessTokens {
  private readonly flights = new Map<string, Promise<HeldToken>>();
  private readonly options: AccessTokenOptions;
  private readonly reads = new Batcher((wanted: WantedToken[]) => this.readAll(wanted), isItemError, SHORT_WINDOW);
  private readonly leases = new Batcher((wanted: WantedLease[]) => this.leaseAll(wanted), isItemError, SHORT_WINDOW);
  private readonly stores = new Batcher((minted: NewToken[]) => this.storeAll(minted), isItemError, SHORT_WINDOW);

  constructor(
    private readonly dataSource: DataSource,
    private readonly sealed: SealedColumns,
    @Optional() @Inject(ACCESS_TOKEN_OPTIONS) options?: Partial<AccessTokenOptions>,
  ) {
    this.options = { ...DEFAULTS, ...options };
  }

  /**
   * The holder's token, minted first if there is none that can be used.
   * @param lastingMs how long it still has to last; a shorter one is replaced although it works
   * @throws TokenUnavailable when it is being minted elsewhere for too long, or failed a moment ago;
   * what `mint` throws
   */
  async current(holderId: string, mint: () => Promise<MintedToken>, lastingMs = 0): Promise<HeldToken> {
    // Apart from each other: whoever is content with the token that there is shall not wait for its replacement.
    const key = lastingMs > 0 ? `${holderId} ahead` : holderId;
    const inFlight = this.flights.get(key);
    if (inFlight) {
      return inFlight.catch((error: unknown) => {
        // It was another's turn that did not come.
        if (error instanceof MintPutOff) return this.current(holderId, mint, lastingMs);
        throw error;
      });
    }
    const flight = this.obtain(holderId, mint, lastingMs).finally(() => this.flights.delete(key));
    this.flights.set(key, flight);
    return flight;
  }

  /** The token of a row that was read elsewhere. */
  unseal(holderId: string, tokenSealed: string): string {
    return this.sealed.unseal(cellOf(holderId), tokenSealed);
  }

  /**
   * Says that WeChat refused this token. A newer one is left alone: the failure came late. A token that was in use was
   * refused before its time, for a token is put away before its end.
   */
  async markStale(holderId: string, version: number): Promise<void> {
    await this.dataSource.query(
      `UPDATE access_tokens SET use_until = now(), void_at = now()
       WHERE holder_id = $1 AND version = $2 AND use_until > now()`,
      [holderId, version],
    );
  }

  /**
   * Says that WeChat refused this token although it was minted for the very call: it has not served, and its end is not
   * an early one. Nobody else says so of it until the transaction ends.
   * @returns false when there is a newer one, which is left alone
   */
  async refuseFresh(tx: EntityManager, holderId: string, version: number): Promise<boolean> {
    const refused = await rows(
      tx,
      `UPDATE access_tokens SET use_until = LEAST(use_until, now()), void_at = NULL
       WHERE holder_id = $1 AND version = $2 RETURNING 1`,
      [holderId, version],
    );
    return refused.length > 0;
  }

  /** When the holder's token was refused before its time, if nobody has claimed that yet. One caller gets it. */
  async claimEarlyVoid(tx: EntityManager, holderId: string): Promise<EarlyVoid | undefined> {
    const [early] = await rows<EarlyVoid>(
      tx,
      `WITH early AS (
         SELECT holder_id, void_at FROM access_tokens WHERE holder_id = $1 AND void_at IS NOT NULL FOR UPDATE
       )
       UPDATE access_tokens t SET void_at = NULL FROM early WHERE t.holder_id = early.holder_id
       RETURNING early.void_at AS at, now() AS now`,
      [holderId],
    );
    return early;
  }

  /** Stores a token that came with a grant. */
  async keep(tx: EntityManager, holderId: string, minted: MintedToken): Promise<void> {
    await tx.query(
      `INSERT INTO access_tokens (holder_id, token_sealed, expires_at, use_until, version)
       VALUES ($1, $2, ${expiresAt('$3::int')}, ${useUntil('$3::int')}, 1)
       ON CONFLICT (holder_id) DO UPDATE SET
         token_sealed = excluded.token_sealed, expires_at = excluded.expires_at, use_until = excluded.use_until,
         version = access_tokens.version + 1, lease_owner = NULL, lease_until = NULL, failed_until = NULL,
         failure_code = NULL, void_at = NULL`,
      [holderId, this.seal(holderId, minted.token), minted.expiresInSeconds],
    );
  }

  /** Wipes the token, and takes the lease from whoever is minting: what they bring is of a grant that is gone. */
  async forget(tx: EntityManager, holderId: string): Promise<void> {
    await tx.query(
      `UPDATE access_tokens SET token_sealed = NULL, expires_at = NULL, use_until = NULL, version = version + 1,
         lease_owner = NULL, lease_until = NULL WHERE holder_id = $1`,
      [holderId],
    );
  }

  async expiries(holderIds: string[]): Promise<Map<string, Date>> {
    const found = await rows<{ holderId: string; expiresAt: Date }>(
      this.dataSource,
      `SELECT holder_id AS "holderId", expires_at AS "expiresAt" FROM access_tokens
       WHERE holder_id = ANY($1) AND token_sealed IS NOT NULL`,
      [holderIds],
    );
    return new Map(found.map(({ holderId, expiresAt }) => [holderId, expiresAt]));
  }

  private async obtain(holderId: string, mint: () => Promise<MintedToken>, lastingMs: number): Promise<HeldToken> {
    const owner = uuidv7();
    const giveUpAt = performance.now() + this.options.waitMs;
    for (;;) {
      const row = await this.reads.submit({ holderId, lastingMs });
      if (row?.token_sealed && row.is_usable) return this.held(holderId, row.token_sealed, row);
      if (row?.is_cooling) throw new TokenUnavailable(row.failure_code ?? 'unknown');
      if (await this.leases.submit({ holderId, owner, seenVersion: row?.version ?? 0 })) {
        const held = await this.mintUnderLease(holderId, owner, mint);
        if (held) return held;
      }
      if (performance.now() > giveUpAt) throw new TokenUnavailable('mint_in_progress');
      await delay(randomInt(40, 120));
    }
  }

  /** @returns undefined when somebody else's token, or the end of the grant, has overtaken this mint: look again */
  private async mintUnderLease(
    holderId: string,
    owner: string,
    mint: () => Promise<MintedToken>,
  ): Promise<HeldToken | undefined> {
    let minted: MintedToken;
    // A merchant's mint may have to wait for the platform's, so no lease would be long enough for every mint.
    const renewal = setInterval(() => void this.renew(holderId, owner), this.options.leaseMs / 3);
    try {
      minted = await mint();
    } catch (error) {
      // WeChat was not asked, so nothing speaks against asking at once: when a ticket has come, for one.
      if (error instanceof MintPutOff || error instanceof TicketMissing) await this.release(holderId, owner, null);
      else await this.release(holderId, owner, codeOf(error), this.options.cooldownMs);
      throw error;
    } finally {
      clearInterval(renewal);
    }
    const { token, expiresInSeconds } = minted;
    const stored = await this.stores.submit({
      holderId,
      owner,
      tokenSealed: this.seal(holderId, token),
      expiresInSeconds,
    });
    // Undefined: the lease ran out and another process has minted since, or the grant was renewed or taken back. This
    // token is dead or soon will be.
    return stored && { token, version: stored.version, expiresAt: stored.expires_at };
  }

  private async readAll(wanted: WantedToken[]): Promise<(Row | undefined)[]> {
    const { parameters, bind } = statement(wanted.map(({ holderId }) => holderId));
    const numbered = wanted.map((one, ordinal) => ({ ...one, ordinal }));
    const columns = { holderId: 'uuid', lastingMs: 'float8', ordinal: 'int' } as const;
    const found = await prepared<Row & { ordinal: number }>(
      this.dataSource.manager,
      'read tokens',
      `SELECT w.ordinal, t.token_sealed, t.expires_at, t.version, t.failure_code,
         t.token_sealed IS NOT NULL AND t.use_until > now()
           AND t.expires_at > now() + w.lasting_ms * interval '1 ms' AS is_usable,
         COALESCE(t.failed_until > now(), false) AS is_cooling
       FROM ${recordset(bind, 'w', numbered, columns)} JOIN access_tokens t ON t.holder_id = w.holder_id
       WHERE t.holder_id = ANY($1)`,
      parameters,
    );
    const byOrdinal = new Map(found.map((row) => [row.ordinal, row]));
    return wanted.map((_one, ordinal) => byOrdinal.get(ordinal));
  }

  /** Wins only if nobody holds the lease and nobody has minted since the row was read. */
  private async leaseAll(wanted: WantedLease[]): Promise<boolean[]> {
    const { parameters, bind } = statement(this.options.leaseMs);
    const columns = { holderId: 'uuid', owner: 'uuid', seenVersion: 'int' } as const;
    const won = await prepared<{ lease_owner: string }>(
      this.dataSource.manager,
      'lease tokens',
      // Locked in one order, so that two processes that want the same ones wait and do not clash.
      `INSERT INTO access_tokens AS t (holder_id, lease_owner, lease_until, version)
       SELECT DISTINCT ON (holder_id) holder_id, owner, now() + $1 * interval '1 ms', seen_version
       FROM ${recordset(bind, 'w', wanted, columns)} ORDER BY holder_id
       ON CONFLICT (holder_id) DO UPDATE SET
         lease_owner = excluded.lease_owner, lease_until = excluded.lease_until
       WHERE t.version = excluded.version AND (t.lease_until IS NULL OR t.lease_until < now())
         AND (t.failed_until IS NULL OR t.failed_until < now())
       RETURNING lease_owner`,
      parameters,
    );
    const owners = new Set(won.map(({ lease_owner }) => lease_owner));
    return wanted.map(({ owner }) => owners.has(owner));
  }

  /** Stores tokens whose mints still have their lease. */
  private async storeAll(minted: NewToken[]): Promise<(Pick<Row, 'version' | 'expires_at'> | undefined)[]> {
    const { parameters, bind } = statement(minted.map(({ holderId }) => holderId));
    const columns = { holderId: 'uuid', owner: 'uuid', tokenSealed: 'text', expiresInSeconds: 'int' } as const;
    const stored = await prepared<Pick<Row, 'version' | 'expires_at'> & { owner: string }>(
      this.dataSource.manager,
      'store tokens',
      // In the order in which leases lock them.
      `WITH minted AS (
         SELECT n.* FROM ${recordset(bind, 'n', minted, columns)}
         JOIN access_tokens t ON t.holder_id = n.holder_id AND t.lease_owner = n.owner
         WHERE t.holder_id = ANY($1) ORDER BY t.holder_id FOR UPDATE OF t
       )
       UPDATE access_tokens t SET token_sealed = n.token_sealed, expires_at = ${expiresAt('n.expires_in_seconds')},
         use_until = ${useUntil('n.expires_in_seconds')}, version = t.version + 1,
         lease_owner = NULL, lease_until = NULL, failed_until = NULL, failure_code = NULL
       FROM minted n WHERE t.holder_id = ANY($1) AND t.holder_id = n.holder_id AND t.lease_owner = n.owner
       RETURNING n.owner, t.version, t.expires_at`,
      parameters,
    );
    const byOwner = new Map(stored.map((row) => [row.owner, row]));
    return minted.map(({ owner }) => byOwner.get(owner));
  }

  /** A lease that could not be renewed is found lost, if it is, when the mint is over. */
  private async renew(holderId: string, owner: string): Promise<void> {
    await this.dataSource
      .query(
        `UPDATE access_tokens SET lease_until = now() + $3 * interval '1 ms' WHERE holder_id = $1 AND lease_owner = $2`,
        [holderId, owner, this.options.leaseMs],
      )
      .catch(() => undefined);
  }

  private async release(holderId: string, owner: string, failureCode: string | null, cooldownMs = 0): Promise<void> {
    await this.dataSource.query(
      `UPDATE access_tokens SET lease_owner = NULL, lease_until = NULL, failure_code = $4,
         failed_until = now() + $3 * interval '1 ms' WHERE holder_id = $1 AND lease_owner = $2`,
      [holderId, owner, cooldownMs, failureCode],
    );
  }

  private held(holderId: string, tokenSealed: string, row: Row): HeldToken {
    const token = this.unseal(holderId, tokenSealed);
    return { token, version: row.version, expiresAt: row.expires_at };
  }

  private seal(holderId: string, token: string): string {
    return this.sealed.seal(cellOf(holderId), token);
  }
}

/** SQL over `access_tokens t`: a token that may be used without asking anybody. */
export const IS_USABLE_TOKEN = `(t.token_sealed IS NOT NULL AND t.use_until > now())`;

const cellOf = (holderId: string) => ({ table: 'access_tokens', column: 'token_sealed', rowId: holderId });

/** SQL: when a token ends that lasts so many seconds. */
const expiresAt = (seconds: string) => `now() + ${seconds} * interval '1 s'`;
/** SQL: when it is put away, which is a while before its end: five minutes, or a tenth of a short life. */
const useUntil = (seconds: string) => `now() + (${seconds} - LEAST(300, ${seconds} * 0.1)) * interval '1 s'`;

/** The stable code of an error of ours, which may be stored; other errors' messages may hold anything. */
function codeOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : 'internal_error';
}
