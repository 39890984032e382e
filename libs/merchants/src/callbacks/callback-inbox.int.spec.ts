import { EVERYTHING } from '@app/scope';
import { decodeAesKey, sealPush, type XmlInputFields } from '@app/wechat';
import { faultSchema } from '../../../../apps/simulator/src/behaviour/faults.js';
import { freePort } from '../../../../test/support/free-port.js';
import { eventually } from '../../../../test/support/eventually.js';
import { GrantRows } from '../merchants/grant-rows.js';
import { MerchantsWorld, PUSH_MAX_AGE_S, type WorldPlatform } from '../../../../test/support/merchants-world.js';
import { AuthorizerTokens } from '../grants/authorizer-tokens.js';
import { CallbackInbox } from './callback-inbox.js';
import { CallbackProcessing } from './callback-processing.js';
import { GrantExchange } from '../grants/grant-exchange.js';
import { Merchants } from '../merchants/merchants.js';
import { Platforms } from '../platforms/platforms.js';

interface EventRow {
  id: string;
  kind: string;
  state: string;
  failure_code: string | null;
  authorizer_appid: string | null;
  payload_sealed: string | null;
  pushed_at: Date;
}

const OTHER_AES_KEY = 'GFEDCBA9876543210zyxwvutsrqponmlkjihgfedcba';
const NOON = 1_780_000_000;
const seconds = () => Math.floor(Date.now() / 1000);

describe('the callback inbox', () => {
  let world: MerchantsWorld;
  let platform: WorldPlatform;
  let neighbour: WorldPlatform;

  beforeAll(async () => {
    world = await MerchantsWorld.start();
    await world.process();
  });
  afterAll(() => world.close());
  beforeEach(async () => {
    platform = await world.platform({ hasTicket: false });
    neighbour = await world.platform({ hasTicket: false });
  });
  afterEach(() => world.simulation.faults.clear());

  const inbox = () => world.get(CallbackInbox);
  const processing = () => world.get(CallbackProcessing);
  /** Pushes at this second of WeChat's clock. */
  const push = (fields: XmlInputFields, seconds?: number, to = platform) =>
    inbox().receive(world.sealed(to, fields, seconds));
  const events = (of = platform) =>
    world.sql<EventRow>(`SELECT * FROM callback_events WHERE platform_id = $1 ORDER BY id`, [of.id]);
  const pushTicket = (value: string, seconds: number) =>
    push({ InfoType: 'component_verify_ticket', ComponentVerifyTicket: value }, seconds);
  const ticket = (of = platform) => world.get(Platforms).ticket(of.id);
  const authorized = (code: string, authorizerAppid: string): XmlInputFields => ({
    InfoType: 'authorized',
    AuthorizerAppid: authorizerAppid,
    AuthorizationCode: code,
    AuthorizationCodeExpiredTime: NOON + 3600,
    PreAuthCode: 'preauthcode@@@x',
  });
  const hasJob = async (id: string) => (await world.missingJobs('callback.process', [id])).length === 0;
  const newest = async () => {
    const row = (await events()).at(-1);
    if (!row) throw new Error('nothing was recorded');
    return row;
  };

  it('keeps the newest ticket by WeChat’s clock when pushes arrive out of order', async () => {
    await pushTicket('ticket@@@second', NOON + 600);
    await pushTicket('ticket@@@first', NOON);
    expect(await ticket()).toBe('ticket@@@second');
    await pushTicket('ticket@@@third', NOON + 1200);
    expect(await ticket()).toBe('ticket@@@third');
    expect(await ticket(neighbour)).toBeUndefined();
  });

  it('acts on a push once, however often and in whatever envelope it comes', async () => {
    const fields = { InfoType: 'component_verify_ticket', ComponentVerifyTicket: 'ticket@@@same' };
    const receipts = await Promise.all(Array.from({ length: 10 }, () => push(fields, NOON)));
    expect(receipts.filter((receipt) => receipt.accepted && !receipt.isDuplicate)).toHaveLength(1);
    expect(receipts.every(({ accepted }) => accepted)).toBe(true);
    expect(await events()).toHaveLength(1);
    // The same words to another platform are another push.
    expect(await push(fields, NOON, neighbour)).toEqual({
      accepted: true,
      kind: 'component_verify_ticket',
      isDuplicate: false,
    });
  });

  it('accepts and records what it does not know, and does nothing', async () => {
    for (const fields of [{ InfoType: 'notify_third_fasteregister', appid: 'wx1' }, { Something: 'new' }]) {
      expect(await push(fields, NOON)).toMatchObject({ accepted: true, isDuplicate: false });
    }
    expect((await events()).map(({ kind, state }) => [kind, state])).toEqual([
      ['notify_third_fasteregister', 'done'],
      ['unknown', 'done'],
    ]);
    expect(await world.sql(`SELECT 1 FROM merchants WHERE platform_id = $1`, [platform.id])).toEqual([]);
  });

  it('accepts an authorized event without a code, and an unauthorized one of a stranger', async () => {
    expect(await push({ InfoType: 'authorized', AuthorizerAppid: 'wx1' })).toMatchObject({ accepted: true });
    expect(await push({ InfoType: 'unauthorized', AuthorizerAppid: 'wx1' })).toMatchObject({ accepted: true });
    expect((await events()).map(({ state }) => state)).toEqual(['done', 'done']);
  });

  it('accepts a message once, under the account of its address', async () => {
    const { body, query, ...rest } = world.sealed(platform, { MsgType: 'event', Event: 'MASSSENDJOBFINISH', MsgID: 1 });
    const message = { ...rest, body, query, channel: 'message' as const, authorizerAppid: 'wx00000000000000aa' };
    expect(await inbox().receive(message)).toEqual({ accepted: true, kind: 'MASSSENDJOBFINISH', isDuplicate: false });
    expect(await inbox().receive(message)).toMatchObject({ isDuplicate: true });
    expect(await events()).toEqual([
      expect.objectContaining({ channel: 'message', state: 'done', authorizer_appid: 'wx00000000000000aa' }),
    ]);
  });

  it('does not take a ticket from the message address', async () => {
    const fields = { InfoType: 'component_verify_ticket', ComponentVerifyTicket: 'ticket@@@misplaced' };
    await inbox().receive({ ...world.sealed(platform, fields), channel: 'message', authorizerAppid: 'wx1' });
    expect(await ticket()).toBeUndefined();
  });

  it('opens pushes sealed with the previous AES key as well as the new one', async () => {
    await world.get(Platforms).update(platform.componentAppid, { encodingAesKey: OTHER_AES_KEY });
    await pushTicket('ticket@@@old-key', NOON);
    expect(await ticket()).toBe('ticket@@@old-key');
    platform = { ...platform, secrets: { ...platform.secrets, encodingAesKey: OTHER_AES_KEY } };
    await pushTicket('ticket@@@new-key', NOON + 1);
    expect(await ticket()).toBe('ticket@@@new-key');
  });

  describe('when it is signed and cannot be read', () => {
    const bytes = (...parts: (string | number[])[]) => Buffer.concat(parts.map((part) => Buffer.from(part as string)));
    const sealedText = (plaintext: string | Buffer) => {
      const push = world.sealed(platform, {});
      const { token, encodingAesKey } = platform.secrets;
      const sealing = { token, aesKey: decodeAesKey(encodingAesKey), appid: platform.componentAppid };
      const receiver = { AppId: platform.componentAppid };
      return { ...push, ...sealPush({ ...sealing, plaintext, timestamp: seconds(), nonce: '1', receiver }) };
    };

    it.each<[string, string | Buffer, string]>([
      ['nothing', '', 'empty'],
      ['no XML', '{"InfoType":"x"}', 'not_xml'],
      ['a DOCTYPE', '<!DOCTYPE a [<!ENTITY b "c">]><xml><InfoType>&b;</InfoType></xml>', 'not_xml'],
      ['an end inside a character', bytes('<xml><InfoType>x</InfoType><A>清', [0xe6, 0xb8]), 'not_xml'],
    ])('accepts it as unreadable, on both addresses, once: %s', async (_, plaintext, flaw) => {
      const authorizerAppid = 'wx00000000000000aa';
      const onEvents = sealedText(plaintext);
      const onMessages = { ...onEvents, channel: 'message' as const, authorizerAppid };
      for (const push of [onEvents, onMessages]) {
        expect(await inbox().receive(push)).toEqual({ accepted: true, kind: 'unreadable', isDuplicate: false, flaw });
        expect(await inbox().receive(push)).toMatchObject({ accepted: true, isDuplicate: true });
      }
      expect(await events()).toMatchObject([
        { kind: 'unreadable', state: 'unreadable', failure_code: flaw, authorizer_appid: null },
        { kind: 'unreadable', state: 'unreadable', failure_code: flaw, authorizer_appid: authorizerAppid },
      ]);
    });

    it('reads and does what can be read', async () => {
      const text = bytes(
        '<xml><InfoType>component_verify_ticket</InfoType><ComponentVerifyTicket>ticket@@@good</ComponentVerifyTicket><A>',
        [0xe6, 0xb8],
        '</A></xml>',
      );
      expect(await inbox().receive(sealedText(text))).toMatchObject({ accepted: true, flaw: 'not_utf8' });
      expect(await events()).toMatchObject([
        { kind: 'component_verify_ticket', state: 'unreadable', failure_code: 'not_utf8' },
      ]);
      expect(await ticket()).toBe('ticket@@@good');
    });

    it('takes a ticket or a code with a lost character for none', async () => {
      await pushTicket('ticket@@@good', NOON);
      const lost = (fields: string) =>
        inbox().receive(sealedText(bytes(`<xml>${fields}@@@`, [0xe6, 0xb8], fields.replace(/.*</, '</') + '</xml>')));
      expect(await lost('<InfoType>component_verify_ticket</InfoType><ComponentVerifyTicket>')).toMatchObject({
        accepted: true,
      });
      expect(await lost('<InfoType>authorized</InfoType><AuthorizationCode>')).toMatchObject({ accepted: true });
      expect(await ticket()).toBe('ticket@@@good');
      expect((await events()).map(({ state }) => state)).toEqual(['done', 'unreadable', 'unreadable']);
    });

    it('exchanges the code that stands beside a broken text', async () => {
      await world.pushTicket(platform);
      const account = world.account();
      const code = world.consent(platform, account);
      const text = bytes(
        `<xml><InfoType>authorized</InfoType><AuthorizerAppid>${account.appid}</AuthorizerAppid><AuthorizationCode>${code}</AuthorizationCode><A>`,
        [0xff],
        '</A></xml>',
      );
      expect(await inbox().receive(sealedText(text))).toMatchObject({ accepted: true, kind: 'authorized' });
      const { id, state } = await newest();
      expect(state).toBe('pending');
      await processing().process(id);
      expect(await newest()).toMatchObject({ state: 'done', failure_code: null });
    });
  });

  describe('refuses without a trace', () => {
    const fields = { InfoType: 'component_verify_ticket', ComponentVerifyTicket: 'ticket@@@forged' };
    const good = () => world.sealed(platform, fields, NOON);
    const sealedWith = (changes: Partial<Parameters<typeof sealPush>[0]>) => {
      const { token, encodingAesKey } = platform.secrets;
      const { body, query } = sealPush({
        token,
        aesKey: decodeAesKey(encodingAesKey),
        appid: platform.componentAppid,
        plaintext: `<xml><InfoType>component_verify_ticket</InfoType><ComponentVerifyTicket>t</ComponentVerifyTicket></xml>`,
        timestamp: seconds(),
        nonce: '1',
        receiver: { AppId: platform.componentAppid },
        ...changes,
      });
      return { ...good(), body, query };
    };
    const withQuery = (changes: Record<string, unknown>) => ({ ...good(), query: { ...good().query, ...changes } });
    const replaced = (from: string | RegExp, to: string) => {
      const push = good();
      return { ...push, body: Buffer.from(push.body.toString().replace(from, to)) };
    };
    // Functions, because the platform is there only when the test runs.
    it.each([
      ['a wrong token', () => sealedWith({ token: 'guessed' }), 'bad_signature'],
      ['a wrong AES key', () => sealedWith({ aesKey: decodeAesKey(OTHER_AES_KEY) }), 'undecryptable'],
      ['another platform’s appid inside', () => sealedWith({ appid: neighbour.componentAppid }), 'wrong_appid'],
      ['no signature', () => withQuery({ msg_signature: undefined }), 'bad_signature'],
      ['two signatures', () => withQuery({ msg_signature: ['a', 'b'] }), 'bad_signature'],
      ['another timestamp', () => withQuery({ timestamp: String(seconds() + 9) }), 'bad_signature'],
      ['tampered ciphertext', () => replaced(/Encrypt><!\[CDATA\[..../, 'Encrypt><![CDATA[AAAA'), 'bad_signature'],
      ['a DOCTYPE outside', () => replaced('<xml>', '<!DOCTYPE xml [<!ENTITY a "b">]><xml>'), 'not_xml'],
      ['no XML', () => ({ ...good(), body: Buffer.from('{}') }), 'not_xml'],
      ['nothing', () => ({ ...good(), body: Buffer.alloc(0) }), 'not_xml'],
      ['another platform’s address', () => ({ ...good(), componentAppid: neighbour.componentAppid }), 'bad_signature'],
      ['an unknown platform', () => ({ ...good(), componentAppid: 'wxffffffffffffffff' }), 'unknown_platform'],
    ])('a push with %s', async (_what, make, reason) => {
      expect(await inbox().receive(make())).toEqual({ accepted: false, reason });
      expect([...(await events()), ...(await events(neighbour))]).toEqual([]);
      expect(await ticket()).toBeUndefined();
    });
  });

  describe('by the time that is signed with it', () => {
    const signed = (ageS: number) => {
      const fields = { InfoType: 'component_verify_ticket', ComponentVerifyTicket: `ticket@@@${ageS}` };
      return inbox().receive(world.sealed(platform, fields, undefined, seconds() - ageS));
    };

    it.each([
      ['too_old', PUSH_MAX_AGE_S + 100],
      ['too_new', -PUSH_MAX_AGE_S - 100],
    ])('refuses a push that is %s, without a trace', async (reason, ageS) => {
      expect(await signed(ageS)).toEqual({ accepted: false, reason, ageS: expect.any(Number) });
      expect(await events()).toEqual([]);
      expect(await ticket()).toBeUndefined();
    });

    it.each([PUSH_MAX_AGE_S - 100, 100 - PUSH_MAX_AGE_S])('takes one that is %d seconds old', async (ageS) => {
      expect(await signed(ageS)).toMatchObject({ accepted: true, isDuplicate: false });
      expect(await ticket()).toBe(`ticket@@@${ageS}`);
    });

    it('refuses timestamp and nonce in each other’s place, which have the same signature', async () => {
      const push = world.sealed(platform, { InfoType: 'component_verify_ticket', ComponentVerifyTicket: 'ticket@@@' });
      const { timestamp, nonce } = push.query;
      const swapped = { ...push, query: { ...push.query, timestamp: nonce, nonce: timestamp } };
      expect(await inbox().receive(swapped)).toMatchObject({ accepted: false, reason: 'too_old' });
    });
  });

  describe('when a message is posted to the path of an account', () => {
    let own: WorldMerchant;
    let other: WorldMerchant;
    type WorldMerchant = Awaited<ReturnType<typeof aMerchant>>;

    async function aMerchant() {
      const account = world.account();
      const { id, authorizerAppid } = await world.merchant(platform, account);
      return { id, authorizerAppid, userName: account.userName };
    }
    const finish = (toUserName: string | undefined) => ({
      ...(toUserName !== undefined && { ToUserName: toUserName }),
      MsgType: 'event',
      Event: 'MASSSENDJOBFINISH',
      MsgID: 3147483661,
      Status: 'send success',
    });
    const posted = (fields: XmlInputFields, { authorizerAppid }: { authorizerAppid: string }) =>
      inbox().receive({ ...world.sealed(platform, fields, NOON), channel: 'message', authorizerAppid });
    const messagesOf = ({ id }: WorldMerchant) =>
      world.sql(`SELECT msg_id FROM mass_messages WHERE merchant_id = $1`, [id]);
    const messageEvents = async () =>
      await world.sql<EventRow>(
        `SELECT * FROM callback_events WHERE channel = 'message' AND platform_id = $1 ORDER BY id`,
        [platform.id],
      );
    const forwards = () =>
      world.sql<{ authorizer_appid: string }>(
        `SELECT e.authorizer_appid FROM callback_forwards f JOIN callback_events e ON e.id = f.event_id
         WHERE e.platform_id = $1 AND e.channel = 'message'`,
        [platform.id],
      );

    beforeEach(async () => {
      await world.pushTicket(platform);
      await world.get(Platforms).update(platform.componentAppid, { forwardUrls: ['http://127.0.0.1:1/$APPID$'] });
      [own, other] = [await aMerchant(), await aMerchant()];
    });

    it('takes it for that account if it is addressed to it', async () => {
      expect(await posted(finish(own.userName), own)).toEqual({
        accepted: true,
        kind: 'MASSSENDJOBFINISH',
        isDuplicate: false,
      });
      expect(await messagesOf(own)).toEqual([{ msg_id: '3147483661' }]);
      expect(await forwards()).toEqual([{ authorizer_appid: own.authorizerAppid }]);
    });

    it('changes nothing and forwards nothing if it is addressed to another, and takes the true one afterwards', async () => {
      const misplaced = await posted(finish(own.userName), other);
      expect(misplaced).toMatchObject({ accepted: true, isDuplicate: false, isMisaddressed: true });
      expect(await messageEvents()).toMatchObject([
        {
          state: 'failed',
          failure_code: 'wrong_account',
          authorizer_appid: other.authorizerAppid,
          kind: 'MASSSENDJOBFINISH',
        },
      ]);
      expect([...(await messagesOf(other)), ...(await messagesOf(own)), ...(await forwards())]).toEqual([]);

      expect(await posted(finish(own.userName), own)).toMatchObject({ accepted: true, isDuplicate: false });
      expect(await messagesOf(own)).toHaveLength(1);
      expect(await messagesOf(other)).toEqual([]);
      expect(await posted(finish(own.userName), own)).toMatchObject({ isDuplicate: true });
      expect(await posted(finish(own.userName), other)).toMatchObject({ isDuplicate: true });
      expect(await forwards()).toHaveLength(1);
    });

    it('says so of messages too that have no effect and go nowhere', async () => {
      await world.get(Platforms).update(platform.componentAppid, { forwardUrls: [] });
      const text = (toUserName: string) => ({ ToUserName: toUserName, MsgType: 'text', Content: 'hello' });
      const receipts = await Promise.all([
        posted(text(own.userName), own),
        posted(text(own.userName), other),
        posted(text(other.userName), other),
      ]);
      expect(receipts.map((receipt) => receipt.accepted && (receipt.isMisaddressed ?? false))).toEqual([
        false,
        true,
        false,
      ]);
      expect((await messageEvents()).map(({ state, failure_code }) => [state, failure_code]).sort()).toEqual([
        ['done', null],
        ['done', null],
        ['failed', 'wrong_account'],
      ]);
    });

    it.each([
      ['it is not said to whom it is addressed', () => finish(undefined), () => undefined],
      [
        'the account’s own name is not known yet',
        () => finish('gh_0123456789ab'),
        () => world.sql(`UPDATE merchants SET user_name = NULL WHERE id = $1`, [own.id]),
      ],
    ])('takes it where %s', async (_, fields, prepare) => {
      await prepare();
      expect(await posted(fields(), own)).toEqual({ accepted: true, kind: 'MASSSENDJOBFINISH', isDuplicate: false });
      expect(await messagesOf(own)).toHaveLength(1);
    });

    it('does not answer the release check, nor exchange its code, for another account', async () => {
      const authorizerAppid = 'wx570bc396a51b8ff8';
      const account = world.account({ appid: authorizerAppid, user_name: 'gh_3c884a361561' });
      await world.merchant(platform, account);
      const check = (content: string) => ({
        ToUserName: own.userName,
        FromUserName: 'oFan',
        MsgType: 'text',
        Content: content,
      });
      expect(await posted(check('TESTCOMPONENT_MSG_TYPE_TEXT'), { authorizerAppid })).not.toHaveProperty('reply');
      expect(await posted(check('QUERY_AUTH_CODE:code'), { authorizerAppid })).toMatchObject({ isMisaddressed: true });
      expect(await messageEvents()).toMatchObject(
        Array.from({ length: 2 }, () => ({ state: 'failed', failure_code: 'wrong_account', payload_sealed: null })),
      );
    });
  });

  describe('when a merchant authorizes', () => {
    beforeEach(() => world.pushTicket(platform));

    it('gives the event a job, which stores the grant and wipes the code', async () => {
      const account = world.account();
      const code = world.consent(platform, account);
      await push(authorized(code, account.appid), NOON);
      const event = await newest();
      expect(event).toMatchObject({ kind: 'authorized', state: 'pending', authorizer_appid: account.appid });
      await eventually(() => hasJob(event.id), Boolean);

      await processing().process(event.id);
      await processing().process(event.id);
      expect(await newest()).toMatchObject({ state: 'done', payload_sealed: null });
      expect(await world.get(Merchants).find(EVERYTHING, account.appid)).toMatchObject({
        state: 'authorized',
        grantedAt: new Date(NOON * 1000),
      });
      expect(world.calls('api_query_auth', { component_appid: platform.componentAppid })).toBe(1);
    });

    it('keeps code, ticket and payload out of sight in its table', async () => {
      const account = world.account();
      const code = world.consent(platform, account);
      await push(authorized(code, account.appid));
      const { value } = platform.simulated.ticket ?? { value: 'no ticket' };
      const text = JSON.stringify(await events());
      for (const secret of [code, value, 'preauthcode@@@x']) expect(text).not.toContain(secret);
    });

    it('closes an event whose code WeChat refuses', async () => {
      await push(authorized('queryauthcode@@@used', 'wx00000000000000bb'));
      const { id } = await newest();
      await processing().process(id);
      expect(await newest()).toMatchObject({ id, state: 'failed', failure_code: '61009', payload_sealed: null });
    });

    it('leaves the event pending when WeChat is busy, for a later try', async () => {
      const account = world.account();
      await push(authorized(world.consent(platform, account), account.appid));
      const { id } = await newest();
      world.simulation.faults.add(
        faultSchema.parse({
          operation: 'api_query_auth',
          component_appid: platform.componentAppid,
          outcome: 'errcode',
        }),
      );
      await expect(processing().process(id)).rejects.toMatchObject({ errcode: -1 });
      expect(await newest()).toMatchObject({ state: 'pending' });
      await processing().process(id);
      expect(await newest()).toMatchObject({ state: 'done' });
    });

    it('answers although the queue is down, and the sweep finds the event', async () => {
      const cutOff = await world.process({ queueUrl: `postgres://127.0.0.1:${await freePort()}/none` });
      const account = world.account();
      const received = world.sealed(platform, authorized(world.consent(platform, account), account.appid));
      expect(await cutOff.get(CallbackInbox).receive(received)).toMatchObject({ accepted: true, isDuplicate: false });
      const { id } = await newest();
      expect(await hasJob(id)).toBe(false);

      // An event that has just come is left to whoever is adding its job.
      await processing().sweep(60_000);
      expect(await hasJob(id)).toBe(false);
      await processing().sweep(0);
      expect(await hasJob(id)).toBe(true);
      await processing().process(id);
      expect(await newest()).toMatchObject({ state: 'done' });
    });

    it('gives an event up whose code cannot be alive any more, and keeps nothing of it', async () => {
      const account = world.account();
      await push(authorized(world.consent(platform, account), account.appid));
      const { id } = await newest();
      await world.sql(`UPDATE callback_events SET received_at = now() - interval '3 hours' WHERE id = $1`, [id]);
      await processing().sweep(60_000);
      expect(await newest()).toMatchObject({ state: 'failed', failure_code: 'expired', payload_sealed: null });
    });

    it('forgets events of long ago, with what was forwarded of them, and no others', async () => {
      await push({ InfoType: 'unauthorized', AuthorizerAppid: 'wx2' });
      const old = (await newest()).id;
      await world.sql(
        `WITH aged AS (UPDATE callback_events SET received_at = now() - interval '31 days' WHERE id = $1 RETURNING id)
         INSERT INTO callback_forwards (id, event_id, url, state) SELECT gen_random_uuid(), id, 'http://127.0.0.1/', 'delivered' FROM aged`,
        [old],
      );
      await push({ InfoType: 'unauthorized', AuthorizerAppid: 'wx3' });
      const recent = (await newest()).id;
      const [code, state] = ['forgotten-code', '0199e0f1-0000-7000-8000-00000000f0f0'];
      await world.sql(
        `WITH code AS (INSERT INTO authorization_codes (platform_id, code_hash, created_at) VALUES ($1, $2, now() - interval '31 days'))
         INSERT INTO used_authorization_states (id, code_hash, used_at) VALUES ($3, $2, now() - interval '31 days')`,
        [platform.id, code, state],
      );
      const ofLongAgo = async () =>
        world.sql(
          `SELECT FROM authorization_codes WHERE code_hash = $1 UNION ALL SELECT FROM used_authorization_states WHERE id = $2`,
          [code, state],
        );
      await processing().forgetOld(32);
      expect([await ofLongAgo(), await world.sql(`SELECT FROM callback_events WHERE id = $1`, [old])]).toEqual([
        [{}, {}],
        [{}],
      ]);
      await processing().forgetOld(30);
      expect(await ofLongAgo()).toEqual([]);
      const left = await world.sql(`SELECT id FROM callback_events WHERE id = ANY($1)`, [[old, recent]]);
      expect(left).toEqual([{ id: recent }]);
    });

    it('does nothing for an event that is done or gone', async () => {
      await push({ InfoType: 'unauthorized', AuthorizerAppid: 'wx1' });
      await processing().process((await newest()).id);
      await processing().process('0199e0f1-0000-7000-8000-000000000000');
    });
  });

  describe('when a merchant takes its authorization back', () => {
    const unauthorized = (authorizerAppid: string, seconds: number) =>
      push({ InfoType: 'unauthorized', AuthorizerAppid: authorizerAppid }, seconds);
    /** Granted at noon of WeChat's clock. */
    async function aMerchant() {
      await world.pushTicket(platform);
      const account = world.account();
      const found = await world.get(Platforms).byId(platform.id);
      const code = world.consent(platform, account);
      return world.get(GrantExchange).exchange(found, { code, grantedAt: new Date(NOON * 1000) });
    }
    const secretsOf = async (id: string) => [
      ...(await world.sql(`SELECT refresh_token_sealed FROM merchants WHERE id = $1`, [id])),
      ...(await world.sql(`SELECT token_sealed FROM access_tokens WHERE holder_id = $1`, [id])),
    ];
    const NONE = [{ refresh_token_sealed: null }, { token_sealed: null }];

    it('wipes its tokens and sets, and no other merchant’s', async () => {
      const merchant = await aMerchant();
      const other = await aMerchant();
      const otherSecrets = await secretsOf(other.id);
      await unauthorized(merchant.authorizerAppid, NOON + 10);
      expect(await world.get(Merchants).byId(merchant.id)).toMatchObject({ state: 'unauthorized', permissionSets: [] });
      expect(await secretsOf(merchant.id)).toEqual(NONE);
      await expect(world.get(AuthorizerTokens).current(merchant)).rejects.toMatchObject({ code: 'unauthorized' });
      expect(await world.get(Merchants).byId(other.id)).toEqual(other);
      expect(await secretsOf(other.id)).toEqual(otherSecrets);
    });

    it('wipes its tokens also if an answer of WeChat had told of it before', async () => {
      const merchant = await aMerchant();
      await world.get(GrantRows).learn(merchant.id, merchant.grantVersion, 'unauthorized');
      await unauthorized(merchant.authorizerAppid, NOON + 10);
      expect(await secretsOf(merchant.id)).toEqual(NONE);
    });

    it('leaves a grant alone that is newer than the news', async () => {
      const merchant = await aMerchant();
      const before = await secretsOf(merchant.id);
      await unauthorized(merchant.authorizerAppid, NOON - 1);
      expect(await world.get(Merchants).byId(merchant.id)).toEqual(merchant);
      expect(await secretsOf(merchant.id)).toEqual(before);
    });

    it('leaves a renewed grant alone, also when the code of the grant before was exchanged after its own', async () => {
      await world.pushTicket(platform);
      const account = world.account();
      const found = await world.get(Platforms).byId(platform.id);
      const [first, second] = [world.consent(platform, account, [1]), world.consent(platform, account, [7])];
      const exchange = (code: string, seconds: number) =>
        world.get(GrantExchange).exchange(found, { code, grantedAt: new Date(seconds * 1000) });
      await exchange(second, NOON + 100);
      const merchant = await exchange(first, NOON);
      await unauthorized(account.appid, NOON + 50);
      expect(await world.get(Merchants).byId(merchant.id)).toMatchObject({ state: 'authorized' });
    });

    it('goes by WeChat’s time of a grant that the redirect brought first', async () => {
      await world.pushTicket(platform);
      const account = world.account();
      const code = world.consent(platform, account);
      const found = await world.get(Platforms).byId(platform.id);
      // Our clock says today, WeChat's said noon: the news at noon + 10 is later than the grant.
      const merchant = await world.get(GrantExchange).exchange(found, { code });
      await push(authorized(code, account.appid), NOON);
      await processing().process((await newest()).id);
      await unauthorized(account.appid, NOON + 10);
      expect(await world.get(Merchants).byId(merchant.id)).toMatchObject({ state: 'unauthorized' });
    });
  });
});
