import { buildXml } from '@app/wechat';
import { TestPlatform, until, type Json } from '../../../../test/simulator-platform.js';

describe('pushes', () => {
  let platform: TestPlatform;

  beforeEach(async () => {
    platform = await TestPlatform.start({ settings: { push_deadline_ms: 150 } });
    await platform.pushed('component_verify_ticket');
  });
  afterEach(() => platform.close());

  const pushTicket = async () => (await platform.control('POST', `platforms/${platform.appid}/ticket`)).push;
  const say = (appid: string, content = 'hello') =>
    platform.control('POST', `merchants/${appid}/text-messages`, { content, component_appid: platform.appid });
  const verdicts = (push: Json) => push.attempts.map((attempt: { verdict: string }) => attempt.verdict);
  const account = async () => (await platform.control('POST', 'merchants', {})).appid;

  describe('of tickets', () => {
    it('carry the same ticket each time until it is told to change', async () => {
      expect(await pushTicket()).toMatchObject({ state: 'delivered', attempts: [{ verdict: 'success' }] });
      const [first, second] = platform.received.map(({ fields }) => fields['ComponentVerifyTicket']);
      expect(first).toMatch(/^ticket@@@/);
      expect(second).toBe(first);
      await platform.control('POST', `platforms/${platform.appid}/tokens`, { action: 'change_ticket' });
      await pushTicket();
      expect(platform.ticket()).not.toBe(first);
    });

    it('come every ten minutes of simulated time', async () => {
      await platform.control('POST', 'clock/advance', { ms: 600_000 });
      await platform.pushed('component_verify_ticket', 2);
      await platform.control('POST', 'clock/advance', { ms: 599_000 });
      expect(platform.received).toHaveLength(2);
      await platform.control('POST', 'clock/advance', { ms: 1000 });
      await platform.pushed('component_verify_ticket', 3);
    });

    it.each([
      ['ok', 'not_success'],
      ['"success"', 'not_success'],
      ['success\n', 'not_success'],
      [{ status: 401 }, 'http_401'],
      [{ connection: 'hang up' as const }, 'connection_failed'],
      [{ connection: 'hold' as const }, 'timeout'],
    ])('answered with %j are failures: %s', async (answer, verdict) => {
      platform.answer = () => answer;
      const push = await pushTicket();
      expect(push.state).toBe('failed');
      expect(verdicts(push)).toEqual([verdict]);
    });

    it('come again sooner when they fail, and stop after too many failures until they are restarted', async () => {
      await platform.control('PATCH', 'settings', { ticket_stop_after_failures: 2 });
      platform.answer = () => 'no';
      await platform.control('POST', 'clock/advance', { ms: 600_000 });
      await until(async () => (await failures()) === 1, 'the first failure');
      await platform.control('POST', 'clock/advance', { ms: 60_000 });
      await until(async () => (await failures()) === 2, 'the second failure');
      const view = () => platform.control('GET', `platforms/${platform.appid}`);
      await until(async () => !(await view()).is_ticket_pushed, 'the end of pushing');
      await platform.control('POST', 'clock/advance', { ms: 3_600_000 });
      expect(await failures()).toBe(2);

      platform.answer = () => undefined;
      const before = platform.received.length;
      await platform.call('component/api_start_push_ticket', '', {
        component_appid: platform.appid,
        component_secret: platform.secret,
      });
      await until(() => platform.received.length > before, 'a ticket');
      expect(await view()).toMatchObject({ is_ticket_pushed: true });
    });

    const failures = async () => (await platform.control('GET', 'pushes?state=failed')).data.length;
  });

  it('are encrypted for the platform, with WeChat query parameters', async () => {
    const [push] = platform.received;
    expect([...(push?.query.keys() ?? [])].sort()).toEqual([
      'encrypt_type',
      'msg_signature',
      'nonce',
      'signature',
      'timestamp',
    ]);
    const { encoding_aes_key: key } = await platform.control('GET', `platforms/${platform.appid}`);
    expect(Buffer.from(`${key}=`, 'base64').toString('base64')).not.toBe(`${key}=`);
    expect(platform.refused).toEqual([]);
  });

  describe('of messages', () => {
    it('take an empty body, success, or an encrypted reply', async () => {
      const appid = await account();
      platform.answer = () => '';
      expect(await say(appid)).toMatchObject({ state: 'delivered', attempts: [{ verdict: 'no_reply' }] });
      platform.answer = () => undefined;
      expect(await say(appid, 'TESTCOMPONENT_MSG_TYPE_TEXT')).toMatchObject({
        state: 'delivered',
        attempts: [{ verdict: 'reply' }],
        reply: { Content: 'TESTCOMPONENT_MSG_TYPE_TEXT_callback' },
      });
      expect((await platform.pushed('text')).fields).toMatchObject({ MsgId: expect.stringMatching(/^\d{17}$/) });
    });

    it.each(['{}', buildXml({ Content: 'not encrypted' })])('do not take %j, nor try again', async (answer) => {
      const appid = await account();
      platform.answer = () => answer;
      const push = await say(appid);
      expect(push.state).toBe('failed');
      expect(verdicts(push)).toEqual(['bad_reply']);
    });

    it('are tried three times, each with the same content', async () => {
      const appid = await account();
      let attempts = 0;
      platform.answer = ({ fields }) => {
        if (fields['MsgType'] !== 'text') return undefined;
        attempts++;
        return attempts < 3 ? { connection: 'hold' } : 'success';
      };
      const push = await say(appid);
      expect(push.state).toBe('delivered');
      expect(verdicts(push)).toEqual(['timeout', 'timeout', 'no_reply']);
      const bodies = platform.received.filter(({ fields }) => fields['MsgType'] === 'text');
      expect(new Set(bodies.map(({ fields }) => fields['MsgId'])).size).toBe(1);
    });

    it('pause for a minute after many failures in a row', async () => {
      await platform.control('PATCH', 'settings', { mark_fail_after: 2 });
      const appid = await account();
      platform.answer = ({ fields }) => (fields['MsgType'] === 'text' ? { status: 500 } : undefined);
      expect(verdicts(await say(appid))).toEqual(['http_500', 'http_500', 'http_500']);
      await say(appid);
      platform.answer = () => undefined;
      expect(await say(appid)).toMatchObject({ state: 'paused', attempts: [] });
      expect(await say(await account())).toMatchObject({ state: 'delivered' });
      await platform.control('POST', 'clock/advance', { ms: 60_000 });
      expect(await say(appid)).toMatchObject({ state: 'delivered' });
    });
  });

  describe('with faults', () => {
    it('get lost', async () => {
      await platform.control('PUT', 'push-faults', { loss: 1, kinds: ['authorized'] });
      const appid = await account();
      await platform.control('POST', 'consents', { component_appid: platform.appid, authorizer_appid: appid });
      await pushTicket();
      const { data } = await platform.control('GET', 'pushes?kind=authorized');
      expect(data).toMatchObject([{ state: 'lost', attempts: [] }]);
      expect(platform.received.some(({ fields }) => fields['InfoType'] === 'authorized')).toBe(false);
    });

    it('come twice, the same to the byte', async () => {
      await platform.control('PUT', 'push-faults', { duplicate: 1 });
      await pushTicket();
      const [, first, second] = platform.received;
      expect(second?.query.get('msg_signature')).toBe(first?.query.get('msg_signature'));
    });

    it('overtake one another', async () => {
      const appid = await account();
      const grant = `platforms/${platform.appid}/authorizers/${appid}`;
      await platform.control('POST', 'consents', { component_appid: platform.appid, authorizer_appid: appid });
      await platform.pushed('authorized');
      await platform.control('PUT', 'push-faults', { reorder: 1, reorder_ms: 3_600_000, kinds: ['unauthorized'] });
      void platform.control('POST', `${grant}/deauthorize`);
      await until(async () => !(await platform.control('GET', grant)).is_active, 'the end of the grant');
      await platform.control('POST', 'consents', { component_appid: platform.appid, authorizer_appid: appid });
      await platform.pushed('authorized', 2);
      await platform.control('POST', 'clock/advance', { ms: 3_600_000 });
      const late = await platform.pushed('unauthorized');
      const newer = await platform.pushed('authorized', 2);
      expect(Number(late.fields['CreateTime'])).toBeLessThanOrEqual(Number(newer.fields['CreateTime']));
    });
  });

  it('are not made for a platform without URLs', async () => {
    const other = await platform.control('POST', 'platforms', {});
    expect(await platform.control('POST', `platforms/${other.component_appid}/ticket`)).toEqual({
      component_verify_ticket: expect.stringMatching(/^ticket@@@/),
      push: null,
    });
  });
});
