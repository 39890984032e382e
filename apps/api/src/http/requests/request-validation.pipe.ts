import { Injectable, StandardSchemaValidationPipe, type ArgumentMetadata } from '@nestjs/common';
import { z } from 'zod';
import { checkLongList } from '../bodies/long-lists.js';
import { StreamedBody } from '../bodies/streamed-bodies.js';
import { checked, fieldErrors, type Issue } from '../problems/field-errors.js';
import { ProblemError } from '../problems/problem.js';

/** A message may repeat what was sent, and that may be megabytes. */
const MAX_ERRORS = 100;
const MAX_LENGTH = 500;

type Schema = NonNullable<ArgumentMetadata['schema']>;
type Checked<T> = { value: T } | { issues: Issue[] };

/** Checks bodies, queries and path parameters against the schema that stands at the parameter. */
@Injectable()
export class RequestValidationPipe extends StandardSchemaValidationPipe {
  constructor() {
    super({
      exceptionFactory: (issues) => {
        // All schemas are of zod: see `validate`.
        const errors = fieldErrors(issues as Issue[])
          .slice(0, MAX_ERRORS)
          .map(({ field, message }) => ({ field: field.slice(0, MAX_LENGTH), message: message.slice(0, MAX_LENGTH) }));
        const first = errors[0];
        const detail = first ? `${first.field || 'the request'}: ${first.message}` : 'The request is not valid.';
        return new ProblemError('invalid_request', detail, { errors });
      },
    });
  }

  /** A body that arrives as a stream is read and checked by its route, line by line: see streamed-bodies.ts. */
  override transform<T>(value: T, metadata: ArgumentMetadata): Promise<T> {
    if (metadata.type === 'body' && value instanceof StreamedBody) return Promise.resolve(value);
    if (metadata.type !== 'body' || value !== undefined) return super.transform(value, metadata);
    // A body may be left out where the route does without.
    return super.transform(value, metadata).catch((error: unknown) => {
      if (!(error instanceof ProblemError)) throw error;
      throw new ProblemError('malformed_body', 'There is no body, and this address needs one: see /docs.');
    });
  }

  protected override async validate<T>(value: unknown, schema: Schema, options?: Record<string, unknown>) {
    if (!(schema instanceof z.ZodType)) return super.validate<T>(value, schema, options);
    // The result has the type that the schema of the parameter says.
    const long = checkLongList(schema, value);
    if (long) return (await long) as Checked<T>;
    const { data, error } = checked(schema, value);
    return (error ? { issues: error.issues } : { value: data }) as Checked<T>;
  }

  /**
   * Nothing is taken out in silence. What reads bodies and queries has no field called `__proto__`, and schemas know
   * the others that they take, or refuse them by name; `constructor` in metadata is a word like any other.
   */
  protected override stripProtoKeys(): void {
    // Deliberately nothing.
  }
}
