import {
  BEFORE_ALL,
  CHAIN_START,
  hashOfEvent,
  lookAtChain,
  verifyChain,
  type AuditFacts,
  type ChainPlace,
} from './audit-chain.js';
import type { AuditEvent } from './audit-event.entity.js';
import type { AuditHead } from './audit-head.js';

const facts = (changes: Partial<AuditFacts> = {}): AuditFacts => ({
  at: new Date('2026-05-01T08:00:00.123Z'),
  apiKeyId: '0199e0f1-0000-7000-8000-000000000001',
  role: 'admin',
  action: 'platform.updated',
  subjectType: 'platform',
  subjectId: 'wx0123456789abcdef',
  componentAppid: null,
  authorizerAppid: null,
  requestId: 'a-request',
  ip: '127.0.0.1',
  data: { changed: ['token', 'app_secret'], count: 2 },
  ...changes,
});

function chain(length: number): AuditEvent[] {
  const events: AuditEvent[] = [];
  for (let index = 0; index < length; index++) {
    const prevHash = events.at(-1)?.hash ?? CHAIN_START;
    const row = facts({ subjectId: `subject-${index}` });
    // Numbers with gaps, as rolled-back transactions leave them.
    events.push({ ...row, seq: String(index * 3 + 1), prevHash, hash: hashOfEvent(row, prevHash) });
  }
  return events;
}

describe('the audit chain', () => {
  it('stays the same hash from release to release', () => {
    expect(hashOfEvent(facts(), CHAIN_START)).toBe('17ba90e0d2001b6a1550604a3ce0275a1f0d44c4e298ba21bc4322c52e2d99cb');
  });

  it('covers the tenant, where there is one', () => {
    const hashes = [{}, { componentAppid: 'wx1' }, { authorizerAppid: 'wx1' }].map((tenant) =>
      hashOfEvent(facts(tenant), CHAIN_START),
    );
    expect(new Set(hashes).size).toBe(3);
  });

  it('does not depend on the order in which the database returns the keys of data', () => {
    const reordered = facts({ data: { count: 2, changed: ['token', 'app_secret'] } });
    expect(hashOfEvent(reordered, CHAIN_START)).toBe(hashOfEvent(facts(), CHAIN_START));
  });

  it('accepts rows as they were written, also a later part of them, and none', () => {
    const events = chain(5);
    const lastHash = events[4]?.hash;
    expect(verifyChain(events)).toEqual({ ok: true, lastHash });
    expect(verifyChain(events.slice(2), events[1]?.hash)).toEqual({ ok: true, lastHash });
    expect(verifyChain([])).toEqual({ ok: true, lastHash: CHAIN_START });
  });

  it.each<[string, Partial<AuditEvent>]>([
    ['time', { at: new Date(0) }],
    ['key', { apiKeyId: '0199e0f1-0000-7000-8000-000000000002' }],
    ['role', { role: 'viewer' }],
    ['action', { action: 'platform.registered' }],
    ['type of subject', { subjectType: 'merchant' }],
    ['subject', { subjectId: 'another' }],
    ['request', { requestId: 'another' }],
    ['address', { ip: '127.0.0.2' }],
    ['data', { data: { changed: [] } }],
    ['predecessor', { prevHash: CHAIN_START }],
    ['hash', { hash: CHAIN_START }],
  ])('notices another %s', (_what, change) => {
    const events = chain(5).map((event, index) => (index === 2 ? { ...event, ...change } : event));
    expect(verifyChain(events)).toEqual({ ok: false, seq: '7' });
  });

  it('notices a row whose hash was made anew after it was changed, at the next one', () => {
    const events = chain(5).map((event, index) => {
      const changed = { ...event, ip: '10.0.0.1' };
      return index === 2 ? { ...changed, hash: hashOfEvent(changed, changed.prevHash) } : event;
    });
    expect(verifyChain(events)).toEqual({ ok: false, seq: '10' });
  });

  it('notices rows that are missing, doubled, or in another order', () => {
    const [a, b, c, d] = chain(4) as [AuditEvent, AuditEvent, AuditEvent, AuditEvent];
    expect(verifyChain([b, c, d])).toEqual({ ok: false, seq: b.seq });
    expect(verifyChain([a, c, d])).toEqual({ ok: false, seq: c.seq });
    expect(verifyChain([a, b, b, c])).toEqual({ ok: false, seq: b.seq });
    expect(verifyChain([a, c, b, d])).toEqual({ ok: false, seq: c.seq });
  });
});

describe('a look at the chain behind what is archived', () => {
  const events = chain(6);
  /** Behind so many of the rows. */
  const behind = (rows: number): ChainPlace => {
    const last = events[rows - 1];
    return last ? { seq: last.seq, rows, hash: last.hash } : BEFORE_ALL;
  };
  const headOf = (rows: number, hash = behind(rows).hash): AuditHead => {
    return { at: new Date(rows), rows, hash, keyId: 'k1', signature: '' };
  };
  async function* each(given: AuditEvent[]) {
    yield* given;
  }
  const look = (given: AuditEvent[], after: ChainPlace, noted: string[] = [], heads: AuditHead[] = []) =>
    lookAtChain(each(given), noted, heads, after);

  it.each([0, 1, 3, 5])('counts on from %i rows', async (archived) => {
    expect(await look(events.slice(archived), behind(archived))).toMatchObject({
      ok: true,
      rows: 6,
      leftRows: 0,
      lastSeq: events[5]?.seq,
      lastHash: events[5]?.hash,
    });
  });

  it('takes rows for archived that are still here, as long as they end where the archive does', async () => {
    expect(await look(events, behind(3))).toMatchObject({ ok: true, rows: 6, leftRows: 3 });
    expect(await look(events.slice(1), behind(3))).toMatchObject({ ok: true, rows: 6, leftRows: 2 });
  });

  it.each<[string, AuditEvent[], number]>([
    ['its first row is missing', events.toSpliced(3, 1), 4],
    ['a row is missing among those that are archived and still here', events.toSpliced(1, 1), 2],
    ['the last of those is missing', events.toSpliced(2, 1), 1],
    ['only the first of those is here, and no other row', events.slice(0, 1), 0],
    ['one of those was changed', events.with(1, { ...events[1]!, ip: '192.0.2.9' }), 1],
  ])('is broken where %s', async (_how, given, index) => {
    expect(await look(given, behind(3))).toMatchObject({ ok: false, seq: events[index]?.seq });
  });

  it('is broken by a row that was put in under an old number', async () => {
    const facts = { ...events[0]!, prevHash: 'f'.repeat(64) };
    const forged = { ...facts, hash: hashOfEvent(facts, facts.prevHash) };
    expect(await look([forged, ...events.slice(3)], behind(3))).toMatchObject({ ok: false, seq: forged.seq });
  });

  it('tells heads of archived rows apart from those that it has to meet', async () => {
    const [old, end, met, other] = [headOf(2), headOf(3), headOf(5), headOf(5, 'e'.repeat(64))];
    const report = await look(events.slice(3), behind(3), [], [headOf(0), old, end, met, other]);
    expect(report).toMatchObject({ ok: true, earlier: [old], unmet: [other] });
  });

  it('finds hashes that the end of the archive and later rows have, and no others', async () => {
    const noted = [CHAIN_START, ...[1, 3, 6].map((rows) => behind(rows).hash)];
    expect(await look(events.slice(3), behind(3), noted)).toMatchObject({ ok: true, missing: [behind(1).hash] });
  });
});
