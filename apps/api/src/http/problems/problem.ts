import { currentRequestId } from '@app/logging';
import { currentTraceId } from '@app/tracing';
import { describeProblem, type ProblemCode } from './problems.js';

export interface FieldError {
  /** Path into the body, query or path parameters: `items[3].article_idx`. */
  field: string;
  message: string;
}

/** An RFC 9457 problem document. */
export interface Problem {
  /** Address of the page that explains the code, without scheme and host. */
  type: string;
  title: string;
  status: number;
  code: ProblemCode;
  detail: string;
  request_id: string | undefined;
  /** Where there are traces. */
  trace_id: string | undefined;
  errors?: FieldError[];
  [member: string]: unknown;
}

/** An error that the api itself finds. What libs find keeps its own class and is described in problems.ts. */
export class ProblemError extends Error {
  constructor(
    readonly code: ProblemCode,
    message: string,
    readonly members: Record<string, unknown> = {},
  ) {
    super(message);
    this.name = new.target.name;
  }
}

/** A problem as the api sees its own addresses; `seenAt` makes it what a client gets. */
export function problemOf(code: ProblemCode, detail: string, members: Record<string, unknown> = {}): Problem {
  const { status, title } = describeProblem(code);
  return {
    type: `/docs/problems/${code}`,
    title,
    status,
    code,
    detail,
    request_id: currentRequestId(),
    trace_id: currentTraceId(),
    ...members,
  };
}

/**
 * The same problem for those who reach the api at `publicUrl`. A proxy may show it under a path of its own, and RFC
 * 9457 resolves `type` against the address of the request.
 */
export function seenAt(publicUrl: string, problem: Problem): Problem {
  return { ...problem, type: pathSeenAt(publicUrl, problem.type) };
}

/** A path of the api as a relative reference for those who reach it at `publicUrl`. */
export const pathSeenAt = (publicUrl: string, path: string): string =>
  new URL(publicUrl).pathname.replace(/\/$/, '') + path;
