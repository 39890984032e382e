import type { Problem } from './generated/index.js';

/** The code of a problem document, or `no_problem`: something on the way answered, such as a proxy. */
export type ErrorCode = Problem['code'] | 'no_problem';

/** The api, or something before it, has refused a request. What to do next is told by `code`. */
export class RetractError extends Error {
  override readonly name = 'RetractError';
  /** Sentences for people; they may change. */
  readonly detail: string;
  /** By this the operators of the service find the request in their logs. */
  readonly requestId: string | undefined;
  /** What is wrong: of `invalid_request` each field, of a list each item. */
  readonly errors: Readonly<NonNullable<Problem['errors']>>;

  constructor(
    readonly code: ErrorCode,
    readonly status: number,
    /** Seconds. */
    readonly retryAfter: number | undefined,
    /** The whole problem document: some codes have members of their own, such as `reasons`. */
    readonly problem: Readonly<Partial<Problem>>,
  ) {
    const detail = problem.detail ?? `The answer has the status ${status} and is not of the api.`;
    super(`${code}: ${detail}`);
    this.detail = detail;
    this.requestId = problem.request_id;
    this.errors = problem.errors ?? [];
  }

  /** `if (error.is('merchant_not_eligible'))`, for one code where a `switch` would be for many. */
  is<Code extends ErrorCode>(code: Code): this is RetractError & { code: Code } {
    return this.code === code;
  }
}

/**
 * There was no whole answer: the connection was lost, or it took too long. `mayHaveWorked`: the request can have been carried out all
 * the same, so look before you send it again.
 */
export class RetractConnectionError extends Error {
  override readonly name = 'RetractConnectionError';

  constructor(
    what: string,
    readonly mayHaveWorked: boolean,
    cause: unknown,
  ) {
    super(`${what}: no answer`, { cause });
  }
}

/** @param text the body of the answer */
export function errorOf(response: Response, text: string): RetractError {
  const retryAfter = secondsOf(response.headers.get('retry-after'));
  const problem = problemIn(response.headers.get('content-type') ?? '', text);
  return new RetractError(problem?.code ?? 'no_problem', response.status, retryAfter, problem ?? elsewhere(response));
}

/** A redirect is not followed: where it leads is told, for that may be the address that was meant. */
function elsewhere({ status, headers }: Response): Partial<Problem> {
  const location = headers.get('location');
  return location === null ? {} : { detail: `The answer has the status ${status} and sends to ${location}.` };
}

/** Others write problem documents, too: theirs have no code. */
function problemIn(type: string, text: string): Problem | undefined {
  if (!/^application\/problem\+json\b/.test(type)) return undefined;
  try {
    const problem = JSON.parse(text) as Problem | null;
    return typeof problem?.code === 'string' ? problem : undefined;
  } catch {
    return undefined;
  }
}

/** Retry-After is told in seconds or as a date. */
function secondsOf(header: string | null): number | undefined {
  if (header === null) return undefined;
  if (/^\d+$/.test(header)) return Number(header);
  const at = Date.parse(header);
  return Number.isNaN(at) ? undefined : Math.max(0, Math.ceil((at - Date.now()) / 1_000));
}
