import { Retract, RetractConnectionError, RetractError, type ErrorCode } from '@app/client';
import { eventsFrom, isPassing } from './follow.js';

const refusal = (code: ErrorCode, status: number, retryAfter?: number) =>
  new RetractError(code, status, retryAfter, {});

it.each<[unknown, boolean]>([
  [new RetractConnectionError('GET /', false, undefined), true],
  [refusal('database_unavailable', 503, 5), true],
  [refusal('no_problem', 502), true],
  [refusal('no_problem', 504), true],
  [refusal('rate_limited', 429, 30), true],
  [refusal('pending_too_many', 429), false],
  [refusal('upstream_failed', 502), false],
  [refusal('unauthenticated', 401), false],
  [refusal('internal_error', 500), false],
  [new TypeError('a slip of ours'), false],
])('%#: %p may go well a little later: %p', (error, mayGoWell) => {
  expect(isPassing(error)).toBe(mayGoWell);
});

it('goes on behind the last event, however long the service was away', async () => {
  const streamOf = (id: string, cursor: string) => () =>
    new Response(`id: ${cursor}\nevent: deletion.succeeded\ndata: ${JSON.stringify({ id })}\n\n`, {
      headers: { 'content-type': 'text/event-stream' },
    });
  const away = () => new Response('<html>', { status: 503 });
  const answers = [streamOf('e1', '1.1'), away, away, streamOf('e2', '1.2')];
  const asked: string[] = [];
  const client = new Retract({
    baseUrl: 'https://retract.example',
    apiKey: 'rk_',
    retryForMs: 0,
    fetch: async (input) => {
      const { url, headers } = input as Request;
      asked.push(headers.get('last-event-id') ?? new URL(url).searchParams.get('after') ?? '');
      return answers.shift()?.() ?? Response.json({ code: 'unauthenticated' }, { status: 401 });
    },
  });
  const seen: string[] = [];
  for await (const { id } of eventsFrom(client, { cursor: '1.0' })) {
    seen.push(id);
    if (id === 'e2') break;
  }
  expect(seen).toEqual(['e1', 'e2']);
  expect(asked).toEqual(['1.0', '1.1', '1.1', '1.1']);
});
