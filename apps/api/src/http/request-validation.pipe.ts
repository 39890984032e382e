import { Readable } from 'node:stream';
import { Injectable, StandardSchemaValidationPipe, type ArgumentMetadata } from '@nestjs/common';
import { ProblemError, type FieldError } from './problem.js';

/** What is wrong may repeat what was sent, and that may be megabytes. */
const MAX_ERRORS = 100;
const MAX_LENGTH = 500;

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
    if (metadata.type === 'body' && value instanceof Readable) return value;
    if (metadata.type !== 'body' || value !== undefined) return super.transform(value, metadata);
    // A body may be left out where the route does without.
    return super.transform(value, metadata).catch((error: unknown) => {
      if (!(error instanceof ProblemError)) throw error;
      throw new ProblemError('malformed_body', 'There is no body, and this address needs one: see /docs.');
    });
  }
}
