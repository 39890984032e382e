import { v7 as uuidv7 } from 'uuid';
import { connect, DeletionsDesk } from '../../../../test/support/deletions-desk.js';
import type { Merchant } from '@app/merchants';
import { EVERYTHING } from '@app/scope';
import { RetryUntilStored } from './retry-until-stored.js';
import type { Run } from './run.js';
import { RunRows } from './run-rows.js';

let desk: DeletionsDesk;

beforeAll(async () => {
  desk = await DeletionsDesk.open();
});
afterAll(() => desk.close());

/** A deletion that the dispatcher has handed out. */
async function dispatched(): Promise<string> {
  return dispatchedFor(await desk.aMerchant());
}

async function dispatchedFor(merchant: Merchant): Promise<string> {
  const [id = ''] = await desk.accept(merchant, 1);
  expect((await desk.laneDispatch.dispatch()).map((one) => one.id)).toEqual([id]);
  return id;
}

async function claimed(id: string): Promise<Run> {
  const claim = await desk.runs.claim(id);
  if (!claim.claimed) throw new Error('not claimed');
  return claim.run;
}

/** What is left when a worker dies: after a while its claim counts for nothing. */
const endClaim = (id: string) =>
  desk.sql(`UPDATE deletions SET running_until = now() - interval '1 s' WHERE id = $1`, [id]);
const answer = { outcome: 'accepted', errcode: 0, httpStatus: 200, latencyMs: 20 };
const done = { state: 'succeeded', proof: 'acknowledged', outcome: { code: 'deleted', errcode: 0 } } as const;

/** A slot that no call has used. */
const PAID = { paidUntil: expect.any(Number) };

describe('a run', () => {
  it('is claimed by one of many workers, and the others are told when to come again', async () => {
    const id = await dispatched();
    const claims = await Promise.all(Array.from({ length: 10 }, () => desk.runs.claim(id)));
    expect(claims.filter(({ claimed }) => claimed)).toHaveLength(1);
    for (const claim of claims) {
      if (!claim.claimed) expect(claim.retryAfterMs).toBeGreaterThan(20_000);
    }
  });

  it('has its call written down with the claim when there is a token', async () => {
    const merchant = await desk.aMerchant();
    await desk.keepToken(merchant.id);
    const id = await dispatchedFor(merchant);
    const run = await claimed(id);
    expect(run).toMatchObject({
      call: { written: expect.any(String), lent: { sealed: 'sealed', version: 1 } },
      slot: PAID,
    });
    expect(await desk.view([id])).toMatchObject([{ state: 'running', attempts: 1 }]);
    await endClaim(id);
    // Nobody knows whether the call was made: it is looked into before another is written down.
    expect(await claimed(id)).toMatchObject({ call: 'none', isLastOutcomeUnknown: true, slot: 'none' });
  });

  it('that goes back before its call was made leaves no trace of one', async () => {
    const merchant = await desk.aMerchant();
    await desk.keepToken(merchant.id);
    const id = await dispatchedFor(merchant);
    const run = await claimed(id);

    await desk.runs.giveBack(run);

    expect(run).toMatchObject({ call: 'none', slot: 'none' });
    expect(await desk.view([id])).toMatchObject([{ state: 'queued', attempts: 0 }]);
    expect(await desk.sql(`SELECT id FROM deletion_attempts WHERE deletion_id = $1`, [id])).toEqual([]);
    expect((await desk.laneDispatch.dispatch()).map((one) => one.id)).toEqual([id]);
    expect(await claimed(id)).toMatchObject({ isLastOutcomeUnknown: false, slot: PAID });
  });

  it('that has lost its claim before its call was made strikes out nothing', async () => {
    const merchant = await desk.aMerchant();
    await desk.keepToken(merchant.id);
    const id = await dispatchedFor(merchant);
    const late = await claimed(id);
    await endClaim(id);
    const current = await claimed(id);

    await desk.runs.giveBack(late);

    expect(await desk.view([id])).toMatchObject([{ state: 'running', attempts: 1 }]);
    expect(current.isLastOutcomeUnknown).toBe(true);
    expect(await desk.sql(`SELECT id FROM deletion_attempts WHERE deletion_id = $1`, [id])).toHaveLength(1);
  });

  it('that many workers ask for at once has one call written down, and it is the claimer’s', async () => {
    const merchant = await desk.aMerchant();
    await desk.keepToken(merchant.id);
    const id = await dispatchedFor(merchant);
    const claims = await Promise.all(Array.from({ length: 10 }, () => desk.runs.claim(id)));
    const [won, ...others] = claims.flatMap((claim) => (claim.claimed ? claim.run : []));
    expect(others).toEqual([]);
    const calls = await desk.sql<{ id: string }>(`SELECT id FROM deletion_attempts WHERE deletion_id = $1`, [id]);
    expect(won?.call).toMatchObject({ written: calls[0]?.id });
    expect(calls).toHaveLength(1);
    expect(await desk.sql(`SELECT run_id FROM deletions WHERE id = $1`, [id])).toEqual([{ run_id: won?.runId }]);
  });

  it('knows what WeChat has said for good, so that no further call is spent on it', async () => {
    const id = await dispatched();
    const run = await claimed(id);
    const callId = (await desk.runs.startCall(run, 'mass/delete')) ?? '';
    const refusal = {
      outcome: 'already_gone',
      errcode: 40065,
      errmsg: 'invalid msg status',
      rid: 'a-rid',
      latencyMs: 5,
    };
    await desk.runs.finishCall(callId, refusal, { run, outcome: { code: 'already_gone' } });
    await endClaim(id);
    expect(await claimed(id)).toMatchObject({
      isLastOutcomeUnknown: true,
      final: { code: 'already_gone', errcode: 40065, errmsg: 'invalid msg status', rid: 'a-rid' },
    });
  });

  /** Answers of earlier delete calls: the class, and errcode or HTTP status. */
  type Told = [outcome: string | null, errcode: number | null, httpStatus?: number];
  it.each<[string, boolean, Told[]]>([
    ['nothing was called', false, []],
    ['the worker died', true, [[null, null]]],
    ['nobody answered', true, [['unknown_outcome', null]]],
    ['a 502 came', true, [['unknown_outcome', null, 502]]],
    ['the answer could not be read', true, [['unknown_outcome', null, 200]]],
    ['WeChat was busy', true, [['unknown_outcome', -1, 200]]],
    ['a proxy refused it', false, [['unknown_outcome', null, 403]]],
    ['an equal call was being served', false, [['unknown_outcome', 61008, 200]]],
    ['the index was out of range', false, [['unknown_outcome', 40060, 200]]],
    ['it was said to be gone', false, [['already_gone', 40065, 200]]],
    ['it was refused', false, [['refused', 40059, 200]]],
    ['there was no connection', false, [['connect_failed', null]]],
    [
      'it was lost, then said to be gone',
      true,
      [
        ['unknown_outcome', -1],
        ['already_gone', 40065],
      ],
    ],
    [
      'it was said to be gone, then lost',
      false,
      [
        ['already_gone', 40065],
        ['unknown_outcome', -1],
      ],
    ],
    [
      'it was refused, then lost',
      false,
      [
        ['refused', 40204],
        [null, null],
      ],
    ],
    [
      'the index was out of range, then lost',
      false,
      [
        ['unknown_outcome', 40060],
        [null, null],
      ],
    ],
    [
      'the token, the rate and the quota were refused, then lost',
      true,
      [
        ['credential_expired', 40001],
        ['too_fast', 45011],
        ['quota_spent', 45009],
        ['unknown_outcome', null],
      ],
    ],
    ['something of ours failed', false, [['internal_error', null]]],
  ])('knows whether its first answer was lost: when %s, %s', async (_what, isLost, told) => {
    const id = await dispatched();
    for (const [outcome, errcode, httpStatus = null] of told) {
      await desk.sql(
        `INSERT INTO deletion_attempts (id, deletion_id, operation, outcome, errcode, http_status, started_at)
         SELECT $1, $2, 'mass/delete', $3, $4, $5, COALESCE(max(started_at), now() - interval '1 min') + interval '1 s'
         FROM deletion_attempts WHERE deletion_id = $2`,
        [uuidv7(), id, outcome, errcode, httpStatus],
      );
    }
    await desk.sql(`UPDATE deletions SET attempts = $2 WHERE id = $1`, [id, told.length]);
    expect(await claimed(id)).toMatchObject({ isFirstAnswerLost: isLost });
  });

  it('does not take its own call, which is written down with its claim, for a lost one', async () => {
    const merchant = await desk.aMerchant();
    await desk.keepToken(merchant.id);
    const id = await dispatchedFor(merchant);
    expect(await claimed(id)).toMatchObject({ call: { written: expect.any(String) }, isFirstAnswerLost: false });
  });

  it.each<[string, string]>([
    ['the token has ended', `UPDATE access_tokens SET use_until = now()`],
    ['there is no token', `UPDATE access_tokens SET token_sealed = NULL`],
    ['the grant is gone', `UPDATE merchants SET state = 'unauthorized'`],
  ])('has no call written down with its claim when %s', async (_when, change) => {
    const merchant = await desk.aMerchant();
    await desk.keepToken(merchant.id);
    const id = await dispatchedFor(merchant);
    await desk.sql(`${change} WHERE ${change.includes('merchants') ? 'id' : 'holder_id'} = $1`, [merchant.id]);
    expect(await claimed(id)).toMatchObject({ call: 'none', slot: PAID });
    expect(await desk.view([id])).toMatchObject([{ state: 'running', attempts: 0 }]);
  });

  it('cannot be claimed before the dispatch, nor after its end', async () => {
    const [waiting = ''] = await desk.accept(await desk.aMerchant(), 1);
    expect(await desk.runs.claim(waiting)).toEqual({ claimed: false });
    await desk.deletionChanges.cancel(EVERYTHING, waiting);
    expect(await desk.runs.claim(waiting)).toEqual({ claimed: false });
    const id = await dispatched();
    await desk.runs.finish(await claimed(id), done);
    expect(await desk.runs.claim(id)).toEqual({ claimed: false });
  });

  it('is taken over when its claim has ended, knowing that a call may have been made', async () => {
    const id = await dispatched();
    const first = await claimed(id);
    expect(first).toMatchObject({ isLastOutcomeUnknown: false, slot: PAID });
    await desk.runs.startCall(first, 'mass/delete');
    await endClaim(id);
    expect(await claimed(id)).toMatchObject({ isLastOutcomeUnknown: true, slot: 'none' });
    // Whoever lost the claim makes no call any more, gives nothing back and waits for nothing.
    expect(await desk.runs.startCall(first, 'mass/delete')).toBeUndefined();
    await desk.runs.giveBack(first);
    await desk.runs.backOff(first, 1_000);
    expect(await desk.view([id])).toMatchObject([{ state: 'running', attempts: 1, retries: 0 }]);
  });

  it('needs no new slot when its worker died before the call', async () => {
    const id = await dispatched();
    await claimed(id);
    await endClaim(id);
    expect(await claimed(id)).toMatchObject({ isLastOutcomeUnknown: false, slot: PAID });
  });

  it('ends with what WeChat answered, even when the claim was lost meanwhile', async () => {
    const id = await dispatched();
    const slow = await claimed(id);
    const callId = (await desk.runs.startCall(slow, 'mass/delete')) ?? '';
    await endClaim(id);
    const second = await claimed(id);
    await desk.runs.finish(slow, done, { id: callId, result: answer });
    expect(await desk.view([id])).toMatchObject([
      { state: 'succeeded', proof: 'acknowledged', outcomeCode: 'deleted' },
    ]);
    expect(await desk.runs.startCall(second, 'mass/get')).toBeUndefined();
    // The first end stands.
    await desk.runs.finish(second, { state: 'failed', proof: 'none', outcome: { code: 'refused' } });
    expect(await desk.view([id])).toMatchObject([{ state: 'succeeded' }]);
  });

  it('whose end cannot be stored does not keep a process up that is told to stop', async () => {
    const id = await dispatched();
    const dataSource = await connect(desk.database);
    const answers = new RetryUntilStored();
    const runs = new RunRows(dataSource, desk.lanes, answers);
    const claim = await runs.claim(id);
    if (!claim.claimed) throw new Error('not claimed');
    await dataSource.destroy();
    const ending = expect(runs.finish(claim.run, done)).rejects.toThrow();
    answers.onModuleDestroy();
    await ending;
  });

  it('waits for its backoff in the queue, where it cannot be cancelled', async () => {
    const id = await dispatched();
    await desk.runs.backOff(await claimed(id), 60_000);
    expect(await desk.view([id])).toMatchObject([{ state: 'waiting', waitingFor: 'backoff', retries: 1 }]);
    await expect(desk.deletionChanges.cancel(EVERYTHING, id)).rejects.toMatchObject({
      code: 'deletion_state_conflict',
    });
    expect(await desk.laneDispatch.dispatch()).toEqual([]);
  });

  it('gives an unused slot back with the deletion, unless another worker has taken over', async () => {
    const merchant = await desk.aMerchant();
    const id = await dispatchedFor(merchant);
    const used = async () =>
      (
        await desk.sql<{ quota_used: number }>(
          `SELECT quota_used FROM account_ledgers
           WHERE authorizer_appid = (SELECT authorizer_appid FROM merchants WHERE id = $1)`,
          [merchant.id],
        )
      )[0]?.quota_used;
    const slow = await claimed(id);
    await endClaim(id);
    const second = await claimed(id);
    await desk.runs.giveBack(slow);
    expect(await used()).toBe(1);
    await desk.runs.giveBack(second, { for: 'backoff', pauseMs: 60_000 });
    expect(await used()).toBe(0);
    expect(await desk.view([id])).toMatchObject([{ state: 'waiting', waitingFor: 'backoff', retries: 1 }]);
  });

  it('that waits for somebody is in its lane, where it can be cancelled', async () => {
    const id = await dispatched();
    await desk.runs.giveBack(await claimed(id), { for: 'platform', pauseMs: 60_000 });
    expect(await desk.view([id])).toMatchObject([{ state: 'waiting', waitingFor: 'platform', retries: 0 }]);
    await desk.deletionChanges.cancel(EVERYTHING, id);
    expect(await desk.view([id])).toMatchObject([{ state: 'cancelled', waitingFor: null, waitingUntil: null }]);
  });

  it('is found by the sweep when its claim, its wait or its dispatch is long over, and not before', async () => {
    const [lost, running, waiting] = [await dispatched(), await dispatched(), await dispatched()];
    await claimed(running);
    await desk.runs.backOff(await claimed(waiting), 60_000);
    await desk.sql(`UPDATE deletions SET dispatched_at = now() - interval '1 h' WHERE id = ANY($1)`, [
      [lost, running, waiting],
    ]);
    const found = async () => (await desk.runs.withoutProgress(15_000, 100)).map(({ id }) => id);
    expect(await found()).toContain(lost);
    expect(await found()).not.toContain(running);
    expect(await found()).not.toContain(waiting);
    await desk.sql(
      `UPDATE deletions SET running_until = running_until - interval '2 min',
         waiting_until = waiting_until - interval '2 min'
       WHERE id = ANY($1)`,
      [[running, waiting]],
    );
    expect(await found()).toEqual(expect.arrayContaining([lost, running, waiting]));
  });
});
