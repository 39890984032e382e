// Decrypts a push and inserts it, and no more: it believes everybody, and stores what comes twice twice. In a loop
// without HTTP, or as a bare Fastify server.
import { fastify } from 'fastify';
import pg from 'pg';
import { v7 as uuidv7 } from 'uuid';
import { decodeAesKey, decryptMessage } from '@app/wechat';
import type { PLATFORM } from '../deployment.js';
import { receiveInALoop } from '../processes/in-a-loop.js';

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

receiveInALoop(({ body }) => receive(body));

const server = fastify();
server.addContentTypeParser('text/xml', { parseAs: 'string' }, (_request, body, done) => done(null, body));
server.post('/wechat/:componentAppid/messages/:authorizerAppid', async (request) => {
  await receive(String(request.body));
  return 'success';
});
process.send?.({ url: await server.listen({ port: 0, host: '127.0.0.1' }) });
