import { createHash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { rows } from '@app/database';
import { IdempotencyKeyInUse, IdempotencyKeyReused } from '../errors.js';

/** A response: its HTTP status and its body, as JSON. */
export interface Answer<T> {
  status: number;
  body: T;
  /** It was given before, to the request that came first. */
  isRepeat?: true;
}

export interface KeyedRequest {
  apiKeyId: string;
  /** The header's value; without it the request simply runs. */
  key: string | undefined;
  /** The parts that make two requests the same: method, route, body. */
  fingerprint: unknown;
}

const LIFETIME = '24 hours';
const AT_A_TIME = 10_000;

/**
 * Runs a request once per Idempotency-Key (draft-ietf-httpapi-idempotency-key-header). Work and answer are stored in
 * one transaction, so a crash leaves both or neither. A request that was refused changed nothing and stores nothing: it
 * may be sent again with the same key once its reason is gone.
 */
@Injectable()
export class Idempotency {
  constructor(private readonly dataSource: DataSource) {}

  /** The same for work of which each statement is whole: without a key it needs no transaction. @throws as `run` */
  runStatements<T>(request: KeyedRequest, work: (sql: EntityManager) => Promise<Answer<T>>): Promise<Answer<T>> {
    return request.key === undefined ? work(this.dataSource.manager) : this.run(request, work);
  }

  /** @throws IdempotencyKeyReused, IdempotencyKeyInUse, and what the work throws */
  async run<T>(request: KeyedRequest, work: (tx: EntityManager) => Promise<Answer<T>>): Promise<Answer<T>> {
    const { apiKeyId, key, fingerprint } = request;
    if (key === undefined) return this.dataSource.transaction(work);
    const requestHash = createHash('sha256').update(JSON.stringify(fingerprint)).digest('base64url');
    return this.dataSource.transaction(async (tx) => {
      await this.lock(tx, `${apiKeyId}/${key}`);
      const known = await this.find<T>(tx, apiKeyId, key);
      if (known && known.requestHash !== requestHash) throw new IdempotencyKeyReused();
      if (known) return { status: known.status, body: known.answer, isRepeat: true };
      const answer = await work(tx);
      await tx.query(
        `INSERT INTO idempotency_keys (api_key_id, key, request_hash, status, answer) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (api_key_id, key) DO UPDATE SET request_hash = excluded.request_hash, status = excluded.status,
           answer = excluded.answer, created_at = now()`,
        [apiKeyId, key, requestHash, answer.status, JSON.stringify(answer.body)],
      );
      return answer;
    });
  }

  /** Forgets keys that have served their time, some at a time. @returns how many */
  async sweep(): Promise<number> {
    const [swept] = await rows<{ gone: number }>(
      this.dataSource,
      `WITH gone AS (
         -- By ctid: a join of the table with itself could search all of it for each row. By time too, since a key that is
         -- renewed meanwhile stays.
         DELETE FROM idempotency_keys WHERE created_at < now() - interval '${LIFETIME}' AND ctid = ANY(ARRAY(
           SELECT ctid FROM idempotency_keys WHERE created_at < now() - interval '${LIFETIME}'
           ORDER BY created_at LIMIT ${AT_A_TIME}))
         RETURNING 1
       )
       SELECT count(*)::int AS gone FROM gone`,
    );
    return swept?.gone ?? 0;
  }

  /** Held until the transaction ends. */
  private async lock(tx: EntityManager, name: string): Promise<void> {
    const [lock] = await rows<{ won: boolean }>(
      tx,
      `SELECT pg_try_advisory_xact_lock(hashtextextended($1, 0)) AS won`,
      [name],
    );
    if (!lock?.won) throw new IdempotencyKeyInUse();
  }

  private async find<T>(tx: EntityManager, apiKeyId: string, key: string) {
    const [row] = await rows<{ requestHash: string; status: number; answer: T }>(
      tx,
      `SELECT request_hash AS "requestHash", status, answer FROM idempotency_keys
       WHERE api_key_id = $1 AND key = $2 AND created_at > now() - interval '${LIFETIME}'`,
      [apiKeyId, key],
    );
    return row;
  }
}
