// The least that a WeChat must answer, so that its own work is not what is measured: every call succeeds after a while,
// whatever its token. Counts its calls by path. The simulator takes five times as much time for a call.
import { createServer } from 'node:http';

const latencyMs = Number(process.env.LATENCY_MS);
let nextToken = 1;
let counts: Record<string, number> = {};

function answerTo(path: string): object {
  const token = () => `token-${nextToken++}`;
  switch (path) {
    case '/cgi-bin/component/api_component_token':
      return { component_access_token: token(), expires_in: 7200 };
    case '/cgi-bin/component/api_authorizer_token':
      return { authorizer_access_token: token(), expires_in: 7200, authorizer_refresh_token: 'refresh-token' };
    case '/cgi-bin/token':
      return { access_token: token(), expires_in: 7200 };
    case '/cgi-bin/openapi/quota/get':
      return { errcode: 0, errmsg: 'ok', quota: { daily_limit: 10_000_000, used: 0, remain: 10_000_000 } };
    default:
      return { errcode: 0, errmsg: 'ok' };
  }
}

const server = createServer((request, response) => {
  const path = (request.url ?? '').split('?')[0] ?? '';
  counts[path] = (counts[path] ?? 0) + 1;
  request.resume().on('end', () => {
    setTimeout(() => {
      const body = JSON.stringify(answerTo(path));
      response
        .writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) })
        .end(body);
    }, latencyMs);
  });
});
server.keepAliveTimeout = 60_000;
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  if (typeof address === 'object') process.send?.({ url: `http://127.0.0.1:${address?.port}` });
});
process.on('message', () => {
  process.send?.(counts);
  counts = {};
});
process.on('disconnect', () => process.exit());
