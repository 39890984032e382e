import { CredentialExpired, PlatformBroken, UnknownOutcome, WechatError } from '@app/wechat';

/** What came of an upstream call. `outcome` is the class of the answer, `accepted` when it was none of the failures. */
export interface CallResult {
  outcome: string;
  errcode?: number | undefined;
  errmsg?: string | undefined;
  rid?: string | undefined;
  httpStatus?: number | undefined;
  latencyMs: number;
}

/** A call that was made: its answer, or why there is none. */
export interface MadeCall<T> {
  /** Under which it is written down. */
  id: string;
  /** By performance.now(). */
  leftAt: number;
  result: CallResult;
  answer?: T;
  error?: Error;
}

/** Makes a call that is written down under this id. Never throws. */
export async function makeCall<T>(id: string, make: () => Promise<T>): Promise<MadeCall<T>> {
  const leftAt = performance.now();
  const since = () => Math.round(performance.now() - leftAt);
  try {
    const answer = await make();
    return { id, leftAt, result: { outcome: 'accepted', errcode: 0, httpStatus: 200, latencyMs: since() }, answer };
  } catch (error) {
    return { id, leftAt, result: resultOf(error, since()), error: asError(error) };
  }
}

/** WeChat answered, and not that it would answer nobody. */
export const isOrdinaryAnswer = (error: unknown): boolean =>
  error instanceof WechatError && error.errcode !== undefined && !(error instanceof PlatformBroken);

/** WeChat answered, and had nothing against the token. */
export const saysNothingOfToken = (error: unknown): boolean =>
  isOrdinaryAnswer(error) && !(error instanceof CredentialExpired || error instanceof UnknownOutcome);

const asError = (error: unknown) => (error instanceof Error ? error : new Error('not an error', { cause: error }));

function resultOf(error: unknown, latencyMs: number): CallResult {
  if (!(error instanceof WechatError)) return { outcome: 'internal_error', latencyMs };
  const { code, errcode, errmsg, rid, httpStatus } = error;
  return { outcome: code, errcode, errmsg, rid, httpStatus, latencyMs };
}
