import { DataSource } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { dataSourceOptions } from '@app/database';
import type { Scope } from '@app/scope';
import { createMigratedDatabase, type TestDatabase } from '../../../../test/support/database.js';
import { verifyChain } from './audit-chain.js';
import { AuditEvent } from './audit-event.entity.js';
import { AuditLog, type Act, type Actor, type AuditFilter, type AuditPage } from './audit-log.js';
import { ApiKeys } from '../keys/api-keys.js';
import { accessEntities } from '../index.js';

describe('the audit log', () => {
  let database: TestDatabase;
  /** Two processes of one deployment. */
  let processes: DataSource[];
  let actor: Actor;

  beforeAll(async () => {
    database = await createMigratedDatabase();
    const options = { url: database.url, entities: accessEntities, applicationName: 'test' };
    processes = await Promise.all([1, 2].map(() => new DataSource(dataSourceOptions(options)).initialize()));
    const keys = new ApiKeys(process(0), log());
    const key = `rk_${'k'.repeat(40)}`;
    await keys.bootstrap(key);
    const principal = await keys.authenticate(key);
    if (!principal) throw new Error('no key');
    actor = { ...principal, requestId: uuidv7(), ip: '192.0.2.7' };
  });
  afterAll(async () => {
    await Promise.all(processes.map((one) => one.destroy()));
    await database.drop();
  });

  function process(index: number): DataSource {
    const found = processes[index % processes.length];
    if (!found) throw new Error('no such process');
    return found;
  }
  const log = (index = 0) => new AuditLog(process(index), process(index).getRepository(AuditEvent));
  const act = (subjectId: string): Act => ({
    action: 'merchant.limits_changed',
    subjectType: 'merchant',
    subjectId,
    data: { zeta: 'last', daily_limit: 20, rate_per_minute: null, changed: ['b', 'a'], left_out: undefined, ok: true },
  });
  const find = (filter: Partial<AuditPage>) =>
    log().list({ platforms: null, merchants: null }, { limit: 10_000, ...filter });
  const oldestFirst = async () => (await log().list({ platforms: null, merchants: null }, { limit: 10_000 })).reverse();

  it('is one chain, however many processes append at once', async () => {
    await Promise.all(Array.from({ length: 40 }, (_, index) => log(index).appendAlone(actor, act(`wx${index}`))));
    const events = await oldestFirst();
    expect(events).toHaveLength(41);
    expect(new Set(events.map(({ subjectId }) => subjectId)).size).toBe(41);
    expect(verifyChain(events)).toMatchObject({ ok: true });
  });

  it('keeps no row of an act that was rolled back, and no gap in the chain', async () => {
    const before = await oldestFirst();
    const failing = process(0).transaction(async (tx) => {
      await log().append(tx, actor, act('wx-rolled-back'));
      throw new Error('the act failed');
    });
    await expect(failing).rejects.toThrow('the act failed');
    await log(1).appendAlone(actor, act('wx-after'));
    const events = await oldestFirst();
    expect(events).toHaveLength(before.length + 1);
    expect(verifyChain(events)).toMatchObject({ ok: true });
  });

  it('chains deferred acts, each one once, however many processes chain', async () => {
    const deferred = Array.from({ length: 60 }, (_, index) => `deferred-${index}`);
    await Promise.all([
      ...deferred.map((subjectId, index) =>
        process(index).transaction((tx) => log(index).defer(tx, actor, act(subjectId))),
      ),
      ...deferred.map((_, index) => log(index).chainDeferred()),
      log(1).appendAlone(actor, act('in-between')),
    ]);
    await Promise.all([log(0).chainDeferred(), log(1).chainDeferred()]);
    const events = await oldestFirst();
    const subjects = events.map(({ subjectId }) => subjectId).filter((subjectId) => subjectId.startsWith('deferred-'));
    expect(subjects.sort()).toEqual(deferred.sort());
    expect(verifyChain(events)).toMatchObject({ ok: true });
    expect(await log().verify()).toMatchObject({ ok: true, rows: events.length, pending: 0 });
    expect(events.find(({ subjectId }) => subjectId === 'deferred-0')).toMatchObject({
      apiKeyId: actor.apiKeyId,
      ip: actor.ip,
      requestId: actor.requestId,
      data: { zeta: 'last', daily_limit: 20, rate_per_minute: null, changed: ['b', 'a'], ok: true },
    });
  });

  it('a deferred act says what the same act appended says', async () => {
    const tenant = { componentAppid: 'wx-platform', authorizerAppid: 'wx-merchant' };
    await process(0).transaction((tx) => log().defer(tx, actor, { ...act('twice'), tenant }));
    await log().chainDeferred();
    await log().appendAlone(actor, { ...act('twice'), tenant });
    const [deferred, appended] = (await find({ subjectId: 'twice' })).map(
      ({ seq: _seq, at: _at, prevHash: _prevHash, hash: _hash, ...said }) => said,
    );
    expect(deferred).toEqual(appended);
    expect(deferred).toMatchObject({ ...tenant, role: 'admin', ip: actor.ip, action: 'merchant.limits_changed' });
  });

  it('keeps no deferred act that was rolled back', async () => {
    const failing = process(0).transaction(async (tx) => {
      await log().defer(tx, actor, act('deferred-and-rolled-back'));
      throw new Error('the act failed');
    });
    await expect(failing).rejects.toThrow('the act failed');
    expect(await find({ subjectId: 'deferred-and-rolled-back' })).toEqual([]);
  });

  it('is narrowed by key, action, subject and time', async () => {
    const before = new Date();
    await log().appendAlone(actor, { ...act('wx-narrow'), tenant: { componentAppid: 'wxp', authorizerAppid: 'wxm' } });
    const [event] = await find({ subjectId: 'wx-narrow' });
    expect(event).toMatchObject({ componentAppid: 'wxp', authorizerAppid: 'wxm' });
    const at = event?.at ?? before;
    expect(await find({ subjectId: 'wx-narrow', apiKeyId: actor.apiKeyId, since: at })).toHaveLength(1);
    expect(await find({ subjectId: 'wx-narrow', apiKeyId: uuidv7() })).toEqual([]);
    expect(await find({ subjectId: 'wx-narrow', action: 'platform.updated' })).toEqual([]);
    expect(await find({ subjectId: 'wx-narrow', until: at })).toEqual([]);
    for (const [platforms, merchants, isSeen] of [
      [['wxp'], null, true],
      [null, ['wxm'], true],
      [['wxp'], ['wxm'], true],
      [['wxq'], null, false],
      [['wxp'], ['wxn'], false],
    ] as const) {
      const scope = { platforms: platforms && [...platforms], merchants: merchants && [...merchants] };
      const seen = await log().list(scope, { subjectId: 'wx-narrow', limit: 10 });
      expect([scope, seen.length === 1]).toEqual([scope, isSeen]);
    }
  });

  it('is read as one chain, oldest first, however many pages it has, up to the newest row of the beginning', async () => {
    const EVERYTHING = { platforms: null, merchants: null };
    const read = async (scope: Scope, filter: AuditFilter = {}, onFirst?: () => Promise<void>) => {
      const events: AuditEvent[] = [];
      for await (const event of log().oldestFirst(scope, filter)) {
        if (events.length === 0) await onFirst?.();
        events.push(event);
      }
      return events;
    };
    const since = new Date();
    for (let count = 0; count < 2_100; count++) {
      const tenant = { componentAppid: count % 2 === 0 ? 'wx-even' : 'wx-odd' };
      await log().defer(process(0).manager, actor, { ...act('wx-many'), tenant });
    }
    const all = await read(EVERYTHING, {}, () => log(1).appendAlone(actor, act('wx-too-late')));
    expect(all.length).toBeGreaterThan(2_100);
    expect(verifyChain(all)).toMatchObject({ ok: true, lastHash: all.at(-1)?.hash });
    expect(all.filter(({ subjectId }) => subjectId === 'wx-too-late')).toEqual([]);
    expect(await read(EVERYTHING, { subjectId: 'wx-many', since })).toHaveLength(2_100);
    expect(await read(EVERYTHING, { subjectId: 'wx-many', until: since })).toEqual([]);
    expect(await read({ platforms: ['wx-even'], merchants: null })).toHaveLength(1_050);
  });

  it('tells exactly what was done before and since a moment, however much later it was chained', async () => {
    const EVERYTHING = { platforms: null, merchants: null };
    const minutes = [0, 1, 2, 3, 500, 4, 2, 5, 501, 3_000, 499, 3_001, 6, 3_002];
    for (const minute of minutes) {
      await process(0).query(
        `INSERT INTO audit_inbox (at, api_key_id, role, action, subject_type, subject_id, request_id, ip, data)
         VALUES ('2036-01-01'::timestamptz + $1 * interval '1 minute', $2, 'admin', 'platform.synced', 'platform', 'wx-late',
           'r', '', '{}')`,
        [minute, actor.apiKeyId],
      );
      // Each by itself, and some together.
      if (minute % 2 === 0) await log().chainDeferred();
    }
    const start = new Date('2036-01-01T00:00:00Z').getTime();
    const minuteOf = ({ at }: AuditEvent) => (at.getTime() - start) / 60_000;
    for (const moment of [0, 2, 3, 4, 6, 7, 499, 500, 502, 3_001, 4_000]) {
      const at = new Date(start + moment * 60_000);
      const [before, since] = [minutes.filter((one) => one < moment), minutes.filter((one) => one >= moment)];
      for (const limit of [1, 2, 3, 100]) {
        const paged: AuditEvent[] = [];
        for (let more = true; more;) {
          const page = await find({ subjectId: 'wx-late', until: at, limit, before: paged.at(-1)?.seq });
          paged.push(...page);
          more = page.length === limit;
        }
        expect([moment, limit, paged.map(minuteOf)]).toEqual([moment, limit, before.toReversed()]);
      }
      for (const [filter, expected] of [
        [{ until: at }, before],
        [{ since: at }, since],
      ] as const) {
        const exported: number[] = [];
        for await (const event of log().oldestFirst(EVERYTHING, { subjectId: 'wx-late', ...filter })) {
          exported.push(minuteOf(event));
        }
        expect([moment, exported]).toEqual([moment, expected]);
      }
    }
  });

  it.each([
    `UPDATE audit_events SET ip = '127.0.0.1'`,
    `DELETE FROM audit_events`,
    `UPDATE audit_events SET ip = ip WHERE seq = -1`,
    `TRUNCATE audit_events`,
  ])('refuses %s', async (statement) => {
    await expect(process(0).query(statement)).rejects.toThrow('audit_events is append-only');
  });

  it('notices what somebody changed who went around the trigger', async () => {
    await process(0).query(`ALTER TABLE audit_events DISABLE TRIGGER audit_events_append_only`);
    await process(0).query(`UPDATE audit_events SET ip = '127.0.0.1' WHERE subject_id = 'wx-after'`);
    await process(0).query(`ALTER TABLE audit_events ENABLE TRIGGER audit_events_append_only`);
    const events = await oldestFirst();
    const changed = events.find(({ subjectId }) => subjectId === 'wx-after');
    expect(verifyChain(events)).toEqual({ ok: false, seq: changed?.seq });
  });
});
