import type { Dispatcher, Pool } from 'undici';

export interface HttpAnswer {
  status: number;
  body: Buffer;
  /** The answer's Date header. */
  date: string | undefined;
}

/** No answer. `wasSent` is false only when not a byte of the request can have left. */
export class NoAnswer extends Error {
  override readonly name = 'NoAnswer';

  constructor(
    readonly wasSent: boolean,
    cause: unknown,
  ) {
    super('no answer', { cause });
  }
}

/**
 * One request and its whole answer. undici's own `request` does not tell whether a failure came before or after the
 * request left, and for a deletion that is the difference between trying again and looking first.
 * @throws {NoAnswer}
 */
export function exchange(pool: Pool, options: Dispatcher.DispatchOptions, signal?: AbortSignal): Promise<HttpAnswer> {
  return new Promise((resolve, reject) => {
    let wasSent = false;
    let status = 0;
    let date: string | undefined;
    const chunks: Buffer[] = [];
    let controller: Dispatcher.DispatchController | undefined;

    const abort = () => {
      controller?.abort(new Error('aborted', { cause: signal?.reason }));
      // While it waits for a connection there is nothing to abort yet: onRequestStart will see to it.
      fail(signal?.reason);
    };
    const fail = (cause: unknown) => {
      signal?.removeEventListener('abort', abort);
      reject(new NoAnswer(wasSent, cause));
    };
    if (signal?.aborted) return fail(signal.reason);
    signal?.addEventListener('abort', abort, { once: true });

    pool.dispatch(options, {
      onRequestStart: (started) => {
        if (signal?.aborted) return started.abort(new Error('aborted', { cause: signal.reason }));
        controller = started;
        wasSent = true;
      },
      onResponseStart: (_, statusCode, headers) => {
        status = statusCode;
        date = headers['date']?.toString();
      },
      onResponseData: (_, chunk) => {
        chunks.push(chunk);
      },
      onResponseEnd: () => {
        signal?.removeEventListener('abort', abort);
        resolve({ status, date, body: Buffer.concat(chunks) });
      },
      onResponseError: (_, error) => fail(error),
    });
  });
}
