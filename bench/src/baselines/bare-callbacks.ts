// Decrypts a push and inserts it, and no more: it believes everybody, and stores what comes twice twice. As a bare Fastify
// server, or, when told, in a loop without HTTP that keeps as many INSERTs under way as there would be senders.
import { fastify } from 'fastify';
import pg from 'pg';
import { v7 as uuidv7 } from 'uuid';
import { decodeAesKey, decryptMessage } from '@app/wechat';
import type { PLATFORM } from '../deployment.js';

const { DATABASE_URL = '', PLATFORM: platform = '' } = process.env;
// The bench wrote it.
const { encodingAesKey } = JSON.parse(platform) as typeof PLATFORM;
const aesKey = decodeAesKey(encodingAesKey);
const database = new pg.Pool({ connectionString: DATABASE_URL, max: 10 });

async function receive(body: string): Promise<void> {
  const encrypt = /<Encrypt><!\[CDATA\[(.*?)\]\]>/.exec(body)?.[1] ?? '';
  const { plaintext } = decryptMessage(aesKey, encrypt);
  await database.query({
    name: 'insert',
    text: 'INSERT INTO bare_pushes (id, plaintext) VALUES ($1, $2)',
    values: [uuidv7(), plaintext],
  });
}

async function loop(bodies: string[], senders: number): Promise<void> {
  const left = bodies[Symbol.iterator]();
  await Promise.all(
    Array.from({ length: senders }, async () => {
      for (const body of left) await receive(body);
    }),
  );
}

process.once('message', ({ bodies, warmUp, senders }: { bodies: string[]; warmUp: number; senders: number }) => {
  void (async () => {
    await loop(bodies.slice(0, warmUp), senders);
    const startedAt = performance.now();
    await loop(bodies.slice(warmUp), senders);
    process.send?.({ rate: (bodies.length - warmUp) / ((performance.now() - startedAt) / 1000) });
  })();
});

const server = fastify();
server.addContentTypeParser('text/xml', { parseAs: 'string' }, (_request, body, done) => done(null, body));
server.post('/wechat/:componentAppid/messages/:authorizerAppid', async (request) => {
  await receive(String(request.body));
  return 'success';
});
process.send?.({ url: await server.listen({ port: 0, host: '127.0.0.1' }) });
