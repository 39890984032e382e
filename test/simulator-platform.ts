import { createServer, type IncomingMessage } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { decodeAesKey, openPush, sealReply, type XmlFields } from '@app/wechat';
import { createSimulator, type RunningSimulator, type SimulatorOptions } from '../apps/simulator/src/simulator.js';

/** Whatever a JSON answer holds. */

export type Json = any;

export interface Received {
  path: string;
  query: URLSearchParams;
  fields: XmlFields;
}

/** How the platform answers a push: text, or a status, or not at all. */
export type Answer = string | { status: number } | { connection: 'hang up' | 'hold' };

/** A small third-party platform that a test registers with a simulator: it opens pushes and calls the open API. */
export class TestPlatform {
  readonly received: Received[] = [];
  readonly refused: string[] = [];
  /** Answers instead of the conforming one; consulted for every push. */
  answer: (push: Received) => Answer | undefined = () => undefined;
  componentToken = '';

  private constructor(
    readonly simulator: RunningSimulator,
    readonly url: string,
    readonly appid: string,
    private readonly credentials: { secret: string; token: string; aesKey: Buffer },
    private readonly server: ReturnType<typeof createServer>,
  ) {}

  /** Starts a simulator and a platform that is registered with it. */
  static async start(options: SimulatorOptions = {}, registration: object = {}): Promise<TestPlatform> {
    const simulator = await createSimulator(options);
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    // listen() on a port gives an address with a port.
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const registered = await postJson(`${simulator.url}/_control/platforms`, {
      events_url: `${url}/events`,
      messages_url: `${url}/messages/$APPID$`,
      launch_domain: '127.0.0.1',
      ...registration,
    });
    const platform = new TestPlatform(
      simulator,
      url,
      registered.component_appid,
      {
        secret: registered.app_secret,
        token: registered.token,
        aesKey: decodeAesKey(registered.encoding_aes_key),
      },
      server,
    );
    server.on('request', (request: IncomingMessage, response) => {
      void platform.receive(request).then((answer) => {
        if (typeof answer === 'string') return response.end(answer);
        if ('status' in answer) return response.writeHead(answer.status).end();
        return answer.connection === 'hang up' ? request.socket.destroy() : undefined;
      });
    });
    return platform;
  }

  async close(): Promise<void> {
    await this.simulator.close();
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, 'close');
  }

  /** Waits for a push of this InfoType, Event or MsgType; the newest. */
  async pushed(kind: string, count = 1): Promise<Received> {
    const found = () => this.received.filter(({ fields }) => kindOf(fields) === kind);
    await until(() => found().length >= count, `a push of ${kind}`);
    return found().at(-1) as Received;
  }

  ticket(): string {
    const pushes = this.received.filter(({ fields }) => fields['InfoType'] === 'component_verify_ticket');
    return textOf(pushes.at(-1)?.fields['ComponentVerifyTicket']);
  }

  /** Takes the pushed ticket to a component token, which later calls use. */
  async logIn(): Promise<void> {
    await this.pushed('component_verify_ticket');
    const answer = await this.call('component/api_component_token', '', {
      component_appid: this.appid,
      component_appsecret: this.credentials.secret,
      component_verify_ticket: this.ticket(),
    });
    this.componentToken = answer.component_access_token;
  }

  get secret(): string {
    return this.credentials.secret;
  }

  /** A call with the component token and appid. */
  component(name: string, body: object = {}): Promise<Json> {
    return this.call(`component/${name}`, this.componentToken, { component_appid: this.appid, ...body });
  }

  call(path: string, token: string, body: object): Promise<Json> {
    return this.callText(path, token, JSON.stringify(body));
  }

  async callText(path: string, token: string, body: string): Promise<Json> {
    const response = await fetch(`${this.simulator.url}/cgi-bin/${path}${token && `?access_token=${token}`}`, {
      method: 'POST',
      body,
    });
    return response.json();
  }

  /** Registers an account that authorizes at once. */
  async merchant(input: object = {}): Promise<{ appid: string; accessToken: string; refreshToken: string }> {
    if (!this.componentToken) await this.logIn();
    const { appid } = await this.control('POST', 'merchants', input);
    const { auth_code } = await this.control('POST', 'consents', {
      component_appid: this.appid,
      authorizer_appid: appid,
    });
    const { authorization_info: info } = await this.component('api_query_auth', { authorization_code: auth_code });
    return {
      appid,
      accessToken: info.authorizer_access_token ?? '',
      refreshToken: info.authorizer_refresh_token ?? '',
    };
  }

  async control(method: string, path: string, body?: object): Promise<Json> {
    const response = await fetch(`${this.simulator.url}/_control/${path}`, {
      method,
      ...(body ? { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } } : {}),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return text === '' ? undefined : JSON.parse(text);
  }

  private async receive(request: IncomingMessage): Promise<Answer> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const url = new URL(request.url ?? '', this.url);
    const opened = openPush({
      body: Buffer.concat(chunks),
      query: Object.fromEntries(url.searchParams),
      token: this.credentials.token,
      aesKeys: [this.credentials.aesKey],
      appid: this.appid,
    });
    if (!opened.ok) {
      this.refused.push(opened.reason);
      return { status: 403 };
    }
    const push = { path: url.pathname, query: url.searchParams, fields: opened.fields };
    this.received.push(push);
    return this.answer(push) ?? this.conforming(push);
  }

  /** What the release check asks of a platform. */
  private conforming({ fields }: Received): Answer {
    const content = fields['Content'];
    if (content === 'TESTCOMPONENT_MSG_TYPE_TEXT') return this.textReply(fields, `${content}_callback`);
    if (fields['Event'] === 'LOCATION') return this.textReply(fields, 'LOCATIONfrom_callback');
    if (typeof content === 'string' && content.startsWith('QUERY_AUTH_CODE:')) {
      void this.answerThroughApi(textOf(fields['FromUserName']), content.slice('QUERY_AUTH_CODE:'.length));
      return '';
    }
    return 'success';
  }

  private async answerThroughApi(openid: string, code: string): Promise<void> {
    const { authorization_info: info } = await this.component('api_query_auth', { authorization_code: code });
    await this.call('message/custom/send', info.authorizer_access_token, {
      touser: openid,
      msgtype: 'text',
      text: { content: `${code}_from_api` },
    });
  }

  private textReply(fields: XmlFields, content: string): string {
    const plaintext = `<xml><ToUserName><![CDATA[${textOf(fields['FromUserName'])}]]></ToUserName><FromUserName><![CDATA[${textOf(fields['ToUserName'])}]]></FromUserName><CreateTime>1700000000</CreateTime><MsgType><![CDATA[text]]></MsgType><Content><![CDATA[${content}]]></Content></xml>`;
    return sealReply({
      aesKey: this.credentials.aesKey,
      token: this.credentials.token,
      appid: this.appid,
      plaintext,
      timestamp: 1_700_000_000,
      nonce: '1234567890',
    });
  }
}

export const kindOf = (fields: XmlFields): string => textOf(fields['InfoType'] ?? fields['Event'] ?? fields['MsgType']);

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');

async function postJson(url: string, body: object): Promise<Json> {
  const response = await fetch(url, {
    method: 'POST',
    body: JSON.stringify(body),
    headers: { 'content-type': 'application/json' },
  });
  return response.json();
}

/** Polls until it is so; fails after ten seconds. */
export async function until(isSo: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (!(await isSo())) {
    if (Date.now() > deadline) throw new Error(`waited in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
