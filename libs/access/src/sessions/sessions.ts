import { randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { forgetInSteps, prepared, rows } from '@app/database';
import { EVERYTHING, type Scope } from '@app/scope';
import { AuditLog, type Actor } from '../audit/audit-log.js';
import { RoleCannotSignIn, SessionNotFound, SignInFailed } from '../errors.js';
import { ApiKeys, hashOfKey, IS_WORKING, untilForgotten } from '../keys/api-keys.js';
import { WITHIN } from '../keys/issued-keys.js';
import { RecentLookups } from '../keys/recent-lookups.js';
import type { Role } from '../principals/api-key.entity.js';
import type { Principal } from '../principals/principal.js';
import { mayAct } from '../principals/roles.js';

/** A session with the key that it acts for. */
export interface SessionView {
  id: string;
  startedAt: Date;
  /** When it ends at the latest: its key may end before. */
  expiresAt: Date;
  ip: string;
  apiKeyId: string;
  name: string;
  role: Role;
  platforms: string[] | null;
  merchants: string[] | null;
}

/** With what a session is asked for. */
export type SignIn = { apiKey: string } | { signInToken: string };

/** The value of a session's cookie, or of a sign-in link. */
const TOKEN_PATTERN = /^[A-Za-z0-9_-]{43}$/;
const LIFETIME = '12 hours';
const SIGN_IN_LIFETIME = '10 minutes';
/** Of one key: who begins another one ends the oldest. */
const MAX_OF_KEY = 100;

/**
 * Browsers that are signed in. A session does what its key may do, and ends with it or after twelve hours; its row is
 * deleted later. Signing out, or an admin, ends it before that: its row is gone then, and the audit log tells of it.
 */
@Injectable()
export class Sessions {
  private readonly lookups = new RecentLookups();

  constructor(
    private readonly dataSource: DataSource,
    private readonly keys: ApiKeys,
    private readonly audit: AuditLog,
  ) {}

  /** Undefined when there is no such session, or it is over, or its key works no more. */
  async authenticate(token: string): Promise<Principal | undefined> {
    if (!TOKEN_PATTERN.test(token)) return undefined;
    const tokenHash = hashOfKey(token);
    return this.lookups.principalOf(tokenHash, () => this.find(tokenHash));
  }

  /** Whether this process has let the session in before; it may have ended since. */
  wasLetIn(token: string): boolean {
    return TOKEN_PATTERN.test(token) && this.lookups.wasLetIn(hashOfKey(token));
  }

  private async find(tokenHash: string): Promise<Principal | undefined> {
    const [found] = await prepared<Principal & Scope & { isWorking: boolean }>(
      this.dataSource.manager,
      'authenticate a session',
      `SELECT session_id AS "sessionId", id AS "apiKeyId", role, platforms, merchants, tenant,
         LEAST(session_ends, expires_at) AS "expiresAt", ${IS_WORKING} AND session_ends > now() AS "isWorking"
       FROM (SELECT id AS session_id, api_key_id, expires_at AS session_ends FROM sessions WHERE token_hash = $1) s
       JOIN api_keys ON id = api_key_id`,
      [tokenHash],
    );
    if (!found?.isWorking) return undefined;
    const { isWorking: _isWorking, platforms, merchants, ...principal } = found;
    this.keys.noteUse(principal.apiKeyId);
    return { ...principal, scope: { platforms, merchants } };
  }

  /**
   * Begins a session; a sign-in token is used up by it.
   * @returns the cookie's value as well, which is stored nowhere
   * @throws SignInFailed, RoleCannotSignIn
   */
  async start(
    signIn: SignIn,
    request: Pick<Actor, 'requestId' | 'ip'>,
  ): Promise<{ token: string; session: SessionView }> {
    // Outside of the transaction: a key that is none must not cost one.
    const byKey = 'apiKey' in signIn ? await this.keys.authenticate(signIn.apiKey) : undefined;
    if ('apiKey' in signIn && !byKey) throw new SignInFailed();
    const token = newToken();
    const id = uuidv7();
    const session = await this.dataSource.transaction(async (tx) => {
      const apiKeyId = 'apiKey' in signIn ? byKey?.apiKeyId : await redeem(tx, signIn.signInToken);
      const [made] = await rows<{ role: Role }>(
        tx,
        `WITH made AS (
           INSERT INTO sessions (id, token_hash, api_key_id, ip, expires_at)
           SELECT $1, $2, id, $4, now() + interval '${LIFETIME}' FROM api_keys WHERE id = $3 AND ${IS_WORKING}
           RETURNING api_key_id
         ), beyond AS (
           DELETE FROM sessions WHERE id IN (
             SELECT id FROM sessions WHERE api_key_id = $3 ORDER BY id DESC OFFSET ${MAX_OF_KEY - 1})
         )
         SELECT role FROM made JOIN api_keys ON id = api_key_id`,
        [id, hashOfKey(token), apiKeyId ?? null, request.ip],
      );
      if (!made || apiKeyId === undefined) throw new SignInFailed();
      if (!mayAct(made.role, 'viewer')) throw new RoleCannotSignIn(made.role);
      const view = await this.get(EVERYTHING, id, tx);
      const scope = { platforms: view.platforms, merchants: view.merchants };
      const actor = { ...request, apiKeyId, role: view.role, scope, tenant: null, expiresAt: null };
      await this.audit.append(tx, actor, {
        action: 'session.started',
        subjectType: 'session',
        subjectId: id,
        data: { with: 'apiKey' in signIn ? 'api_key' : 'sign_in_token' },
      });
      return view;
    });
    return { token, session };
  }

  /** A token that begins one session of this key, within ten minutes. */
  async issueSignInToken(apiKeyId: string): Promise<string> {
    const token = newToken();
    await this.dataSource.query(
      `INSERT INTO sign_in_tokens (token_hash, api_key_id, expires_at)
       VALUES ($1, $2, now() + interval '${SIGN_IN_LIFETIME}')`,
      [hashOfKey(token), apiKeyId],
    );
    return token;
  }

  /** Those that work, of keys within the scope, newest first. `after`: the id after which the page starts. */
  async list(scope: Scope, { limit, after }: { limit: number; after?: string | undefined }): Promise<SessionView[]> {
    return rows(
      this.dataSource,
      `${SELECT_SESSION} WHERE ${WITHIN} AND ($3::uuid IS NULL OR session_id < $3) ORDER BY session_id DESC LIMIT $4`,
      [scope.platforms, scope.merchants, after ?? null, limit],
    );
  }

  /** @throws SessionNotFound also for one of a key beyond the scope */
  async get(scope: Scope, id: string, tx: EntityManager = this.dataSource.manager): Promise<SessionView> {
    const [found] = await rows<SessionView>(tx, `${SELECT_SESSION} WHERE ${WITHIN} AND session_id = $3`, [
      scope.platforms,
      scope.merchants,
      id,
    ]);
    if (!found) throw new SessionNotFound(id);
    return found;
  }

  /** For good: when this returns, no process lets the session in. @throws SessionNotFound */
  async end(actor: Actor, id: string): Promise<void> {
    await this.dataSource.transaction(async (tx) => {
      const { apiKeyId, name } = await this.get(actor.scope, id, tx);
      const ended = await rows(tx, `DELETE FROM sessions WHERE id = $1 RETURNING id`, [id]);
      if (ended.length === 0) throw new SessionNotFound(id);
      await this.audit.append(tx, actor, {
        action: 'session.ended',
        subjectType: 'session',
        subjectId: id,
        data: { api_key_id: apiKeyId, name },
      });
    });
    await untilForgotten();
  }

  /** Deletes what is over. What is of a revoked key lets nobody in any more, and goes with its own time. */
  async forgetOld(): Promise<void> {
    const forget = (statement: string) =>
      forgetInSteps(async (atMost) => (await rows(this.dataSource, statement, [atMost])).length);
    await forget(
      `DELETE FROM sessions WHERE id = ANY(ARRAY(
         SELECT id FROM sessions WHERE expires_at < now() ORDER BY expires_at LIMIT $1)) RETURNING 1`,
    );
    await forget(
      `DELETE FROM sign_in_tokens WHERE token_hash = ANY(ARRAY(
         SELECT token_hash FROM sign_in_tokens WHERE expires_at < now() ORDER BY expires_at LIMIT $1)) RETURNING 1`,
    );
  }
}

const newToken = () => randomBytes(32).toString('base64url');

/** @returns the key that the token was made for */
async function redeem(tx: EntityManager, token: string): Promise<string | undefined> {
  if (!TOKEN_PATTERN.test(token)) return undefined;
  const [found] = await rows<{ apiKeyId: string }>(
    tx,
    `DELETE FROM sign_in_tokens WHERE token_hash = $1 AND expires_at > now() RETURNING api_key_id AS "apiKeyId"`,
    [hashOfKey(token)],
  );
  return found?.apiKeyId;
}

const SELECT_SESSION = `
  SELECT session_id AS id, started_at AS "startedAt", session_ends AS "expiresAt", ip, id AS "apiKeyId", name, role,
    platforms, merchants
  FROM (
    SELECT id AS session_id, api_key_id, ip, created_at AS started_at, expires_at AS session_ends FROM sessions
    WHERE expires_at > now()
  ) s JOIN api_keys ON id = api_key_id AND ${IS_WORKING}`;
