import { WechatError } from '@app/wechat';
import type { Proof } from '../deletion/states.js';
import type { NextStep } from './next-step.js';

/** What is told of a deletion's end, or what WeChat has said of it for good. */
export interface Outcome {
  code: string;
  errcode?: number | undefined;
  errmsg?: string | undefined;
  rid?: string | undefined;
}

/** The end of a deletion, with the answer that decided it. */
export interface End {
  state: 'succeeded' | 'failed';
  proof: Proof;
  outcome: Outcome;
}

/** WeChat accepted the delete call. */
export const ACKNOWLEDGED: End = {
  state: 'succeeded',
  proof: 'acknowledged',
  outcome: { code: 'deleted', errcode: 0, errmsg: 'ok' },
};

/** `mass/get` says that the message is deleted. */
export const VERIFIED: End = {
  state: 'succeeded',
  proof: 'verified',
  outcome: { code: 'already_deleted', errcode: 0, errmsg: 'ok' },
};

export const failed = (code: string, error?: unknown): End => ({
  state: 'failed',
  proof: 'none',
  outcome: { code, ...answerOf(error) },
});

/** The end of a deletion after WeChat said that there is nothing to delete. */
export function endOf(step: NextStep, answer: Omit<Outcome, 'code'>): End {
  if (step.do === 'infer') {
    return { state: 'succeeded', proof: 'inferred', outcome: { ...answer, code: 'inferred_deleted' } };
  }
  if (step.do !== 'fail') throw new Error(`${step.do} is no end.`);
  return { state: 'failed', proof: 'none', outcome: { ...answer, code: step.code } };
}

/** WeChat's own words. */
export function answerOf(error: unknown): Omit<Outcome, 'code'> {
  if (!(error instanceof WechatError)) return {};
  const { errcode, errmsg, rid } = error;
  return { errcode, errmsg, rid };
}
