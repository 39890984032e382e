import { WechatError } from '@app/wechat';

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
export interface Call<T> {
  id: string;
  result: CallResult;
  answer?: T;
  error?: Error;
}

/** Makes a call that is written down under this id. Never throws. */
export async function makeCall<T>(id: string, make: () => Promise<T>): Promise<Call<T>> {
  const startedAt = performance.now();
  const since = () => Math.round(performance.now() - startedAt);
  try {
    const answer = await make();
    return { id, result: { outcome: 'accepted', errcode: 0, httpStatus: 200, latencyMs: since() }, answer };
  } catch (error) {
    return { id, result: resultOf(error, since()), error: asError(error) };
  }
}

const asError = (error: unknown) => (error instanceof Error ? error : new Error('not an error', { cause: error }));

function resultOf(error: unknown, latencyMs: number): CallResult {
  if (!(error instanceof WechatError)) return { outcome: 'internal_error', latencyMs };
  const { code, errcode, errmsg, rid, httpStatus } = error;
  return { outcome: code, errcode, errmsg, rid, httpStatus, latencyMs };
}
