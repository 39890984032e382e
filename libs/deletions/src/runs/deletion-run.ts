import { Injectable, Logger } from '@nestjs/common';
import { AuthorizerTokens, GrantLost, GrantRows, MintPutOff } from '@app/merchants';
import { jobs, RetryAfter, type JobContext, type CallSlot } from '@app/queue';
import { AuthorizerApi, CredentialExpired, PlatformBroken, UnknownOutcome, WechatError } from '@app/wechat';
import { makeCall, type Call } from './call-result.js';
import { Lanes } from '../lanes/lanes.js';
import {
  afterDelete,
  afterNoSecondCall,
  afterStillThere,
  afterTokenFailure,
  afterVerifyFailure,
  type CallContext,
  type NextStep,
} from './next-step.js';
import { heldPauseMs } from '../holds/hold-pause.js';
import { PlatformHolds } from '../holds/platform-holds.js';
import { FRESH_SLOT_MS } from '../pacing/rate.js';
import { CALL_MS, Runs, type End, type LentToken, type Operation, type Outcome, type Run } from './runs.js';
import { TokenConflicts } from '../holds/token-conflicts.js';
import { DELETED, WHOLE_MESSAGE } from '../deletion/target.js';

/** How many transient failures one deletion survives before it fails. */
const MAX_RETRIES = 5;

/** For a call slot. Most wait for some milliseconds, for as many are claimed as will have one then. */
const MAX_WAIT_MS = 1_000;

/** The slot of a call whose token was refused is good so long for the same call with a new one: WeChat has not counted it. */
const ONCE_MORE_MS = 5_000;

/**
 * Carries out one deletion, as its BullMQ job. Safe to run twice: whoever has the claim runs it, the claim is renewed with
 * each call, each call is written down before it is made, and after one whose answer nobody saw, `mass/get` is asked
 * before another delete is spent.
 */
@Injectable()
export class DeletionRun {
  private readonly logger = new Logger(DeletionRun.name);

  constructor(
    private readonly runs: Runs,
    private readonly lanes: Lanes,
    private readonly holds: PlatformHolds,
    private readonly conflicts: TokenConflicts,
    private readonly grants: GrantRows,
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
      await this.runs.finish(run, { state: 'failed', proof: 'none', outcome: { code: run.merchant.grantGone } });
      return this.refund(run);
    }
    if (run.isHeld) return this.runs.giveBack(run);
    const delayMs = await this.attempt(run).catch(async (error: unknown) => {
      // A call that is written down would count as made: it goes back, struck out.
      if (run.begun) await this.runs.giveBack(run).catch(() => undefined);
      throw error;
    });
    if (run.tokenConflicts > 0 && run.wasTokenTaken) await this.conflicts.end(run.merchant);
    if (run.wasTokenRefused && run.wasTokenTaken) await this.conflicts.renewed(run.merchant, run.refusedWith);
    if (run.isProbe && run.wasAnswered) await this.holds.resume(run.merchant.platformId, run.id);
    if (delayMs === undefined) return this.refund(run);
    // The queue would give the job up after its last attempt; the lane never gives a deletion up.
    if (context.isLastAttempt) return this.runs.giveBack(run, { for: 'backoff', pauseMs: delayMs });
    // A slot that no call has used waits with it.
    await this.runs.backOff(run, delayMs);
    throw new RetryAfter(delayMs);
  }

  /** Gives a slot back that no delete call has used. */
  private async refund(run: Run): Promise<void> {
    if (run.hasSlot) await this.lanes.refund(run.merchant.id);
    run.hasSlot = false;
  }

  /** @returns after how many ms to try again, or undefined when this run is over */
  private async attempt(run: Run): Promise<number | undefined> {
    if (run.isLastOutcomeUnknown && 'msgId' in run.target) {
      const verdict = await this.verify(run, run.target.msgId);
      if (typeof verdict !== 'object') return verdict;
      if (run.final) {
        const step = afterStillThere(run.final.code, verdict.status, this.context(run, false));
        await this.runs.finish(run, endOf(step, run.final));
        return undefined;
      }
    }
    return this.delete(run);
  }

  /** @param expired what WeChat said to the same call with the token before this one */
  private async delete(run: Run, expired?: Error): Promise<number | undefined> {
    const held = run.lent ? this.open(run, run.lent) : await this.token(run);
    run.lent = undefined;
    if (!held) return undefined;
    if (!(await this.holdsSlot(run))) return this.withoutCall(run, expired);
    run.begun ??= await this.begin(run, 'mass/delete');
    if (!run.begun) return undefined;
    // To write it down, to come by a call slot or by a slot of its lane may have taken longer than slot or claim are good for.
    if (!(await this.getsCallSlot(run)) || !(await this.holdsSlot(run)) || performance.now() >= run.callBefore) {
      return this.withoutCall(run, expired);
    }
    const { target, begun } = run;
    run.tokenVersion = held.version;
    run.begun = undefined;
    run.hasSlot = false;
    const call = await this.call(run, begun, (signal) =>
      this.api.massDelete({ accessToken: held.token, target, signal }),
    );
    if (!call.error) {
      await this.runs.finish(
        run,
        { state: 'succeeded', proof: 'acknowledged', outcome: { code: 'deleted', errcode: 0, errmsg: 'ok' } },
        call,
      );
      return undefined;
    }
    const context = this.context(run, expired !== undefined);
    const step = afterDelete(call.error, context);
    if (!step) throw call.error;
    if (step.do === 'fail') {
      await this.fail(run, step, call);
      return undefined;
    }
    if (step.do === 'infer') {
      await this.runs.finish(run, endOf(step, outcomeOf(call.error)), call);
      return undefined;
    }
    const final = step.do === 'verify' ? { run, outcome: { code: step.code, ...outcomeOf(call.error) } } : undefined;
    await this.runs.finishCall(call.id, call.result, final);
    if (step.do === 'renew_token') {
      await this.renewToken(run, call.error);
      // Turned away at the door, before it came to the account: quota and slot are still there for the call that is made at once.
      run.hasSlot = true;
      run.slotUntil = performance.now() + ONCE_MORE_MS;
      return this.delete(run, call.error);
    }
    if (step.do === 'verify' && 'msgId' in target) {
      const verdict = await this.verify(run, target.msgId);
      if (typeof verdict !== 'object') return verdict;
      const last = afterStillThere(step.code, verdict.status, context);
      await this.runs.finish(run, endOf(last, outcomeOf(call.error)));
      return undefined;
    }
    // Turned away at the platform's door, before it came to the account: if WeChat counts such calls after all, 45009 will
    // tell. Without this, probes of a held platform, or with tokens that others make void, would use up a day's calls.
    run.hasSlot = step.do === 'hold' || (step.do === 'wait' && step.for === 'token_conflict');
    return this.take(run, step, call.error);
  }

  /** Whether a delete call may be made now. The lane is asked for a slot if this run has none, or one that got too old. */
  private async holdsSlot(run: Run): Promise<boolean> {
    if (run.hasSlot && performance.now() <= run.slotUntil) return true;
    const askedAt = performance.now();
    const isThere = run.hasSlot
      ? await this.lanes.renewSlot(run.merchant.id)
      : (run.hasSlot = await this.lanes.buySlot(run.merchant.id, run.isUrgent));
    run.slotUntil = isThere ? askedAt + FRESH_SLOT_MS : -Infinity;
    return performance.now() <= run.slotUntil;
  }

  /** @returns false when the wait was so long that what the claim found, such as a grant, or no hold, may be so no more */
  private async getsCallSlot(run: Run): Promise<boolean> {
    const waitsSince = performance.now();
    return (await run.callSlot.acquire()) && performance.now() - waitsSince <= MAX_WAIT_MS;
  }

  /**
   * Back into the lane, before the delete call that it came for. A token that is refused again and again must come to an end,
   * so that after a refusal this uses up a retry.
   */
  private async withoutCall(run: Run, expired?: Error): Promise<number | undefined> {
    run.callSlot.release();
    if (expired) {
      // Paid for again when it comes again: the refused call was one of this dispatch.
      await this.refund(run);
      const step = run.begun ? undefined : afterNoSecondCall(this.context(run, true));
      if (step) return this.take(run, step, expired);
      await this.runs.giveBack(run, { for: 'backoff', pauseMs: jobs['deletion.run'].backoff(run.retries + 1) });
      return undefined;
    }
    if (run.isProbe) await this.holds.handBackProbe(run.merchant.platformId, run.id);
    await this.runs.giveBack(run);
    return undefined;
  }

  /**
   * Asks WeChat whether the message is gone. Ends the run when it is.
   * @returns what WeChat says of it when it is not
   */
  private async verify(run: Run, msgId: bigint, expired?: Error): Promise<number | undefined | StillThere> {
    const held = await this.token(run);
    if (!held) return undefined;
    // Before it is written down: a question that was not asked cannot be struck out.
    if (!(await this.getsCallSlot(run))) return this.withoutCall(run);
    run.tokenVersion = held.version;
    const callId = await this.begin(run, 'mass/get');
    const call =
      callId &&
      (await this.call(run, callId, (signal) => this.api.massGet({ accessToken: held.token, msgId, signal })));
    if (!call) return undefined;
    if (call.error) {
      await this.runs.finishCall(call.id, call.result);
      const step = afterVerifyFailure(call.error, this.context(run, expired !== undefined));
      if (!step) throw call.error;
      if (step.do === 'renew_token') {
        await this.renewToken(run, call.error);
        return this.verify(run, msgId, call.error);
      }
      return step.do === 'call' ? {} : this.take(run, step, call.error);
    }
    if (call.answer?.status !== DELETED) {
      await this.runs.finishCall(call.id, call.result);
      return { status: call.answer?.status };
    }
    if (await this.runs.isOfNoArticle(run)) {
      await this.runs.finish(
        run,
        { state: 'failed', proof: 'none', outcome: { code: 'article_not_in_message' } },
        call,
      );
      return undefined;
    }
    await this.runs.finish(
      run,
      { state: 'succeeded', proof: 'verified', outcome: { code: 'already_deleted', errcode: 0, errmsg: 'ok' } },
      call,
    );
    return undefined;
  }

  /** @returns undefined when no token could be had, and what follows from that is done */
  private async token(run: Run): Promise<{ token: string; version: number } | undefined> {
    run.hasMinted = false;
    try {
      return await this.tokens.current(run.merchant, (mint) => this.inCallSlot(run, mint));
    } catch (error) {
      if (error instanceof MintPutOff) {
        await this.withoutCall(run);
        return undefined;
      }
      const step = afterTokenFailure(error);
      if (!step) throw error;
      run.wasAnswered ||= step.do !== 'hold' && (error instanceof GrantLost || isOrdinaryAnswer(error));
      // Without a connection no call is possible, whoever has a token.
      await this.take(run, step, error, step.do === 'hold' && step.reason !== 'connect_failed');
      return undefined;
    }
  }

  /** What WeChat refused is used no more: whoever needs a token next mints one. */
  private async renewToken(run: Run, refusal: Error): Promise<void> {
    run.wasTokenTaken = false;
    run.wasTokenRefused = true;
    run.refusedWith = outcomeOf(refusal).errcode;
    await this.tokens.markStale(run.merchant, run.tokenVersion);
  }

  /** @throws MintPutOff */
  private async inCallSlot<T>(run: Run, mint: () => Promise<T>): Promise<T> {
    if (!(await this.getsCallSlot(run))) throw new MintPutOff();
    // Since the claim, others may have heard that no token is to be had.
    if (!run.isProbe && this.holds.isMintFutile(run.merchant.platformId)) throw new MintPutOff();
    run.hasMinted = true;
    try {
      return await mint();
    } finally {
      run.callSlot.release({ again: true });
    }
  }

  private open({ merchant }: Run, { sealed, version }: LentToken): { token: string; version: number } {
    return { token: this.tokens.unseal(merchant, sealed), version };
  }

  /** Writes down that a call is about to be made. @returns undefined when another worker has taken over */
  private async begin(run: Run, operation: Operation): Promise<string | undefined> {
    const id = await this.runs.startCall(run, operation);
    if (id) return id;
    // Whoever has the claim now has the slot with it.
    run.hasSlot = false;
    this.logger.warn('claim lost before the call', { deletion_id: run.id, operation });
    return undefined;
  }

  private async call<T>(run: Run, id: string, make: (signal: AbortSignal) => Promise<T>): Promise<Call<T>> {
    // Not AbortSignal.timeout: the timers of calls that were answered long ago would stay, tens of thousands in a busy worker.
    const tooLong = new AbortController();
    const timer = setTimeout(() => tooLong.abort(new Error('no answer in time')), CALL_MS);
    run.leftAt = performance.now();
    const call = await makeCall(id, () => make(tooLong.signal));
    clearTimeout(timer);
    run.callSlot.release();
    run.wasAnswered ||= call.error === undefined || isOrdinaryAnswer(call.error);
    run.wasTokenTaken ||= call.error === undefined || saysNothingOfToken(call.error);
    return call;
  }

  /** Does what is not the end of a call. @returns after how many ms to try again, if so */
  private async take(run: Run, step: NextStep, error?: unknown, isOfMint = false): Promise<number | undefined> {
    switch (step.do) {
      case 'retry':
        return jobs['deletion.run'].backoff(run.retries + 1);
      case 'fail':
        await this.fail(run, step, undefined, error);
        return undefined;
      case 'wait':
        if (step.for === 'rate_limit') await this.lanes.tooFast(run.merchant.id, step.pauseMs, leftAgoMs(run));
        if (step.for === 'daily_quota') await this.lanes.quotaSpent(run.merchant.id, leftAgoMs(run));
        if (step.for === 'token_conflict') {
          const errcode = error instanceof WechatError ? error.errcode : undefined;
          await this.conflicts.begin(run.merchant, run.tokenVersion, errcode);
        }
        if (step.for === 'merchant_admin') await this.lanes.waitForAdmin(run.merchant.id, step.pauseMs);
        await this.runs.giveBack(run, step.for === 'platform' ? step : undefined);
        if (run.isProbe && !run.wasAnswered) await this.holds.probeAgain(run.merchant.platformId, run.id);
        return undefined;
      case 'hold':
        await this.hold(run, step, isOfMint);
        return undefined;
      case 'call':
      case 'infer':
      case 'renew_token':
      case 'verify':
        throw new Error(`${step.do} is a step of a call.`);
    }
  }

  private async hold(run: Run, step: Extract<NextStep, { do: 'hold' }>, isOfMint: boolean): Promise<void> {
    const { id: merchantId, platformId } = run.merchant;
    const { reason, errcode, leastPauseMs } = step;
    const hasBegun = await this.holds.hold({ platformId, deletionId: run.id, reason, errcode, isOfMint, leastPauseMs });
    const pauseMs = heldPauseMs(run.retries);
    // Whose call was under way at the same time may be the next probe: else, with all of them waiting, there would be none.
    await this.runs.giveBack(run, hasBegun || run.isProbe ? { for: 'platform', pauseMs } : undefined);
    if (hasBegun) await this.lanes.pause(merchantId, pauseMs);
  }

  private async fail(
    run: Run,
    { code, lesson }: Extract<NextStep, { do: 'fail' }>,
    call?: Call<unknown>,
    error: unknown = call?.error,
  ): Promise<void> {
    const { id, grantVersion } = run.merchant;
    if (lesson) await this.runs.keep(() => this.grants.learn(id, grantVersion, lesson));
    await this.runs.finish(run, { state: 'failed', proof: 'none', outcome: { code, ...outcomeOf(error) } }, call);
  }

  private context(run: Run, wasTokenRefused: boolean): CallContext {
    const { target, isFirstAnswerLost, retries } = run;
    // While two systems mint, one mint and one call each time are enough to find out whether they still do.
    const isTokenRenewed = wasTokenRefused || (run.tokenConflicts > 0 && run.hasMinted);
    const hasMsgId = 'msgId' in target;
    const isWholeMessage = hasMsgId && target.articleIdx === WHOLE_MESSAGE;
    return { hasMsgId, isWholeMessage, isFirstAnswerLost, isTokenRenewed, retriesLeft: MAX_RETRIES - retries };
  }
}

const leftAgoMs = ({ leftAt }: Run) => (leftAt === undefined ? 0 : performance.now() - leftAt);

/** WeChat answered, and not that it would answer nobody. */
const isOrdinaryAnswer = (error: unknown) =>
  error instanceof WechatError && error.errcode !== undefined && !(error instanceof PlatformBroken);

/** WeChat answered, and had nothing against the token. */
const saysNothingOfToken = (error: unknown) =>
  isOrdinaryAnswer(error) && !(error instanceof CredentialExpired || error instanceof UnknownOutcome);

/** Without a status, `mass/get` knows no such message. */
interface StillThere {
  status?: string | undefined;
}

/** The end of a deletion after WeChat said that there is nothing to delete. */
function endOf(step: NextStep, answer: Omit<Outcome, 'code'>): End {
  if (step.do === 'infer') {
    return { state: 'succeeded', proof: 'inferred', outcome: { ...answer, code: 'inferred_deleted' } };
  }
  if (step.do !== 'fail') throw new Error(`${step.do} is no end.`);
  return { state: 'failed', proof: 'none', outcome: { ...answer, code: step.code } };
}

function outcomeOf(error: unknown): Omit<Outcome, 'code'> {
  if (!(error instanceof WechatError)) return {};
  const { errcode, errmsg, rid } = error;
  return { errcode, errmsg, rid };
}
