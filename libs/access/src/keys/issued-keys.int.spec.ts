import { DataSource } from 'typeorm';
import { dataSourceOptions } from '@app/database';
import type { Scope } from '@app/scope';
import { createMigratedDatabase, type TestDatabase } from '../../../../test/support/database.js';
import { ApiKeys } from './api-keys.js';
import type { Principal } from '../principals/principal.js';
import { AuditEvent } from '../audit/audit-event.entity.js';
import { AuditLog, type Actor } from '../audit/audit-log.js';
import { accessEntities } from '../index.js';
import { IssuedKeys, type KeyWish } from './issued-keys.js';

/** That a tenant may have. */
const KEYS = 8;
const EVERYTHING: Scope = { platforms: null, merchants: null };

describe('issued keys', () => {
  let database: TestDatabase;
  let dataSource: DataSource;
  let keys: ApiKeys;
  let issued: IssuedKeys;
  let audit: AuditLog;
  let admin: Actor;

  beforeEach(async () => {
    database = await createMigratedDatabase();
    const options = dataSourceOptions({ url: database.url, entities: accessEntities, applicationName: 'test' });
    dataSource = await new DataSource(options).initialize();
    audit = new AuditLog(dataSource, dataSource.getRepository(AuditEvent));
    keys = new ApiKeys(dataSource, audit);
    issued = new IssuedKeys(dataSource, audit, KEYS);
    const first = await keys.first();
    admin = actorOf(await keys.authenticate(first ?? ''));
  });
  afterEach(async () => {
    await dataSource.destroy();
    await database.drop();
  });

  function actorOf(principal: Principal | undefined): Actor {
    if (!principal) throw new Error('the key does not work');
    return { ...principal, requestId: 'a-request', ip: '192.0.2.7' };
  }
  const wish = (changes: Partial<KeyWish> = {}): KeyWish => ({
    name: 'a system',
    role: 'viewer',
    expiresAt: null,
    ...changes,
  });
  const actorWith = async (changes: Partial<KeyWish>) => {
    const { key } = await issued.issue(admin, wish({ role: 'admin', ...changes }));
    return actorOf(await keys.authenticate(key));
  };
  const names = async (scope: Scope) => (await issued.list(scope, { limit: 100 })).map(({ name }) => name);

  it('work, and are nowhere stored', async () => {
    const { key, issued: made } = await issued.issue(admin, wish({ role: 'operator', merchants: ['wx1'] }));
    expect(made).toMatchObject({
      name: 'a system',
      role: 'operator',
      platforms: null,
      merchants: ['wx1'],
      state: 'active',
      createdBy: admin.apiKeyId,
      lastUsedAt: null,
      revokedAt: null,
    });
    expect(await keys.authenticate(key)).toEqual({
      apiKeyId: made.id,
      role: 'operator',
      scope: { platforms: null, merchants: ['wx1'] },
      tenant: expect.any(String),
      expiresAt: null,
    });
    const stored = await dataSource.query('SELECT * FROM api_keys');
    expect(JSON.stringify([stored, await audit.list(EVERYTHING, { limit: 100 })])).not.toContain(key.slice(3));
  });

  it.each<[string, (id: string) => Promise<unknown>]>([
    ['are revoked', (id) => issued.revoke(admin, id)],
    ['are revoked by two at once', (id) => Promise.race([issued.revoke(admin, id), issued.revoke(admin, id)])],
    ['are given an end', (id) => issued.change(admin, id, { expiresAt: new Date() })],
  ])('work in no process any more once they %s', async (_what, end) => {
    const { key, issued: made } = await issued.issue(admin, wish());
    const processes = [keys, new ApiKeys(dataSource, audit)];
    for (const process of processes) expect(await process.authenticate(key)).toBeDefined();
    await end(made.id);
    for (const process of processes) expect(await process.authenticate(key)).toBeUndefined();
  });

  it.each<[string, (id: string) => Promise<unknown>]>([
    ['was revoked', (id) => issued.revoke(admin, id)],
    ['has ended', (id) => issued.change(admin, id, { expiresAt: new Date() })],
  ])('are left alone by a caller whose own %s after it was let in', async (_what, end) => {
    const caller = await actorWith({ name: 'the caller' });
    const { issued: other } = await issued.issue(admin, wish({ name: 'another' }));
    await end(caller.apiKeyId);
    const refused = { code: 'unauthenticated' };
    await expect(issued.issue(caller, wish({ name: 'a child' }))).rejects.toMatchObject(refused);
    await expect(issued.change(caller, caller.apiKeyId, { expiresAt: null })).rejects.toMatchObject(refused);
    await expect(issued.revoke(caller, other.id)).rejects.toMatchObject(refused);
    expect(await names(EVERYTHING)).not.toContain('a child');
    expect(await issued.get(EVERYTHING, other.id)).toMatchObject({ state: 'active' });
  });

  it('end no later than their issuer, also if its end is newer than its being let in', async () => {
    const caller = await actorWith({ name: 'the caller' });
    const end = new Date(Date.now() + 3_600_000);
    await issued.change(admin, caller.apiKeyId, { expiresAt: end });
    await expect(issued.issue(caller, wish({ expiresAt: null }))).rejects.toMatchObject({ code: 'limits_too_wide' });
    await expect(issued.change(caller, caller.apiKeyId, { expiresAt: null })).rejects.toMatchObject({
      code: 'limits_too_wide',
    });
    const { expiresAt: _as, ...asIssuer } = wish();
    expect((await issued.issue(caller, asIssuer)).issued.expiresAt).toEqual(end);
  });

  it('stay in the list when they are revoked, for good', async () => {
    const { issued: made } = await issued.issue(admin, wish());
    await issued.revoke(admin, made.id);
    expect(await issued.get(EVERYTHING, made.id)).toMatchObject({ state: 'revoked', revokedAt: expect.any(Date) });
    await issued.revoke(admin, made.id);
    await expect(issued.change(admin, made.id, { name: 'again' })).rejects.toMatchObject({ code: 'api_key_revoked' });
  });

  it('can be renamed, ended and prolonged, each by itself', async () => {
    const end = new Date(Date.now() + 3_600_000);
    const { issued: made } = await issued.issue(admin, wish({ expiresAt: end }));
    expect(await issued.change(admin, made.id, { name: 'renamed' })).toMatchObject({ name: 'renamed', expiresAt: end });
    expect(await issued.change(admin, made.id, { expiresAt: null })).toMatchObject({
      name: 'renamed',
      expiresAt: null,
    });
    await dataSource.query(`UPDATE api_keys SET expires_at = now() WHERE id = $1`, [made.id]);
    expect(await issued.get(EVERYTHING, made.id)).toMatchObject({ state: 'expired' });
    expect(await issued.change(admin, made.id, { expiresAt: end })).toMatchObject({ state: 'active' });
  });

  it('of an admin with limits reach no further than these', async () => {
    const limited = await actorWith({ platforms: ['wxp'] });
    expect((await issued.issue(limited, wish())).issued).toMatchObject({ platforms: ['wxp'], merchants: null });
    expect((await issued.issue(limited, wish({ merchants: ['wxm'] }))).issued).toMatchObject({
      platforms: ['wxp'],
      merchants: ['wxm'],
    });
    for (const platforms of [null, ['wxq'], ['wxp', 'wxq']]) {
      await expect(issued.issue(limited, wish({ platforms }))).rejects.toMatchObject({ code: 'limits_too_wide' });
    }
  });

  it('of an admin with an end do not outlast it', async () => {
    const [end, later] = [new Date(Date.now() + 3_600_000), new Date(Date.now() + 7_200_000)];
    const ending = await actorWith({ name: 'ending', expiresAt: end });
    const { expiresAt: _as, ...asIssuer } = wish();
    const { issued: child } = await issued.issue(ending, asIssuer);
    expect(child.expiresAt).toEqual(end);
    for (const expiresAt of [null, later]) {
      const refused = { code: 'limits_too_wide' };
      await expect(issued.issue(ending, wish({ expiresAt }))).rejects.toMatchObject(refused);
      await expect(issued.change(ending, ending.apiKeyId, { expiresAt })).rejects.toMatchObject(refused);
      await expect(issued.change(ending, child.id, { expiresAt })).rejects.toMatchObject(refused);
    }
    const sooner = new Date(Date.now() + 60_000);
    expect(await issued.change(ending, child.id, { expiresAt: sooner })).toMatchObject({ expiresAt: sooner });
    expect(await issued.change(admin, child.id, { expiresAt: null })).toMatchObject({ expiresAt: null });
  });

  it('beyond the limits of an admin are not there for it', async () => {
    const limited = await actorWith({ name: 'limited', platforms: ['wxp'] });
    await issued.issue(limited, wish({ name: 'its own' }));
    const { issued: other } = await issued.issue(admin, wish({ name: 'of another platform', platforms: ['wxq'] }));
    const { issued: wider } = await issued.issue(admin, wish({ name: 'of a merchant', merchants: ['wxm'] }));
    expect(await names(limited.scope)).toEqual(['its own', 'limited']);
    expect(await names(EVERYTHING)).toEqual(['of a merchant', 'of another platform', 'its own', 'limited', 'first']);
    for (const { id } of [other, wider, { id: admin.apiKeyId }]) {
      const notFound = { code: 'api_key_not_found', message: `There is no API key ${id}.` };
      await expect(issued.get(limited.scope, id)).rejects.toMatchObject(notFound);
      await expect(issued.change(limited, id, { name: 'x' })).rejects.toMatchObject(notFound);
      await expect(issued.revoke(limited, id)).rejects.toMatchObject(notFound);
    }
  });

  it('of the same limits are of one tenant, in whichever order these are named; those without are of none', async () => {
    const tenantOf = async (changes: Partial<KeyWish>) => (await issued.issue(admin, wish(changes))).issued.tenant;
    const tenant = await tenantOf({ merchants: ['wx1', 'wx2'] });
    expect(tenant).not.toBeNull();
    expect(await tenantOf({ merchants: ['wx2', 'wx1'] })).toBe(tenant);
    const others = [{ merchants: ['wx1'] }, { platforms: ['wx1', 'wx2'] }, { platforms: ['wx1'], merchants: ['wx2'] }];
    const tenants = [tenant, ...(await Promise.all(others.map(tenantOf)))];
    expect(new Set(tenants).size).toBe(4);
    expect(await tenantOf({})).toBeNull();
    expect(admin.tenant).toBeNull();
  });

  it('of a tenant do not leave it by narrower limits, nor do those that these issue', async () => {
    const tenant = await actorWith({ merchants: ['wx1', 'wx2', 'wx3'] });
    const { key, issued: narrower } = await issued.issue(tenant, wish({ role: 'admin', merchants: ['wx1', 'wx2'] }));
    const child = actorOf(await keys.authenticate(key));
    const { issued: narrowest } = await issued.issue(child, wish({ merchants: ['wx1'] }));
    expect([narrower.tenant, child.tenant, narrowest.tenant]).toEqual([tenant.tenant, tenant.tenant, tenant.tenant]);
    const countedWith = (id: string) => dataSource.query('SELECT keys_counted_with($1)', [id]);
    expect(await countedWith(narrowest.id)).toHaveLength(3);
    expect(await countedWith(admin.apiKeyId)).toHaveLength(1);
  });

  it('are as many as a tenant may have, whoever of it issues them and whichever it revokes; the provider goes on', async () => {
    const tenant = await actorWith({ merchants: ['wx1', 'wx2'] });
    const { key } = await issued.issue(tenant, wish({ role: 'admin', merchants: ['wx1'] }));
    const child = actorOf(await keys.authenticate(key));
    const made: string[] = [];
    for (let i = 2; i < KEYS; i++) made.push((await issued.issue(i % 2 ? child : tenant, wish())).issued.id);
    const [first, second = ''] = made;
    await dataSource.query(`UPDATE api_keys SET revoked_at = now() WHERE id = $1`, [first]);
    const refused = { code: 'api_keys_too_many', message: expect.stringContaining(String(KEYS)) };
    for (const one of [tenant, child]) await expect(issued.issue(one, wish())).rejects.toMatchObject(refused);

    await issued.issue(await actorWith({ merchants: ['wx1'] }), wish());
    const { issued: given } = await issued.issue(admin, wish({ merchants: ['wx2', 'wx1'] }));
    expect(given.tenant).toBe(tenant.tenant);

    // Three are over for more than a day, the provider's too: with it there was one more than the tenant may have.
    const ids = [first, given.id];
    await dataSource.query(`UPDATE api_keys SET revoked_at = now() - interval '25 h' WHERE id = ANY($1)`, [ids]);
    await dataSource.query(`UPDATE api_keys SET expires_at = now() - interval '25 h' WHERE id = $1`, [second]);
    for (let i = 0; i < 2; i++) await issued.issue(tenant, wish());
    await expect(issued.issue(tenant, wish())).rejects.toMatchObject(refused);
    // Nor does one that had ended get a new end.
    await expect(issued.change(tenant, second, { expiresAt: null })).rejects.toMatchObject(refused);
    expect(await issued.change(admin, second, { expiresAt: null })).toMatchObject({ state: 'active' });
  });

  it('never leave the service without an admin', async () => {
    const refused = { code: 'last_admin_key' };
    const soon = new Date(Date.now() + 60_000);
    await expect(issued.revoke(admin, admin.apiKeyId)).rejects.toMatchObject(refused);
    await expect(issued.change(admin, admin.apiKeyId, { expiresAt: soon })).rejects.toMatchObject(refused);
    // None of these can take its place.
    await actorWith({ platforms: ['wxp'] });
    await issued.issue(admin, wish({ role: 'operator' }));
    const ending = await actorWith({ name: 'ending', expiresAt: soon });
    const gone = await actorWith({ name: 'gone' });
    await issued.revoke(admin, gone.apiKeyId);
    await expect(issued.revoke(admin, admin.apiKeyId)).rejects.toMatchObject(refused);

    await issued.revoke(admin, ending.apiKeyId);
    const successor = await actorWith({ name: 'successor' });
    await issued.revoke(successor, admin.apiKeyId);
    await expect(issued.revoke(successor, successor.apiKeyId)).rejects.toMatchObject(refused);
  });

  it('of two admins who revoke each other at once leave one', async () => {
    const other = await actorWith({ name: 'other' });
    const results = await Promise.allSettled([
      issued.revoke(admin, other.apiKeyId),
      issued.revoke(other, admin.apiKeyId),
    ]);
    expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  });

  it('come page by page', async () => {
    for (const name of ['a', 'b', 'c']) await issued.issue(admin, wish({ name }));
    const [c, b] = await issued.list(EVERYTHING, { limit: 2 });
    expect([c?.name, b?.name]).toEqual(['c', 'b']);
    const rest = await issued.list(EVERYTHING, { limit: 100, after: b?.id });
    expect(rest.map(({ name }) => name)).toEqual(['a', 'first']);
  });

  it('are in the audit log, each change once', async () => {
    const { issued: made } = await issued.issue(admin, wish({ platforms: ['wxp'] }));
    await issued.change(admin, made.id, { name: 'renamed' });
    await issued.revoke(admin, made.id);
    await issued.revoke(admin, made.id);
    const told = (await audit.list(EVERYTHING, { limit: 100 })).filter(({ subjectId }) => subjectId === made.id);
    expect(told.map(({ action, data }) => [action, data])).toEqual([
      ['api_key.revoked', { name: 'renamed' }],
      ['api_key.updated', { name: 'renamed' }],
      ['api_key.created', { name: 'a system', role: 'viewer', platforms: ['wxp'], merchants: null, expires_at: null }],
    ]);
  });
});
