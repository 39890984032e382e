/** An error as fields of a log line, by the names of the Elastic Common Schema. */
export interface ErrorFields {
  /** The name of its class. */
  type?: string;
  message: string;
  code?: string | number;
  /** Of the error and of what caused it. */
  stack_trace?: string;
}

/** How many causes are told, the error itself included. */
const MAX_CAUSES = 5;

/** @param error whatever was thrown */
export function errorFields(error: unknown): ErrorFields {
  const chain = causesOf(error);
  const stacks = chain.flatMap((one) => one.stack ?? []);
  return { ...withoutStack(error), ...(stacks.length > 0 && { stack_trace: stacks.join('\nCaused by: ') }) };
}

/** The same for what fails again and again while something is away: where in our code it was noticed says nothing. */
export function withoutStack(error: unknown): ErrorFields {
  if (!isError(error)) return { message: typeof error === 'string' ? error : inWords(error) };
  const code = 'code' in error && (typeof error.code === 'string' || typeof error.code === 'number') && error.code;
  // AggregateError, which Node throws where every address refuses, has no message of its own.
  const message = error.message || causesOf(error).find((cause) => cause.message)?.message;
  return { type: error.name, message: message ?? error.name, ...(code !== false && { code }) };
}

/** Also one of another realm, as under jest. */
function isError(value: unknown): value is Error {
  return (
    value instanceof Error ||
    (typeof value === 'object' && value !== null && 'stack' in value && 'message' in value && 'name' in value)
  );
}

function causesOf(error: unknown): Error[] {
  const chain: Error[] = [];
  for (let next = error; isError(next) && chain.length < MAX_CAUSES && !chain.includes(next);) {
    chain.push(next);
    next = next.cause ?? (next instanceof AggregateError ? next.errors[0] : undefined);
  }
  return chain;
}

function inWords(value: unknown): string {
  try {
    return JSON.stringify(value) ?? String(value);
  } catch {
    return String(value);
  }
}
