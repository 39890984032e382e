import { currentRequestId } from '@app/logging';
import { describeProblem } from './problems.js';

export interface FieldError {
  /** Dotted path into the body, query or path parameters. */
  field: string;
  message: string;
}

/** An RFC 9457 problem document. */
export interface Problem {
  /** Where the code is explained, relative to the api. */
  type: string;
  title: string;
  status: number;
  code: string;
  detail: string;
  request_id: string | undefined;
  errors?: FieldError[];
  [member: string]: unknown;
}

/** An error that the api itself finds. What libs find keeps its own class and is described in problems.ts. */
export class ProblemError extends Error {
  constructor(
    readonly code: string,
    message: string,
    readonly members: Record<string, unknown> = {},
  ) {
    super(message);
    this.name = new.target.name;
  }
}

export function problemOf(code: string, detail: string, members: Record<string, unknown> = {}): Problem {
  const { status, title } = describeProblem(code);
  return {
    type: `/docs/problems/${code}`,
    title,
    status,
    code,
    detail,
    request_id: currentRequestId(),
    ...members,
  };
}
