import type { Deletion, DeletionAttempt } from '@app/client';
import { timelineOf, type Entry } from './timeline.js';

const at = (second: number) => new Date(Date.UTC(2026, 10, 1) + second * 1_000).toISOString();

const deletion = (given: Partial<Deletion>): Deletion => ({
  id: '1',
  merchant: 'A',
  component_appid: 'P',
  msg_id: '1',
  article_idx: 1,
  whole_message: false,
  url: null,
  state: 'succeeded',
  waiting_for: null,
  waiting_until: null,
  priority: 'normal',
  try_anyway: false,
  not_before: null,
  reason: null,
  metadata: {},
  outcome: null,
  proof: 'acknowledged',
  proof_note: null,
  attempts: 1,
  takedown: null,
  created_at: at(0),
  finished_at: null,
  ...given,
});

/** A call that began at this second and took one. */
const call = (
  second: number,
  outcome: string | null,
  errcode: number | null = null,
  op: DeletionAttempt['op'] = 'mass/delete',
): DeletionAttempt => ({
  id: String(second),
  op,
  outcome,
  errcode,
  errmsg: null,
  rid: null,
  http_status: null,
  latency_ms: null,
  started_at: at(second),
  finished_at: outcome === null ? null : at(second + 1),
});
const look = (second: number, outcome = 'accepted') => call(second, outcome, 0, 'mass/get');

const told = (entry: Entry) => {
  if (entry.kind === 'waited') return `${entry.because} ${entry.forMs / 1_000}`;
  if (entry.kind === 'call') return `${entry.attempt.op} ${entry.number} ${entry.result}`;
  return entry.kind;
};
const toldOf = (given: Partial<Deletion>, ...attempts: DeletionAttempt[]) =>
  timelineOf(deletion(given), attempts).map(told);

describe('the timeline of a deletion', () => {
  it('is short where all goes well', () => {
    expect(toldOf({ finished_at: at(2) }, call(1, 'accepted', 0))).toEqual([
      'accepted',
      'mass/delete 1 accepted',
      'ended',
    ]);
  });

  it('tells of lost answers, of looking before another call, and of looking afterwards', () => {
    const gone = { finished_at: at(62), proof: 'verified' } as const;
    expect(toldOf(gone, call(0, null), look(10), call(60, 'accepted', 0), look(360))).toEqual([
      'accepted',
      'mass/delete 1 lost',
      'backoff 10',
      'mass/get 1 still_there',
      'lane 49',
      'mass/delete 2 accepted',
      'ended',
      'mass/get 2 gone',
    ]);
  });

  it.each([
    ['unknown_outcome', 'backoff'],
    ['too_fast', 'rate_limit'],
    ['quota_spent', 'daily_quota'],
    ['admin_must_confirm', 'merchant_admin'],
    ['credential_expired', 'token_conflict'],
    ['platform_broken', 'platform'],
    ['ticket_invalid', 'platform'],
    ['connect_failed', 'platform'],
  ])('tells what it waited for after %s', (outcome, because) => {
    expect(toldOf({ finished_at: at(102) }, call(0, outcome, 1), call(100, 'accepted', 0))).toEqual([
      'accepted',
      'mass/delete 1 refused',
      `${because} 99`,
      'mass/delete 2 accepted',
      'ended',
    ]);
  });

  it('tells of the time before its first call', () => {
    expect(toldOf({ finished_at: at(32) }, call(30, 'accepted', 0))[1]).toBe('lane 30');
    expect(toldOf({ finished_at: at(32), not_before: at(29) }, call(30, 'accepted', 0))[1]).toBe('schedule 30');
  });

  it.each(['refused', 'already_gone', 'merchant_must_act'])('tells that it was tried again after %s', (outcome) => {
    expect(toldOf({ finished_at: at(4) }, call(0, outcome, 1), call(2, 'accepted', 0))).toEqual([
      'accepted',
      'mass/delete 1 refused',
      'again 1',
      'mass/delete 2 accepted',
      'ended',
    ]);
  });

  it('ends open, with the call that is under way', () => {
    expect(toldOf({ state: 'running' }, call(1, null))).toEqual(['accepted', 'mass/delete 1 under_way', 'open']);
    expect(toldOf({ state: 'queued' }, call(1, null))).toEqual(['accepted', 'mass/delete 1 lost', 'open']);
    expect(toldOf({ state: 'waiting' }, call(1, 'quota_spent', 45009))).toEqual([
      'accepted',
      'mass/delete 1 refused',
      'open',
    ]);
    expect(toldOf({ state: 'running' }, call(0, 'unknown_outcome'), look(1))).toContain('mass/get 1 not_told');
  });

  it('knows that the message was shown as deleted before a call was made, too', () => {
    const ended = { finished_at: at(3), proof: 'verified', outcome: null } as const;
    expect(toldOf(ended, call(0, 'already_gone', 40065), look(1))).toEqual([
      'accepted',
      'mass/delete 1 refused',
      'mass/get 1 gone',
      'ended',
    ]);
  });
});
