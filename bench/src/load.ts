import { Pool } from 'undici';
import type { Stage } from './stage.js';

export interface Request {
  path: string;
  headers: Record<string, string>;
  body: string | Buffer;
}

/**
 * Sends so many requests a second whether or not the answers keep up, as many clients do who do not know of each other.
 * @returns how long each took, in ms, from when it was sent, or from 1 ms after it was due if that was earlier: so
 * late are
 *   Node's timers in an idle process, and what is later was held up
 */
export async function sendAtRate(
  stage: Stage,
  url: string,
  { perSecond, requests }: { perSecond: number; requests: Request[] },
): Promise<number[]> {
  const pool = new Pool(url, { connections: 64 });
  try {
    const startedAt = performance.now();
    const sent: Promise<number>[] = [];
    for (const [index, request] of requests.entries()) {
      const dueAt = startedAt + (index * 1000) / perSecond;
      if (dueAt > performance.now()) await stage.pause(dueAt - performance.now());
      const from = Math.min(dueAt + 1, performance.now());
      sent.push(send(pool, request).then(() => performance.now() - from));
    }
    return await Promise.all(sent);
  } finally {
    await pool.close();
  }
}

/**
 * So many senders, each with its next request as soon as the last is answered.
 * @returns requests a second
 */
export async function sendAsFastAsPossible(
  stage: Stage,
  url: string,
  { senders, requests }: { senders: number; requests: Request[] },
): Promise<number> {
  const pool = new Pool(url, { connections: senders });
  try {
    const left = requests[Symbol.iterator]();
    const startedAt = performance.now();
    await Promise.all(
      Array.from({ length: senders }, async () => {
        for (const request of left) {
          stage.signal.throwIfAborted();
          await send(pool, request);
        }
      }),
    );
    return requests.length / ((performance.now() - startedAt) / 1000);
  } finally {
    await pool.close();
  }
}

/** @throws for an answer that is no success */
async function send(pool: Pool, { path, headers, body }: Request): Promise<void> {
  const answer = await pool.request({ method: 'POST', path, headers, body });
  const text = await answer.body.text();
  if (answer.statusCode >= 300) throw new Error(`POST ${path}: ${answer.statusCode} ${text.slice(0, 200)}`);
}
