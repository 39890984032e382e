import { setTimeout as delay } from 'node:timers/promises';
import type { Services } from './services.js';

export interface Reply {
  status: number;
  location: string | null;
  /** Parsed if it is JSON. */
  body: any;
}

/** One request of the demo; a redirect is not followed. */
export async function send(
  method: string,
  url: string,
  { json, form, headers = {} }: { json?: unknown; form?: URLSearchParams; headers?: Record<string, string> } = {},
): Promise<Reply> {
  const response = await fetch(url, {
    method,
    redirect: 'manual',
    headers: { ...headers, ...(json !== undefined && { 'content-type': 'application/json' }) },
    ...(json !== undefined && { body: JSON.stringify(json) }),
    ...(form && { body: form }),
  });
  const text = await response.text();
  const isJson = response.headers.get('content-type')?.includes('json');
  return {
    status: response.status,
    location: response.headers.get('location'),
    body: isJson && text ? JSON.parse(text) : text,
  };
}

/** The two doors that a demo goes through: our API with the key, and the control API of the simulated WeChat. */
export function doorsOf({ url, simulatorUrl, apiKey }: Services) {
  return {
    api: (method: string, path: string, json?: unknown, headers: Record<string, string> = {}) =>
      send(method, url + path, { json, headers: { ...headers, authorization: `Bearer ${apiKey}` } }),
    control: async (method: string, path: string, json?: unknown) =>
      expectStatus(await send(method, `${simulatorUrl}/_control/${path}`, { json }), 200, 201).body,
  };
}

/** Where the simulated WeChat shows an article to followers. */
export function articlePage({ simulatorUrl }: Pick<Services, 'simulatorUrl'>, wechatUrl: string): string {
  const { pathname, search } = new URL(wechatUrl);
  return simulatorUrl + pathname + search;
}

export function expectStatus(reply: Reply, ...wanted: number[]): Reply {
  if (wanted.includes(reply.status)) return reply;
  const said = typeof reply.body === 'string' ? reply.body.slice(0, 500) : JSON.stringify(reply.body);
  throw new Error(`answered ${reply.status} instead of ${wanted.join(' or ')}: ${said}`);
}

export async function until(
  ask: () => Promise<any>,
  isWanted: (answer: any) => boolean,
  { everyMs, withinMs } = { everyMs: 25, withinMs: 30_000 },
): Promise<any> {
  const giveUpAt = performance.now() + withinMs;
  for (;;) {
    const answer = await ask();
    if (isWanted(answer)) return answer;
    if (performance.now() > giveUpAt) throw new Error(`still not so: ${JSON.stringify(answer)}`);
    await delay(everyMs);
  }
}
