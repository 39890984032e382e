import { Injectable, StandardSchemaValidationPipe, type ArgumentMetadata } from '@nestjs/common';
import { z } from 'zod';
import { checkLongList } from '../bodies/long-lists.js';
import { StreamedBody } from '../bodies/streamed-bodies.js';
import { ProblemError, type FieldError } from '../problems/problem.js';

/** A message may repeat what was sent, and that may be megabytes. */
const MAX_ERRORS = 100;
const MAX_LENGTH = 500;

type Schema = NonNullable<ArgumentMetadata['schema']>;
type Checked<T> = { value: T } | { issues: { message: string; path: PropertyKey[] }[] };

/** Checks bodies, queries and path parameters against the schema that stands at the parameter. */
@Injectable()
export class RequestValidationPipe extends StandardSchemaValidationPipe {
  constructor() {
    super({
      exceptionFactory: (issues) => {
        const errors: FieldError[] = issues.slice(0, MAX_ERRORS).map(({ path, message }) => ({
          field: (path ?? [])
            .map((part) => String(typeof part === 'object' ? part.key : part))
            .join('.')
            .slice(0, MAX_LENGTH),
          message: message.slice(0, MAX_LENGTH),
        }));
        const first = errors[0];
        const detail = first ? `${first.field || 'the request'}: ${first.message}` : 'The request is not valid.';
        return new ProblemError('invalid_request', detail, { errors });
      },
    });
  }

  /** A body that arrives as a stream is read and checked by its route, line by line: see streamed-bodies.ts. */
  override async transform<T>(value: T, metadata: ArgumentMetadata): Promise<T> {
    if (metadata.type === 'body' && value instanceof StreamedBody) return value;
    if (metadata.type !== 'body' || value !== undefined) return super.transform(value, metadata);
    // A body may be left out where the route does without.
    return super.transform(value, metadata).catch((error: unknown) => {
      if (!(error instanceof ProblemError)) throw error;
      throw new ProblemError('malformed_body', 'There is no body, and this address needs one: see /docs.');
    });
  }

  protected override async validate<T>(value: unknown, schema: Schema, options?: Record<string, unknown>) {
    const checked = schema instanceof z.ZodType ? await checkLongList(schema, value) : undefined;
    // The result has the type that the schema of the parameter says.
    return checked === undefined ? super.validate<T>(value, schema, options) : (checked as Checked<T>);
  }

  /**
   * Nothing is taken out in silence. What reads bodies and queries has no field called `__proto__`, and schemas know
   * the others that they take, or refuse them by name; `constructor` in metadata is a word like any other.
   */
  protected override stripProtoKeys(): void {
    // Deliberately nothing.
  }
}
