import { Injectable } from '@nestjs/common';
import { GrantRows } from '@app/merchants';
import { jobs } from '@app/queue';
import { WechatError } from '@app/wechat';
import { heldPauseMs } from '../holds/hold-pause.js';
import { PlatformHolds } from '../holds/platform-holds.js';
import { TokenConflicts } from '../holds/token-conflicts.js';
import { Lanes } from '../lanes/lanes.js';
import type { MadeCall } from './call-result.js';
import { afterNoSecondCall, type NextStep } from './next-step.js';
import { failed } from './outcome.js';
import { RetryUntilStored } from './retry-until-stored.js';
import { contextOf, type CallToken, type Run, type RunEnd } from './run.js';
import { RunRows } from './run-rows.js';

/** Why a run cannot go straight on. */
export type Failure =
  /** WeChat's answer to a call, or none; it was made with this token. */
  | { of: 'call'; error: Error; token: CallToken; leftAt: number }
  /** No token could be had for one. */
  | { of: 'mint'; error: unknown };

/**
 * Does what a run decides to do when a call did not bring it to its end: slows lanes, holds platforms, gives the
 * deletion back.
 */
@Injectable()
export class RunSteps {
  constructor(
    private readonly runs: RunRows,
    private readonly lanes: Lanes,
    private readonly holds: PlatformHolds,
    private readonly conflicts: TokenConflicts,
    private readonly grants: GrantRows,
    private readonly answers: RetryUntilStored,
  ) {}

  async apply(run: Run, step: NextStep, failure: Failure): Promise<RunEnd> {
    switch (step.do) {
      case 'retry':
        return { retryAfterMs: jobs['deletion.run'].backoff(run.retries + 1) };
      case 'fail':
        await this.fail(run, step, failure.error);
        return 'over';
      case 'wait':
        await this.wait(run, step, failure);
        return 'over';
      case 'hold':
        await this.hold(run, step, failure);
        return 'over';
      case 'call':
      case 'infer':
      case 'renew_token':
      case 'verify':
        throw new Error(`${step.do} is a step of a call.`);
    }
  }

  /** @param call whose answer this is, if it is not stored yet */
  async fail(
    run: Run,
    { code, lesson }: Extract<NextStep, { do: 'fail' }>,
    error: unknown,
    call?: MadeCall<unknown>,
  ): Promise<void> {
    const { id, grantVersion } = run.merchant;
    if (lesson) await this.answers.store(() => this.grants.learn(id, grantVersion, lesson));
    await this.runs.finish(run, failed(code, error), call);
  }

  /** Gives a slot back that no delete call has used. */
  async refund(run: Run): Promise<void> {
    if (run.slot !== 'none') await this.lanes.refund(run.merchant.id);
    run.slot = 'none';
  }

  /**
   * Puts the deletion back into its lane before the delete call that it came for.
   * @param refused the same call with the token before this one. A token that is refused again and again must come to
   *   an end, so that after a refusal this uses up a retry
   */
  async withoutCall(run: Run, refused?: Failure): Promise<RunEnd> {
    run.callSlot.release();
    if (!refused) {
      if (run.isProbe) await this.holds.handBackProbe(run.merchant.platformId, run.id);
      await this.runs.giveBack(run);
      return 'over';
    }
    // Paid for again when it comes again: the refused call was one of this dispatch.
    await this.refund(run);
    if (run.call === 'none') return this.apply(run, afterNoSecondCall(contextOf(run, true)), refused);
    await this.runs.giveBack(run, { for: 'backoff', pauseMs: jobs['deletion.run'].backoff(run.retries + 1) });
    return 'over';
  }

  private async wait(run: Run, step: Extract<NextStep, { do: 'wait' }>, failure: Failure): Promise<void> {
    const { id: merchantId, platformId } = run.merchant;
    const leftAgoMs = failure.of === 'call' ? performance.now() - failure.leftAt : 0;
    if (step.for === 'rate_limit') await this.lanes.tooFast(merchantId, step.pauseMs, leftAgoMs);
    if (step.for === 'daily_quota') await this.lanes.quotaSpent(merchantId, leftAgoMs);
    if (step.for === 'token_conflict') await this.refuseToken(run, failure);
    if (step.for === 'merchant_admin') await this.lanes.waitForAdmin(merchantId, step.pauseMs);
    await this.runs.giveBack(run, step.for === 'platform' ? step : undefined);
    if (run.isProbe && !run.wasAnswered) await this.holds.probeAgain(platformId, run.id);
  }

  private async refuseToken(run: Run, failure: Failure): Promise<void> {
    if (failure.of === 'mint') throw new Error('Only a call can show that a token is refused.');
    const { error, token } = failure;
    const errcode = error instanceof WechatError ? error.errcode : undefined;
    await this.conflicts.begin(run.merchant, token.version, errcode);
  }

  private async hold(run: Run, step: Extract<NextStep, { do: 'hold' }>, failure: Failure): Promise<void> {
    const { id: merchantId, platformId } = run.merchant;
    const { reason, errcode, leastPauseMs } = step;
    // Without a connection no call is possible, whoever has a token.
    const isOfMint = failure.of === 'mint' && reason !== 'connect_failed';
    const hasBegun = await this.holds.hold({ platformId, deletionId: run.id, reason, errcode, isOfMint, leastPauseMs });
    const pauseMs = heldPauseMs(run.retries);
    // A deletion whose call was under way at the same time may be the next probe: else, with all of them waiting, there
    // would be none.
    await this.runs.giveBack(run, hasBegun || run.isProbe ? { for: 'platform', pauseMs } : undefined);
    if (hasBegun) await this.lanes.pause(merchantId, pauseMs);
  }
}
