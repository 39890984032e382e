import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { DataSource, Repository, MoreThan, type EntityManager } from 'typeorm';
import { rows, statement, type StatementPart } from '@app/database';
import type { Scope } from '@app/scope';
import { AuditArchives, endOf, type AuditArchive } from './audit-archives.js';
import {
  CHAIN_START,
  hashOfEvent,
  lookAtChain,
  type AuditFacts,
  type ChainPlace,
  type ChainReport,
} from './audit-chain.js';
import type { AuditHead } from './audit-head.js';
import { AuditEvent, type AuditData } from './audit-event.entity.js';
import { DeferredAct } from './audit-inbox.entity.js';
import type { Principal } from '../principals/principal.js';

/** The key that acts, and its request. */
export interface Actor extends Principal {
  /** The caller's own, where it sent one. */
  requestId: string;
  /** The address as the connection shows it; behind a proxy that TRUST_PROXY names, as that proxy says. */
  ip: string;
}

/** `subject.verb`, in the past tense. */
export const auditActions = [
  'access_token.lent',
  'api_key.created',
  'api_key.revoked',
  'api_key.updated',
  'audit_log.exported',
  'authorization_link.issued',
  'deletion.accepted',
  'deletion.cancelled',
  'deletion.proof_exported',
  'deletion.retried',
  'mass_messages.imported',
  'merchant.limits_changed',
  'merchant.quota_cleared',
  'merchant.quota_read',
  'merchant.ref_changed',
  'merchant.refreshed',
  'period.proof_exported',
  'platform.deleted',
  'platform.examined',
  'platform.registered',
  'platform.synced',
  'platform.updated',
  'proof_key.made',
  'proof_key.revoked',
  'proof_key.rotated',
  'session.ended',
  'session.started',
  'takedown.accepted',
  'takedown.cancelled',
  'takedown.proof_exported',
  'webhook_deliveries.resent',
  'webhook_endpoint.created',
  'webhook_endpoint.deleted',
  'webhook_endpoint.delivery_resent',
  'webhook_endpoint.secret_rotated',
  'webhook_endpoint.tested',
  'webhook_endpoint.updated',
] as const;

export const auditSubjects = [
  'api_key',
  'audit_log',
  'authorization_link',
  'deletion',
  'import',
  'merchant',
  'period',
  'platform',
  'proof_key',
  'session',
  'takedown',
  'webhook_deliveries',
  'webhook_endpoint',
] as const;

export interface Act {
  action: (typeof auditActions)[number];
  subjectType: (typeof auditSubjects)[number];
  /** The appid or id, as in our addresses; of an import, an export and many deliveries, the request. */
  subjectId: string;
  /** The tenant that the act is about: keys with limits see the acts on what they may reach. */
  tenant?: { componentAppid?: string | undefined; authorizerAppid?: string | undefined };
  data?: AuditData;
}

export interface AuditFilter {
  apiKeyId?: string | undefined;
  action?: string | undefined;
  subjectId?: string | undefined;
  since?: Date | undefined;
  until?: Date | undefined;
}

export interface AuditPage extends AuditFilter {
  limit: number;
  /** Newest first: the number before which the page starts. */
  before?: string | undefined;
}

/** The result of a look at the whole chain, and at what is not chained yet. */
export type AuditReport = ChainReport & {
  /** The number of acts that are not chained, and for how long the oldest of them has waited. */
  pending: number;
  pendingForMs: number;
  /** What is no longer here, oldest first. */
  archives: AuditArchive[];
};

/** Rows that are chained, or read, at a time. */
const BATCH = 2_000;

@Injectable()
export class AuditLog {
  constructor(
    private readonly dataSource: DataSource,
    @InjectRepository(AuditEvent) private readonly chained: Repository<AuditEvent>,
  ) {}

  /** For programs without modules. */
  static of(dataSource: DataSource): AuditLog {
    return new AuditLog(dataSource, dataSource.getRepository(AuditEvent));
  }

  /**
   * Adds a row in the transaction of the act, so that neither is there without the other. Make it the last step: until
   * the transaction ends, every other append waits.
   */
  async append(tx: EntityManager, actor: Actor, act: Act): Promise<void> {
    const prevHash = await lockChain(tx);
    const facts = factsOf(actor, act);
    await tx.insert(AuditEvent, { ...facts, prevHash, hash: hashOfEvent(facts, prevHash) });
  }

  /** Adds a row for an act that writes nothing else. */
  async appendAlone(actor: Actor, act: Act): Promise<void> {
    await this.dataSource.transaction((tx) => this.append(tx, actor, act));
  }

  /**
   * Puts an act into the inbox, for acts that many requests make at once: the row waits for nobody. The next call of
   * `chainDeferred` chains it. Until then, a few seconds, the chain does not protect it.
   */
  async defer(tx: EntityManager, actor: Actor, act: Act): Promise<void> {
    const { parameters, bind } = statement();
    const part = this.deferredPart(actor, act);
    await tx.query(part(bind, `(SELECT NULL AS component_appid, NULL AS authorizer_appid)`), parameters);
  }

  /** The same as a part of the act's own statement. The one row of that tells the tenant where the act does not. */
  deferredPart(actor: Actor, act: Act): StatementPart {
    const facts = factsOf(actor, act);
    return (bind, once) => `
      INSERT INTO audit_inbox (at, api_key_id, role, action, subject_type, subject_id,
        component_appid, authorizer_appid, request_id, ip, data)
      SELECT ${bind(facts.at)}::timestamptz, ${bind(facts.apiKeyId)}::uuid, ${bind(facts.role)}, ${bind(facts.action)},
        ${bind(facts.subjectType)}, ${bind(facts.subjectId)},
        COALESCE(${bind(facts.componentAppid)}, once.component_appid),
        COALESCE(${bind(facts.authorizerAppid)}, once.authorizer_appid), ${bind(facts.requestId)}, ${bind(facts.ip)},
        ${bind(JSON.stringify(facts.data))}::jsonb
      FROM ${once} AS once`;
  }

  /** Chains the deferred acts, oldest first. Several processes may do it at the same time. @returns how many rows */
  async chainDeferred(): Promise<number> {
    let chained = 0;
    for (let taken = BATCH; taken === BATCH; chained += taken) {
      const [any] = await rows(this.dataSource, `SELECT 1 FROM audit_inbox LIMIT 1`);
      taken = any ? await this.dataSource.transaction((tx) => chainBatch(tx)) : 0;
    }
    return chained;
  }

  /** Newest first, what was done to what is in scope. */
  async list(scope: Scope, { limit, before, ...filter }: AuditPage): Promise<AuditEvent[]> {
    await this.chainDeferred();
    const { until } = filter;
    const newest = async (part: string, given: object, most: number) => {
      const query = this.matching(scope, filter).orderBy('event.seq', 'DESC').andWhere(part, given);
      if (before) query.andWhere('event.seq < :before', { before });
      return query.limit(most).getMany();
    };
    if (!until) return newest('true', {}, limit);
    // Without a number to begin at, all that is newer would be walked past.
    const { end, late } = await this.endAt(until);
    const first = late.length > 0 ? await newest('event.seq = ANY(:late)', { late }, limit) : [];
    if (first.length === limit) return first;
    return [...first, ...(await newest('event.seq < :end', { end }, limit - first.length))];
  }

  /**
   * Where the rows from before a moment end: behind it are only those that came late. A row that did not is at most a
   * minute older than each before it, so that it cannot follow one that is a minute newer than the moment.
   */
  private async endAt(until: Date): Promise<{ end: string; late: string[] }> {
    const [found] = await rows<{ end: string; late: string[] }>(
      this.dataSource,
      `SELECT first.seq AS end, ARRAY(SELECT seq FROM audit_late WHERE at < $1 AND seq >= first.seq) AS late
       FROM (SELECT COALESCE((SELECT seq FROM audit_events WHERE at >= $1::timestamptz + interval '1 minute'
         ORDER BY at LIMIT 1), 9223372036854775807) AS seq) AS first`,
      [until],
    );
    if (!found) throw new Error('The database does not answer.');
    return found;
  }

  /**
   * Oldest first, what was done to what is in scope, up to the newest row of when it began, without what is archived.
   * Memory stays flat, however long the log is. Without limits and filters the rows are the chain without a gap.
   * @throws where rows are archived meanwhile that it has not come to
   */
  async *oldestFirst(scope: Scope, filter: AuditFilter): AsyncGenerator<AuditEvent> {
    await this.chainDeferred();
    const [bounds] = await rows<{ first: string; last: string }>(
      this.dataSource,
      // What is more than a minute newer than a row that did not come late, is behind that.
      `SELECT GREATEST((SELECT seq FROM audit_events WHERE at < $1::timestamptz - interval '1 minute'
           AND NOT EXISTS (SELECT FROM audit_late WHERE audit_late.seq = audit_events.seq)
           ORDER BY at DESC LIMIT 1), (SELECT max(last_seq) FROM audit_archives), 0) AS first,
         COALESCE((SELECT seq FROM audit_events ORDER BY seq DESC LIMIT 1), 0) AS last`,
      [filter.since ?? null],
    );
    let last = bounds?.last ?? '0';
    if (filter.until) {
      const { end, late } = await this.endAt(filter.until);
      const lastBefore = [BigInt(end) - 1n, ...late.map(BigInt)].reduce((a, b) => (a > b ? a : b));
      if (lastBefore < BigInt(last)) last = String(lastBefore);
    }
    let after = bounds?.first ?? '0';
    for (;;) {
      const query = this.matching(scope, filter).orderBy('event.seq', 'ASC');
      query.andWhere('event.seq > :after AND event.seq <= :last', { after, last });
      const page = await query.limit(BATCH).getMany();
      // An archive is noted before the first of its rows goes. A file that breaks off is better than one with a gap.
      const archived = endOf(await AuditArchives.newest(this.dataSource));
      if (BigInt(archived.seq) > BigInt(after)) throw new Error('Rows of the audit log were archived meanwhile.');
      yield* page;
      if (page.length < BATCH) return;
      after = page.at(-1)?.seq ?? last;
    }
  }

  /**
   * The rows behind a place, oldest first, as far as all were written before a moment. The newest row of the log is never
   * among them: the next one follows it.
   */
  async *oldRows(after: ChainPlace, before: Date): AsyncGenerator<AuditEvent> {
    const [newest] = await this.chained.find({ order: { seq: 'DESC' }, take: 1 });
    for await (const event of rowsBehind(this.dataSource.manager, after.seq)) {
      if (event.at >= before || event.seq === newest?.seq) return;
      yield event;
    }
  }

  private matching(scope: Scope, { apiKeyId, action, subjectId, since, until }: AuditFilter) {
    const query = this.chained.createQueryBuilder('event');
    if (scope.platforms) query.andWhere('event.componentAppid = ANY(:platforms)', { platforms: scope.platforms });
    if (scope.merchants) query.andWhere('event.authorizerAppid = ANY(:merchants)', { merchants: scope.merchants });
    if (apiKeyId) query.andWhere('event.apiKeyId = :apiKeyId', { apiKeyId });
    if (action) query.andWhere('event.action = :action', { action });
    if (subjectId) query.andWhere('event.subjectId = :subjectId', { subjectId });
    if (since) query.andWhere('event.at >= :since', { since });
    if (until) query.andWhere('event.at < :until', { until });
    return query;
  }

  /**
   * Goes through the whole chain, a page at a time, as `lookAtChain` does. Changes nothing.
   * @param after where the rows begin that are not elsewhere; without it, where the last archive ends
   */
  async verify(
    noted: readonly string[] = [],
    heads: readonly AuditHead[] = [],
    after?: ChainPlace,
  ): Promise<AuditReport> {
    // As the log was at one moment: rows that are archived meanwhile are still there.
    return await this.dataSource.transaction('REPEATABLE READ', async (tx) => {
      const [inbox] = await rows<{ pending: number; pendingForMs: number }>(
        tx,
        `SELECT count(*)::int AS pending,
           coalesce(extract(epoch FROM now() - min(at)) * 1000, 0)::float8 AS "pendingForMs" FROM audit_inbox`,
      );
      const archives = await AuditArchives.all(tx);
      const report = await lookAtChain(rowsBehind(tx, '0'), noted, heads, after ?? endOf(archives.at(-1)));
      return { pending: 0, pendingForMs: 0, ...inbox, archives, ...report };
    });
  }
}

/** All rows with larger numbers, oldest first. */
async function* rowsBehind(sql: EntityManager, seq: string): AsyncGenerator<AuditEvent> {
  for (let after: string | undefined = seq; after !== undefined;) {
    const page: AuditEvent[] = await sql.find(AuditEvent, {
      where: { seq: MoreThan(after) },
      order: { seq: 'ASC' },
      take: BATCH,
    });
    yield* page;
    after = page.at(-1)?.seq;
  }
}

/** Held until the transaction ends. @returns the hash that the next row follows */
async function lockChain(tx: EntityManager): Promise<string> {
  await tx.query(`SELECT pg_advisory_xact_lock(hashtextextended('audit_events', 0))`);
  const [last] = await rows<{ hash: string }>(tx, `SELECT hash FROM audit_events ORDER BY seq DESC LIMIT 1`);
  return last?.hash ?? CHAIN_START;
}

async function chainBatch(tx: EntityManager): Promise<number> {
  let prevHash = await lockChain(tx);
  const deferred = await tx.find(DeferredAct, { order: { seq: 'ASC' }, take: BATCH });
  const chained = deferred.map(({ seq: _seq, ...facts }) => {
    const hash = hashOfEvent(facts, prevHash);
    const row = { ...rowOf(facts), prev_hash: prevHash, hash };
    prevHash = hash;
    return row;
  });
  await tx.query(
    `INSERT INTO audit_events (at, api_key_id, role, action, subject_type, subject_id,
       component_appid, authorizer_appid, request_id, ip, data, prev_hash, hash)
     SELECT * FROM json_to_recordset($1) AS (${DEFERRED_COLUMNS}, prev_hash text, hash text)`,
    [JSON.stringify(chained)],
  );
  await tx.query(`DELETE FROM audit_inbox WHERE seq = ANY($1)`, [deferred.map(({ seq }) => seq)]);
  return deferred.length;
}

const DEFERRED_COLUMNS = `at timestamptz, api_key_id uuid, role text, action text, subject_type text, subject_id text,
  component_appid text, authorizer_appid text, request_id text, ip text, data jsonb`;

const rowOf = (facts: AuditFacts) => ({
  at: facts.at.toISOString(),
  api_key_id: facts.apiKeyId,
  role: facts.role,
  action: facts.action,
  subject_type: facts.subjectType,
  subject_id: facts.subjectId,
  component_appid: facts.componentAppid,
  authorizer_appid: facts.authorizerAppid,
  request_id: facts.requestId,
  ip: facts.ip,
  data: facts.data,
});

function factsOf(actor: Actor, { action, subjectType, subjectId, tenant, data = {} }: Act): AuditFacts {
  const { apiKeyId, sessionId, role, requestId, ip } = actor;
  const { componentAppid = null, authorizerAppid = null } = tenant ?? {};
  const subject = { subjectType, subjectId, componentAppid, authorizerAppid };
  const told = sessionId === undefined ? data : { ...data, session_id: sessionId };
  return { at: new Date(), apiKeyId, role, action, ...subject, requestId, ip, data: told };
}
