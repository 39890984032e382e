import { QueueUnavailable } from './errors.js';

/**
 * The promise's result, or QueueUnavailable when it fails or takes longer than `ms`. The work itself goes on: neither
 * backend can take back a command.
 */
export async function within<T>(ms: number, operation: string, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new QueueUnavailable(`${operation}: no answer in ${ms} ms`)), ms);
  });
  try {
    return await Promise.race([work, timeout]);
  } catch (error) {
    if (error instanceof QueueUnavailable) throw error;
    throw new QueueUnavailable(operation, { cause: error });
  } finally {
    clearTimeout(timer);
  }
}
