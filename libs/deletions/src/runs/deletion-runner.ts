import { DELETED } from '../deletion/target.js';
import { Injectable, Logger } from '@nestjs/common';
import { AuthorizerTokens, GrantLost, MintPutOff } from '@app/merchants';
import { RetryAfter, type CallSlot, type JobContext } from '@app/queue';
import { AuthorizerApi } from '@app/wechat';
import { PlatformHolds } from '../holds/platform-holds.js';
import { TokenConflicts } from '../holds/token-conflicts.js';
import { Lanes } from '../lanes/lanes.js';
import { FRESH_SLOT_MS } from '../pacing/rate.js';
import { isOrdinaryAnswer, makeCall, saysNothingOfToken, type MadeCall } from './call-result.js';
import { afterDelete, afterStillThere, afterTokenFailure, afterVerifyFailure } from './next-step.js';
import { ACKNOWLEDGED, answerOf, endOf, failed, VERIFIED, type Outcome } from './outcome.js';
import { firstCalls, type FirstCall } from './run-events.js';
import { RunRows, type Operation } from './run-rows.js';
import { RunSteps, type Failure } from './run-steps.js';
import { CALL_MS, contextOf, isUsable, type CallToken, type Run, type RunEnd } from './run.js';

/** For a call slot. Most wait for some milliseconds, for as many are claimed as will have one then. */
const MAX_WAIT_MS = 1_000;

/**
 * So long the slot of a call whose token was refused is good for the same call with a new one: WeChat has not counted
 * it.
 */
const ONCE_MORE_MS = 5_000;

/** The first act of a delete call: all that it needs is there, or the run ends without it. */
type Ready = { is: 'ready'; token: CallToken; callId: string } | { is: 'ended'; end: RunEnd };

/** What became of a question to `mass/get`. */
type Verdict =
  | { is: 'ended'; end: RunEnd }
  /** Without a status, `mass/get` knows no such message. */
  | { is: 'still_there'; status: string | undefined };

type CallFailure = Extract<Failure, { of: 'call' }>;

/** The third act: the run ends, or the same call is made once more, with a new token. */
type Followed = { is: 'ended'; end: RunEnd } | { is: 'refused'; refusal: CallFailure };

const ended = (end: RunEnd): { is: 'ended'; end: RunEnd } => ({ is: 'ended', end });

/**
 * Carries out one deletion, as its BullMQ job. Safe to run twice: the one that has the claim runs it, the claim is
 * renewed with each call, each call is written down before it is made, and after one whose answer nobody saw,
 * `mass/get` is asked before another delete is spent.
 */
@Injectable()
export class DeletionRunner {
  private readonly logger = new Logger(DeletionRunner.name);

  constructor(
    private readonly runs: RunRows,
    private readonly steps: RunSteps,
    private readonly lanes: Lanes,
    private readonly holds: PlatformHolds,
    private readonly conflicts: TokenConflicts,
    private readonly tokens: AuthorizerTokens,
    private readonly api: AuthorizerApi,
  ) {}

  /** @throws RetryAfter when the queue shall run it again after a while */
  async run(deletionId: string, context: Pick<JobContext, 'isLastAttempt' | keyof CallSlot>): Promise<void> {
    const claim = await this.runs.claim(deletionId, context);
    if (!claim.claimed) {
      if (claim.retryAfterMs !== undefined) throw new RetryAfter(claim.retryAfterMs + 100);
      return;
    }
    const { run } = claim;
    if (run.merchant.grantGone !== null) {
      await this.runs.finish(run, failed(run.merchant.grantGone));
      return this.steps.refund(run);
    }
    if (run.isHeld) return this.runs.giveBack(run);
    const end = await this.attempt(run).catch(async (error: unknown) => {
      // A call that is written down would count as made: it goes back, struck out.
      if (run.call !== 'none') await this.runs.giveBack(run).catch(() => undefined);
      throw error;
    });
    await this.tellWhatItShowed(run);
    if (end === 'over') return this.steps.refund(run);
    // The queue would give the job up after its last attempt; the lane never gives a deletion up.
    if (context.isLastAttempt) return this.runs.giveBack(run, { for: 'backoff', pauseMs: end.retryAfterMs });
    // A slot that no call has used waits with it.
    await this.runs.backOff(run, end.retryAfterMs);
    throw new RetryAfter(end.retryAfterMs);
  }

  /** WeChat's answers tell of the merchant's tokens, and of the platform that is held. */
  private async tellWhatItShowed(run: Run): Promise<void> {
    const { id, merchant } = run;
    if (run.tokenConflicts > 0 && run.wasTokenTaken) await this.conflicts.end(merchant);
    if (run.tokenRefusal !== 'none' && run.wasTokenTaken) {
      await this.conflicts.renewed(merchant, run.tokenRefusal.errcode);
    }
    if (run.isProbe && run.wasAnswered) await this.holds.resume(merchant.platformId, id);
  }

  private async attempt(run: Run): Promise<RunEnd> {
    if (run.isLastOutcomeUnknown && 'msgId' in run.target) {
      const verdict = await this.verify(run, run.target.msgId);
      if (verdict.is === 'ended') return verdict.end;
      if (run.final) return this.endStillThere(run, run.final, verdict.status);
    }
    return this.delete(run);
  }

  /**
   * In three acts. A call whose token was refused is made once more: with a token that was minted for it, it is
   * followed otherwise.
   */
  private async delete(run: Run): Promise<RunEnd> {
    let refusal: CallFailure | undefined;
    for (;;) {
      const ready = await this.beReady(run, refusal);
      if (ready.is === 'ended') return ready.end;
      const call = await this.callDelete(run, ready, refusal !== undefined);
      const followed = await this.follow(run, call, ready.token, refusal !== undefined);
      if (followed.is === 'ended') return followed.end;
      refusal = followed.refusal;
    }
  }

  /**
   * The first act: token, slot of the lane, the call written down, call slot.
   * @param refusal what WeChat said to the same call with the token before this one
   */
  private async beReady(run: Run, refusal: CallFailure | undefined): Promise<Ready> {
    const token = await this.tokenOfDelete(run);
    if (!token) return ended('over');
    if (!(await this.holdsSlot(run))) return ended(await this.steps.withoutCall(run, refusal));
    if (run.call === 'none') {
      const written = await this.writeDown(run, 'mass/delete');
      if (!written) return ended('over');
      run.call = { written };
    }
    const callId = run.call.written;
    // To write it down, to come by a call slot or by a slot of its lane may have taken longer than slot or claim are
    // good for.
    if (!(await this.getsCallSlot(run)) || !(await this.holdsSlot(run)) || performance.now() >= run.callBefore) {
      return ended(await this.steps.withoutCall(run, refusal));
    }
    return { is: 'ready', token, callId };
  }

  /** The second act: from here on the call may have been made, and the slot is used. */
  private callDelete(
    run: Run,
    { token, callId }: Extract<Ready, { is: 'ready' }>,
    isSecondCall: boolean,
  ): Promise<MadeCall<unknown>> {
    run.call = 'none';
    run.slot = 'none';
    const { target, isUrgent, dueAt } = run;
    if (dueAt !== undefined && !isSecondCall) {
      firstCalls.publish({ isUrgent, delayMs: performance.now() - dueAt } satisfies FirstCall);
    }
    return this.call(run, callId, (signal) => this.api.massDelete({ accessToken: token.token, target, signal }));
  }

  /** The third act: what WeChat answered is stored, and what follows from it is done. */
  private async follow(run: Run, call: MadeCall<unknown>, token: CallToken, isSecondCall: boolean): Promise<Followed> {
    const { id, error, result, leftAt } = call;
    if (!error) {
      await this.runs.finish(run, ACKNOWLEDGED, call);
      return ended('over');
    }
    const step = afterDelete(error, contextOf(run, isRenewed(run, token, isSecondCall)));
    if (!step) throw error;
    if (step.do === 'fail') {
      await this.steps.fail(run, step, error, call);
      return ended('over');
    }
    if (step.do === 'infer') {
      await this.runs.finish(run, endOf(step, answerOf(error)), call);
      return ended('over');
    }
    const final = step.do === 'verify' ? { code: step.code, ...answerOf(error) } : undefined;
    await this.runs.finishCall(id, result, final && { run, outcome: final });
    const failure: CallFailure = { of: 'call', error, token, leftAt };
    if (step.do === 'renew_token') {
      await this.renewToken(run, failure);
      // Turned away at the door, before it came to the account: quota and slot are still there for the call that is
      // made at once.
      run.slot = { paidUntil: performance.now() + ONCE_MORE_MS };
      return { is: 'refused', refusal: failure };
    }
    if (final && 'msgId' in run.target) {
      const verdict = await this.verify(run, run.target.msgId);
      return ended(verdict.is === 'ended' ? verdict.end : await this.endStillThere(run, final, verdict.status));
    }
    // Turned away at the platform's door, before it came to the account: if WeChat counts such calls after all, 45009
    // will tell. Without this, probes of a held platform, or with tokens that others make void, would use up a day's
    // calls.
    if (step.do === 'hold' || (step.do === 'wait' && step.for === 'token_conflict')) run.slot = 'stale';
    return ended(await this.steps.apply(run, step, failure));
  }

  /** Ends the run as WeChat's answer to a delete call says, for `mass/get` did not say that the message is gone. */
  private async endStillThere(run: Run, final: Outcome, status: string | undefined): Promise<RunEnd> {
    await this.runs.finish(run, endOf(afterStillThere(final.code, status, contextOf(run, false)), final));
    return 'over';
  }

  /**
   * Asks WeChat whether the message is gone. Ends the run when it is. A question whose token was refused is asked once
   * more: with a token that was minted for it, it is followed otherwise.
   */
  private async verify(run: Run, msgId: bigint): Promise<Verdict> {
    for (let isSecondCall = false; ; isSecondCall = true) {
      const token = await this.token(run);
      if (!token) return ended('over');
      // Before it is written down: a question that was not asked cannot be struck out.
      if (!(await this.getsCallSlot(run))) return ended(await this.steps.withoutCall(run));
      const callId = await this.writeDown(run, 'mass/get');
      if (!callId) return ended('over');
      const call = await this.call(run, callId, (signal) =>
        this.api.massGet({ accessToken: token.token, msgId, signal }),
      );
      if (call.error) {
        const { id, result, error, leftAt } = call;
        await this.runs.finishCall(id, result);
        const step = afterVerifyFailure(error, contextOf(run, isRenewed(run, token, isSecondCall)));
        if (!step) throw error;
        if (step.do === 'call') return { is: 'still_there', status: undefined };
        const failure: CallFailure = { of: 'call', error, token, leftAt };
        if (step.do !== 'renew_token') return ended(await this.steps.apply(run, step, failure));
        await this.renewToken(run, failure);
        continue;
      }
      if (call.answer?.status !== DELETED) {
        await this.runs.finishCall(call.id, call.result);
        return { is: 'still_there', status: call.answer?.status };
      }
      const isOfNoArticle = await this.runs.isOfNoArticle(run);
      await this.runs.finish(run, isOfNoArticle ? failed('article_not_in_message') : VERIFIED, call);
      return ended('over');
    }
  }

  /**
   * Whether a delete call may be made now. The lane is asked for a slot if this run has none, or one that got too old.
   */
  private async holdsSlot(run: Run): Promise<boolean> {
    if (isUsable(run.slot)) return true;
    const { merchant, isUrgent } = run;
    const isPaid = run.slot !== 'none';
    const askedAt = performance.now();
    const isThere = isPaid ? await this.lanes.renewSlot(merchant.id) : await this.lanes.buySlot(merchant.id, isUrgent);
    if (isThere) run.slot = { paidUntil: askedAt + FRESH_SLOT_MS };
    else run.slot = isPaid ? 'stale' : 'none';
    return isUsable(run.slot);
  }

  /**
   * @returns false when the wait was so long that what the claim found, such as a grant, or no hold, may be so no more
   */
  private async getsCallSlot(run: Run): Promise<boolean> {
    const waitsSince = performance.now();
    return (await run.callSlot.acquire()) && performance.now() - waitsSince <= MAX_WAIT_MS;
  }

  /** The token that was lent with the claim, for the call that was written down then; for any other call as `token`. */
  private async tokenOfDelete(run: Run): Promise<CallToken | undefined> {
    const lent = run.call === 'none' ? undefined : run.call.lent;
    if (!lent) return this.token(run);
    return { token: this.tokens.unseal(run.merchant, lent.sealed), version: lent.version, isMinted: false };
  }

  /** @returns undefined when no token could be had, and what follows from that is done */
  private async token(run: Run): Promise<CallToken | undefined> {
    let isMinted = false;
    try {
      const token = await this.tokens.current(run.merchant, async (mint) => {
        await this.acquireForMint(run);
        isMinted = true;
        // The call itself comes soon.
        return mint().finally(() => run.callSlot.release({ again: true }));
      });
      return { token: token.token, version: token.version, isMinted };
    } catch (error) {
      if (error instanceof MintPutOff) {
        await this.steps.withoutCall(run);
        return undefined;
      }
      const step = afterTokenFailure(error);
      if (!step) throw error;
      run.wasAnswered ||= step.do !== 'hold' && (error instanceof GrantLost || isOrdinaryAnswer(error));
      await this.steps.apply(run, step, { of: 'mint', error });
      return undefined;
    }
  }

  /** @throws MintPutOff */
  private async acquireForMint(run: Run): Promise<void> {
    if (!(await this.getsCallSlot(run))) throw new MintPutOff();
    // Since the claim, others may have heard that no token is to be had.
    if (!run.isProbe && this.holds.isMintFutile(run.merchant.platformId)) throw new MintPutOff();
  }

  /** What WeChat refused is used no more: the next run that needs a token mints one. */
  private async renewToken(run: Run, { error, token }: CallFailure): Promise<void> {
    run.wasTokenTaken = false;
    run.tokenRefusal = { errcode: answerOf(error).errcode };
    await this.tokens.markStale(run.merchant, token.version);
  }

  /** Writes down that a call is about to be made. @returns undefined when another worker has taken over */
  private async writeDown(run: Run, operation: Operation): Promise<string | undefined> {
    const id = await this.runs.startCall(run, operation);
    if (id) return id;
    // The worker that has the claim now has the slot with it.
    run.slot = 'none';
    this.logger.warn('claim lost before the call', { deletion_id: run.id, operation });
    return undefined;
  }

  private async call<T>(run: Run, id: string, make: (signal: AbortSignal) => Promise<T>): Promise<MadeCall<T>> {
    // Not AbortSignal.timeout: the timers of calls that were answered long ago would stay, tens of thousands in a busy
    // worker.
    const tooLong = new AbortController();
    const timer = setTimeout(() => tooLong.abort(new Error('no answer in time')), CALL_MS);
    const call = await makeCall(id, () => make(tooLong.signal));
    clearTimeout(timer);
    run.callSlot.release();
    run.wasAnswered ||= call.error === undefined || isOrdinaryAnswer(call.error);
    run.wasTokenTaken ||= call.error === undefined || saysNothingOfToken(call.error);
    return call;
  }
}

/**
 * Whether the token is new. While two systems mint, one mint and one call each time are enough to find out whether they
 * still do.
 */
const isRenewed = (run: Run, token: CallToken, isSecondCall: boolean) =>
  isSecondCall || (run.tokenConflicts > 0 && token.isMinted);
