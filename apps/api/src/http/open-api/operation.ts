import { SetMetadata } from '@nestjs/common';
import type { z } from 'zod';
import type { ProblemCode } from '../problems/problems.js';

export type JsonSchema = Record<string, unknown>;

/** An answer that is no problem. */
export interface DescribedAnswer {
  description: string;
  /** Of its JSON, where it is not the one that all answers of the operation are serialized with. */
  schema?: z.ZodType;
  /** Where it is not JSON alone: a schema for each media type. */
  content?: Record<string, JsonSchema>;
  /** By name, where the operation alone sends them. */
  headers?: Record<string, string>;
}

export interface DescribedOperation {
  summary: string;
  /** The whole of what a caller has to know. The handler has no comment that says it again. */
  description: string;
  /** Those of its own. What any operation of its kind may answer with is added: see problem-answers.ts. */
  problems?: readonly ProblemCode[];
  /** By status. Absent: the one answer says no more than that it is done. */
  answers?: Record<number, DescribedAnswer>;
  /** Takes an Idempotency-Key. The text says what a repeated request gets. */
  repeats?: string;
}

const DESCRIBED = 'retract:operation';

/** Describes a method of a controller for those who call it. It is written here once, for the page and for readers of the code. */
export const Operation = (described: DescribedOperation) => SetMetadata(DESCRIBED, described);

/** @param handler a method of a controller */
export const describedOperation = (handler: object): DescribedOperation | undefined =>
  Reflect.getMetadata(DESCRIBED, handler) as DescribedOperation | undefined;
