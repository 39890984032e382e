import { Retract, RetractConnectionError, RetractError } from '@app/client';
import { EXIT, Failure, NotChecked, Stopped, UsageError, type ExitCode } from '../terminal/exit-codes.js';
import { currentLogin, LoginUnusable, type Login } from './login.js';

/** Who is not logged in is told how. */
export class NotLoggedIn extends Error {
  override readonly name = 'NotLoggedIn';
  constructor() {
    super('You are not logged in: `retract login`, or set RETRACT_URL and RETRACT_API_KEY.');
  }
}

export interface Connection {
  url: string;
  client: Retract;
}

/**
 * @param tell where a connection is lost, and when it is back
 * @param retryForMs how long a call may be tried again
 */
export async function connect(
  tell: (text: string) => void,
  retryForMs = 60_000,
): Promise<Connection & { login: Login }> {
  const login = await currentLogin();
  if (!login) throw new NotLoggedIn();
  return { login, ...connectTo(login, tell, retryForMs) };
}

export function connectTo(
  { url, apiKey }: Pick<Login, 'url' | 'apiKey'>,
  tell: (text: string) => void,
  retryForMs: number,
): Connection {
  const fetch = retryForMs > 0 ? tellingFetch(globalThis.fetch, tell) : globalThis.fetch;
  return { url, client: new Retract({ baseUrl: url, apiKey, retryForMs, fetch }) };
}

/** The client tries again by itself. People want to know what they wait for. */
export function tellingFetch(send: typeof fetch, tell: (text: string) => void): typeof fetch {
  let isLost = false;
  const streams = new Set<string>();
  const lost = (what: string) => {
    if (!isLost) tell(what);
    isLost = true;
  };
  return async (input, init) => {
    const { url, headers, signal } = input instanceof Request ? input : new Request(input, init);
    const isStream =
      /\/takedowns\/[^/]+\/events$/.test(new URL(url).pathname) || headers.get('accept') === 'text/event-stream';
    if (isStream && streams.has(url)) lost('The connection is lost. Trying again …');
    if (isStream) streams.add(url);
    let response: Response;
    try {
      response = await send(input, init);
    } catch (error) {
      if (!signal.aborted) lost(`No connection to ${new URL(url).origin} (${causeOf(error)}). Trying again …`);
      throw error;
    }
    if ([502, 503, 504].includes(response.status)) lost(`The service answers with ${response.status}. Trying again …`);
    else if (isLost) {
      isLost = false;
      tell('Connected again; nothing was missed.');
    }
    return response;
  };
}

/** The innermost cause: what is around it says "fetch failed". */
export function causeOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.cause instanceof Error) return causeOf(error.cause);
  const { code } = error as NodeJS.ErrnoException;
  return code ?? error.message;
}

export interface Complaint {
  exitCode: ExitCode;
  words: string;
  /** For programs. */
  facts: { code: string; detail: string; status?: number; request_id?: string | undefined; page?: string };
}

/** @param url of the service, if that is known */
export function complaintOf(error: unknown, url?: string): Complaint {
  if (error instanceof RetractError) return ofProblem(error, url);
  if (error instanceof RetractConnectionError) {
    const detail = `No answer${url === undefined ? '' : ` from ${url}`} (${causeOf(error)}).`;
    const advice = error.mayHaveWorked
      ? 'What was asked for may have been done all the same: look before you ask again.'
      : '`retract doctor` looks for the cause.';
    return complaint(EXIT.failed, 'no_connection', `${detail} ${advice}`);
  }
  if (error instanceof NotLoggedIn) return complaint(EXIT.notAuthorized, 'not_logged_in', error.message);
  if (error instanceof UsageError || error instanceof LoginUnusable)
    return complaint(EXIT.usage, 'usage', error.message);
  if (error instanceof Stopped) return complaint(EXIT.stopped, 'stopped', error.message || 'Stopped.');
  if (error instanceof NotChecked) return complaint(EXIT.notChecked, 'not_checked', error.message);
  if (error instanceof Failure) return complaint(EXIT.failed, 'failed', error.message);
  const { code, message } = error as NodeJS.ErrnoException;
  if (code !== undefined && /^E[A-Z]+$/.test(code)) return complaint(EXIT.failed, 'failed', message);
  return complaint(EXIT.failed, 'unexpected', error instanceof Error ? (error.stack ?? error.message) : String(error));
}

const complaint = (exitCode: ExitCode, code: string, detail: string): Complaint => ({
  exitCode,
  words: detail,
  facts: { code, detail },
});

function ofProblem(error: RetractError, url: string | undefined): Complaint {
  const { code, status, requestId, errors } = error;
  const { detail } = error;
  const page = code !== 'no_problem' && url !== undefined ? `${url}/docs/problems/${code}` : undefined;
  const words = [
    detail,
    // The detail is the first of them.
    ...errors
      .flatMap((one) => ('field' in one ? [`${one.field}: ${one.message}`] : []))
      .filter((text) => text !== detail)
      .map((text) => `  ${text}`),
    [`code ${code}`, ...(requestId ? [`request ${requestId}`] : [])].join(', '),
    ...(page ? [page] : []),
  ];
  return {
    exitCode: status === 401 || status === 403 ? EXIT.notAuthorized : EXIT.failed,
    words: words.join('\n'),
    facts: { code, detail, status, request_id: requestId, ...(page && { page }) },
  };
}
