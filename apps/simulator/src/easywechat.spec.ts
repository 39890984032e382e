import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { CacheInterface, OpenPlatform, ServerRequest } from 'node-easywechat';
import { createSimulator, type RunningSimulator } from './simulator.js';
import { until } from '../../../test/simulator-platform.js';

/** A client that we did not write drives the simulator: what it needs of WeChat is there. */
describe('node-easywechat', () => {
  let simulator: RunningSimulator;
  let server: ReturnType<typeof createServer>;
  let app: OpenPlatform;
  const events: { InfoType: string; AuthorizationCode?: string }[] = [];

  beforeAll(async () => {
    simulator = await createSimulator();
    server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const platform = simulator.simulation.addPlatform({
      // listen() on a port gives an address with a port.
      events_url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/events`,
    });
    const cache = new MemoryCache();
    const newApp = (): OpenPlatform => {
      const made = new OpenPlatform({
        app_id: platform.componentAppid,
        secret: platform.appSecret,
        token: platform.token,
        aes_key: platform.encodingAesKey,
        http: { baseURL: `${simulator.url}/` },
      });
      made.setCache(cache);
      return made;
    };
    app = newApp();
    server.on('request', (request, response) => {
      void (async () => {
        // Its server keeps the handlers of every push it served: each push gets its own.
        const receiver = newApp();
        receiver.setRequest(await ServerRequest.createFromIncomingMessage(request));
        const pushes = receiver.getServer();
        pushes.with?.(async (message, next) => {
          events.push(message as unknown as (typeof events)[number]);
          return next?.(message);
        });
        response.end((await pushes.serve?.())?.getBody());
      })();
    });
  });
  afterAll(async () => {
    await simulator.close();
    server.closeAllConnections();
    server.close();
  });

  it('takes the ticket, authorizes, refreshes, and takes back an article of a mass message', async () => {
    const { simulation } = simulator;
    await until(
      async () =>
        (await app
          .getVerifyTicket()
          .getTicket()
          .catch(() => '')) !== '',
      'the ticket',
    );
    expect(await app.getComponentAccessToken().getToken()).toMatch(/^\d\d_/);

    const link = new URL(await app.createPreAuthorizationUrl('http://127.0.0.1/back'));
    const merchant = simulation.registry.addMerchant({ kind: 'official' });
    const consent = await fetch(`${simulator.url}/_control/consents`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ link: link.href, authorizer_appid: merchant.appid }),
    });
    expect(consent.status).toBe(200);
    await until(() => events.some(({ InfoType }) => InfoType === 'authorized'), 'the event');
    const code = events.find(({ InfoType }) => InfoType === 'authorized')?.AuthorizationCode ?? '';

    const authorization = await app.getAuthorization(code);
    expect(authorization.getAppId()).toBe(merchant.appid);
    const refreshed = await app.refreshAuthorizerToken(merchant.appid, authorization.getRefreshToken());
    expect(refreshed).toMatchObject({ authorizer_refresh_token: authorization.getRefreshToken() });

    const material = simulation.massMessages.addMaterial(merchant, [{}, {}]);
    const message = simulation.massMessages.start(merchant, { kind: 'mpnews', isToAll: false, material });
    simulation.massMessages.finish(message, 'send success');
    const account = await app.getOfficialAccountWithRefreshToken(merchant.appid, authorization.getRefreshToken());
    const answer = await account.getClient().postJson('cgi-bin/message/mass/delete', {
      msg_id: Number(message.msgId),
      article_idx: 2,
    });
    expect(answer.toObject()).toEqual({ errcode: 0, errmsg: 'ok' });
    expect(material.articles.map(({ isDeleted }) => isDeleted)).toEqual([false, true]);
  });

  it('sees a refusal as a failure', async () => {
    await expect(app.getAuthorization('queryauthcode@@@nobody')).rejects.toThrow('61009');
  });
});

class MemoryCache implements CacheInterface {
  private readonly kept = new Map<string, unknown>();
  async get(key: string): Promise<unknown> {
    return this.kept.get(key);
  }
  async has(key: string): Promise<boolean> {
    return this.kept.has(key);
  }
  async set(key: string, data?: unknown): Promise<boolean> {
    this.kept.set(key, data);
    return true;
  }
  async delete(key: string): Promise<boolean> {
    return this.kept.delete(key);
  }
}
