import { createHash } from 'node:crypto';
import { SteadyClient, type SteadyClientConfig } from '@app/postgres';

/**
 * A connection that prepares every statement that has parameters, so that Postgres parses and plans each once:
 * BullMQ has some dozens, and runs one or two of them for every job.
 */
export class PreparingClient extends SteadyClient {
  constructor(config?: SteadyClientConfig) {
    super(config);
    // pg-pool and BullMQ call it in this one way. The type has an overload for every other.
    const query = this.query.bind(this) as (statement: unknown, values?: unknown, callback?: unknown) => unknown;
    this.query = ((statement: unknown, values?: unknown, callback?: unknown) =>
      typeof statement === 'string' && Array.isArray(values)
        ? query({ name: nameOf(statement), text: statement, values }, callback)
        : query(statement, values, callback)) as typeof this.query;
  }
}

const names = new Map<string, string>();

function nameOf(statement: string): string {
  const known = names.get(statement);
  if (known) return known;
  const name = createHash('sha256').update(statement).digest('base64url');
  names.set(statement, name);
  return name;
}
