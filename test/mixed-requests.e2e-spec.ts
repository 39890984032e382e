import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { Agent, request } from 'undici';
import { System } from './support/system.js';

const KEYS = 600;
const IN_FLIGHT = 100;

interface Answer {
  status: number;
  body: any;
}

describe('3,000 requests, 100 at a time', () => {
  let system: System;
  let merchants: string[];
  const agent = new Agent({ connections: IN_FLIGHT });

  beforeAll(async () => {
    // How late they would come is not looked at: the merchants have more deletions than their days take. And one key asks for
    // more lists at a time than a key may.
    const env = { MAX_ETA_DAYS: '0', API_DEAR_AT_ONCE_PER_KEY: '0' };
    system = await System.start({ withWorker: false, env });
    await system.registerPlatform();
    merchants = [];
    for (let i = 0; i < 3; i++) merchants.push(await system.onboardMerchant());
  });
  afterAll(async () => {
    await agent.close();
    await system.close();
  });

  async function ask(method: 'GET' | 'POST', path: string, body?: unknown, key?: string): Promise<Answer> {
    const response = await request(system.url + path, {
      dispatcher: agent,
      method,
      headers: {
        authorization: `Bearer ${system.apiKey}`,
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...(key !== undefined && { 'idempotency-key': key }),
      },
      body: body === undefined ? null : JSON.stringify(body),
    });
    return { status: response.statusCode, body: await response.body.json() };
  }

  /** As a careful client does: while the first request still runs, or a machine is short of connections, ask again. */
  async function askUntilDone(...request: Parameters<typeof ask>): Promise<Answer> {
    for (;;) {
      const answer = await ask(...request);
      if (answer.body.code !== 'idempotency_key_in_use' && answer.body.code !== 'database_busy') return answer;
      await delay(50);
    }
  }

  const wish = (index: number) => ({
    merchant: merchants[index % merchants.length],
    msg_id: String(1_000_000 + index),
    article_idx: 1,
    metadata: { index: String(index) },
  });

  it('leave exactly the rows that were meant', async () => {
    const keys = Array.from({ length: KEYS }, () => randomUUID());
    const answers: Answer[][] = keys.map(() => []);
    const cancels: Answer[] = [];
    const reads: Answer[] = [];
    const others: Answer[] = [];

    // Each wish thrice with its key; every fourth is cancelled twice as soon as it is known. Every
    // second message has another article to delete.
    const jobs = keys.flatMap((key, index) => [
      async () => {
        const answer = await askUntilDone('POST', '/v1/deletions', wish(index), key);
        answers[index]?.push(answer);
        if (index % 4 !== 0) return;
        const path = `/v1/deletions/${answer.body.id}/cancel`;
        cancels.push(...(await Promise.all([askUntilDone('POST', path), askUntilDone('POST', path)])));
      },
      async () => void answers[index]?.push(await askUntilDone('POST', '/v1/deletions', wish(index), key)),
      async () => void answers[index]?.push(await askUntilDone('POST', '/v1/deletions', wish(index), key)),
      async () => void reads.push(await askUntilDone('GET', `/v1/deletions?merchant=${merchants[index % 3]}&limit=5`)),
      ...(index % 2 === 0
        ? [
            async () =>
              void others.push(
                await askUntilDone(
                  'POST',
                  '/v1/deletions',
                  { ...wish(index), article_idx: 2, reason: 'as well' },
                  `${key}-other`,
                ),
              ),
          ]
        : []),
    ]);
    jobs.sort(() => Math.random() - 0.5);
    const lanes = Array.from({ length: IN_FLIGHT }, async () => {
      for (let job = jobs.pop(); job; job = jobs.pop()) await job();
    });
    await Promise.all(lanes);

    expect(answers.length * 3 + cancels.length + reads.length + others.length).toBe(3_000);
    const ids = answers.map((each) => [...new Set(each.map(({ status, body }) => `${status} ${body.id}`))]);
    expect(ids.filter((each) => each.length !== 1 || !each[0]?.startsWith('202 '))).toEqual([]);
    expect(reads.filter(({ status }) => status !== 200)).toEqual([]);
    expect(others.filter(({ status }) => status !== 202)).toEqual([]);
    // Of two cancels one is first.
    expect(cancels.filter(({ status }) => status === 200)).toHaveLength(KEYS / 4);
    expect(cancels.filter(({ status }) => status === 409)).toHaveLength(KEYS / 4);

    const rows = await system.sql<{ index: string; article: number; state: string; count: number }>(
      `SELECT metadata->>'index' AS index, article_idx AS article, state, count(*)::int FROM deletions GROUP BY 1, 2, 3`,
    );
    const meant = keys.flatMap((_key, index) => [
      { index: String(index), article: 1, state: index % 4 === 0 ? 'cancelled' : 'queued', count: 1 },
      ...(index % 2 === 0 ? [{ index: String(index), article: 2, state: 'queued', count: 1 }] : []),
    ]);
    const inOrder = (a: { index: string; article: number }, b: { index: string; article: number }) =>
      Number(a.index) - Number(b.index) || a.article - b.article;
    expect(rows.sort(inOrder)).toEqual(meant);

    // And the audit log has each act once.
    const acts = await system.sql<{ action: string; count: number }>(
      `SELECT action, count(*)::int FROM audit_inbox GROUP BY 1 ORDER BY 1`,
    );
    expect(acts).toEqual([
      { action: 'deletion.accepted', count: KEYS * 1.5 },
      { action: 'deletion.cancelled', count: KEYS / 4 },
    ]);
  });
});
