import { errorOf, RetractConnectionError, RetractError } from './errors.js';
import { pause } from './pause.js';

export interface TransportOptions {
  /** Instead of the global one. */
  fetch: typeof fetch;
  /** How long an answer may take, each time. */
  timeoutMs: number;
  /** How long after its first request a call may still be tried again. */
  retryForMs: number;
}

const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 8_000;

/**
 * Fetches answers of success; anything else is thrown. A failure that may pass is tried again where that is safe: for a GET, which
 * changes nothing, and where a key lets the request count once. After a 429 it always is, because nothing was done.
 */
export function transport(options: TransportOptions): typeof fetch {
  return async (input, init) => {
    // Followed, a redirect makes a GET of a POST, or takes the key to another address: it is an answer like any other.
    const request = new Request(input, { ...init, redirect: 'manual' });
    const { signal, method, headers } = request;
    // Lines are sent as they come and are not kept, so they cannot be sent again.
    const isStreamed = /^(application\/x-ndjson|text\/csv)\b/i.test(headers.get('content-type') ?? '');
    const body = isStreamed || request.body === null ? null : await request.text();
    const isSafe = method === 'GET' || headers.has('idempotency-key');
    const endsAt = performance.now() + options.retryForMs;
    for (let attempt = 0; ; attempt++) {
      try {
        if (isStreamed) return await answerTo(request, options.fetch);
        return await inTime(options.timeoutMs, signal, async (stopped) => {
          const sent = new Request(request, { body, signal: stopped });
          const answer = await answerTo(sent, options.fetch);
          if (answer.body) requestsOf.set(answer.body, [input, request, sent]);
          return answer;
        });
      } catch (error) {
        if (signal.aborted) throw signal.reason;
        const failure =
          error instanceof RetractError
            ? error
            : new RetractConnectionError(`${method} ${new URL(request.url).pathname}`, method !== 'GET', error);
        const pauseMs = pauseAfter(failure, attempt);
        const isHopeful = !isStreamed && performance.now() + pauseMs <= endsAt && mayPass(failure, isSafe);
        if (!isHopeful) throw failure;
        await pause(pauseMs, signal);
      }
    }
  };
}

/** A signal reaches a stream through requests that nothing else holds: without them it does not end what was long begun. */
const requestsOf = new WeakMap<ReadableStream, unknown[]>();

/** JSON is read to its end, so that what is lost half-way counts as lost; streams and files are handed on. */
async function answerTo(request: Request, send: typeof fetch): Promise<Response> {
  const response = await send(request);
  const type = response.headers.get('content-type') ?? '';
  // The api has no pages: one that comes with a success is the sign-in page of a proxy, for instance.
  if (!response.ok || type.startsWith('text/html')) throw errorOf(response, await response.text());
  if (!type.startsWith('application/json') || response.headers.has('content-disposition')) return response;
  const { status, headers } = response;
  return new Response(await response.text(), { status, headers });
}

/** A stream that has begun goes on for as long as it likes. */
async function inTime<T>(
  timeoutMs: number,
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(new Error(`nothing within ${timeoutMs} ms`)), timeoutMs);
  try {
    return await work(AbortSignal.any([signal, late.signal]));
  } finally {
    clearTimeout(timer);
  }
}

function mayPass(failure: RetractError | RetractConnectionError, isSafe: boolean): boolean {
  if (failure instanceof RetractConnectionError) return isSafe;
  if (failure.status === 429) return true;
  // A proxy says 502 and 504 where the connection behind it was lost.
  const isOfProxy = failure.code === 'no_problem' && [502, 504].includes(failure.status);
  // The first request, whose answer was lost, is still at work: its answer comes to the same key.
  return isSafe && (failure.status === 503 || failure.code === 'idempotency_key_in_use' || isOfProxy);
}

/** As long as was asked for; else longer each time, and not all clients at the same moment. */
function pauseAfter(failure: RetractError | RetractConnectionError, attempt: number): number {
  const longest = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** attempt);
  const own = longest * (0.5 + Math.random() / 2);
  return failure instanceof RetractError && failure.retryAfter !== undefined
    ? Math.max(own, failure.retryAfter * 1_000)
    : own;
}
