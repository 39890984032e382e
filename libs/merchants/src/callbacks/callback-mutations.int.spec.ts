import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { buildXml, decodeAesKey, encryptMessage, sealPush, type PushToSeal, type SealedPush } from '@app/wechat';
import { MerchantsWorld, type WorldPlatform } from '../../../../test/support/merchants-world.js';
import { CallbackInbox } from './callback-inbox.js';
import type { ReceivedPush } from './push-event.js';

const RUNS = 100_000;
/**
 * Garbage that has not been collected yet and caches of the runtime, but nothing that grows with the number of pushes.
 */
const ALLOWED_GROWTH_BYTES = 32 * 1024 * 1024;

const OTHER_AES_KEY = 'GFEDCBA9876543210zyxwvutsrqponmlkjihgfedcba';
const NOON = 1_780_000_000;
const now = Math.floor(Date.now() / 1000);
const ENCRYPT = /<Encrypt><!\[CDATA\[([^\]]*)\]\]><\/Encrypt>/;

type Forged = Pick<ReceivedPush, 'body' | 'query'>;

/**
 * Every reason but `unknown_platform`, for these pushes name one that exists, and `bad_payload`, which is for replies.
 */
const REFUSALS = ['not_xml', 'no_encrypt', 'bad_signature', 'undecryptable', 'wrong_appid'];

describe('a hundred thousand forged pushes', () => {
  let world: MerchantsWorld;
  let platform: WorldPlatform;

  beforeAll(async () => {
    world = await MerchantsWorld.start();
    platform = await world.platform({ hasTicket: false });
  });
  afterAll(() => world.close());

  /** A push of WeChat that was never delivered, with some part of its making changed. */
  function sealed(changes: Partial<PushToSeal> = {}): SealedPush {
    const { componentAppid, secrets } = platform;
    return sealPush({
      token: secrets.token,
      aesKey: decodeAesKey(secrets.encodingAesKey),
      appid: componentAppid,
      plaintext: buildXml({
        AppId: componentAppid,
        CreateTime: NOON,
        InfoType: 'component_verify_ticket',
        ComponentVerifyTicket: 'ticket@@@forged',
      }),
      timestamp: now,
      nonce: '1234567890',
      receiver: { AppId: componentAppid },
      ...changes,
    });
  }

  /**
   * Ways to make a push that WeChat did not make. The signature covers token, timestamp, nonce and ciphertext, in
   * sorted order, and nothing else: what leaves these four alone, such as white space around the elements, or timestamp
   * and nonce in each other's place, is the same push still and not among the mutations.
   */
  function forgeries(): fc.Arbitrary<Forged> {
    const { body, query } = sealed();
    const text = body.toString();
    const encrypt = ENCRYPT.exec(text)?.[1] ?? '';
    const encryptAt = text.indexOf(encrypt);
    const withBody = (changed: string | Buffer): Forged => ({ query, body: Buffer.from(changed) });
    const withQuery = (changes: Record<string, unknown>): Forged => ({ body, query: { ...query, ...changes } });
    const withEncrypt = (element: string): Forged => withBody(text.replace(ENCRYPT, () => element));
    const signedNames = fc.constantFrom('timestamp', 'nonce', 'msg_signature');

    const flippedBits = fc
      .uniqueArray(fc.tuple(fc.nat(encrypt.length - 1), fc.nat(7)), { minLength: 1, maxLength: 8, selector: String })
      .map((flips) => {
        const changed = Buffer.from(body);
        for (const [at, bit] of flips) changed[encryptAt + at] = (changed[encryptAt + at] ?? 0) ^ (1 << bit);
        return withBody(changed);
      });
    const truncatedBody = fc.nat(body.length - 1).map((length) => withBody(body.subarray(0, length)));
    const repeatedPart = fc
      .tuple(fc.nat(encrypt.length - 1), fc.integer({ min: 1, max: 64 }))
      .map(([at, length]) => encrypt.slice(0, at) + encrypt.slice(at, at + length) + encrypt.slice(at))
      .map((longer) => withEncrypt(`<Encrypt><![CDATA[${longer}]]></Encrypt>`));
    const randomBody = fc.uint8Array({ maxLength: 600 }).map((bytes) => withBody(Buffer.from(bytes)));
    const randomXml = fc
      .string({
        unit: fc.constantFrom('<', '>', '/', 'xml', 'Encrypt', '<![CDATA[', ']]>', '&', ';', '!', '"', 'a', ' '),
      })
      .map((inner) => withBody(`<xml>${inner}</xml>`));

    const changedQuery = fc
      .tuple(
        signedNames,
        fc.oneof(
          fc.string({ maxLength: 60 }),
          fc.array(fc.string(), { maxLength: 3 }),
          fc.constantFrom(undefined, null, 7, {}, ['1234567890']),
          fc.nat(9).map((length) => (query['timestamp'] ?? '').slice(0, length)),
        ),
      )
      .filter(([name, value]) => value !== query[name])
      .map(([name, value]) => withQuery({ [name]: value }));
    const swappedQuery = fc.constantFrom(
      withQuery({ msg_signature: query['signature'] }),
      withQuery({ msg_signature: query['nonce'], nonce: query['msg_signature'] }),
      withQuery({ msg_signature: query['timestamp'], timestamp: query['msg_signature'] }),
      withQuery({ msg_signature: query['msg_signature']?.toUpperCase() }),
      withQuery({ msg_signature: ` ${query['msg_signature']}` }),
      // Signed like the authentic one, since the parts are sorted, but with nothing in the place of the ciphertext.
      { ...withEncrypt(`<Encrypt>${query['nonce']}</Encrypt>`), query: { ...query, nonce: encrypt } },
    );

    const xmlGames = fc.constantFrom(
      withEncrypt(''),
      withEncrypt('<Encrypt></Encrypt>'),
      withEncrypt('<Encrypt/>'),
      withEncrypt(`<encrypt>${encrypt}</encrypt>`),
      withEncrypt(`<Encrypt>${encrypt}</Encrypt><Encrypt>${encrypt}</Encrypt>`),
      withEncrypt(`<Encrypt><Encrypt>${encrypt}</Encrypt></Encrypt>`),
      withEncrypt(`<Encrypt>&payload;</Encrypt>`),
      withEncrypt(`<Encrypt>&#0;${encrypt}</Encrypt>`),
      withEncrypt(`<Encrypt><![CDATA[${encrypt}</Encrypt>`),
      withEncrypt(`<__proto__>${encrypt}</__proto__>`),
      withEncrypt(`${'<a>'.repeat(500)}${encrypt}${'</a>'.repeat(500)}`),
      withBody(`<!DOCTYPE xml [<!ENTITY payload "${encrypt}">]>${text}`),
      withBody(`<!DOCTYPE xml SYSTEM "file:///etc/passwd">${text}`),
      withBody(text.replaceAll('xml>', 'html>')),
      withBody(`${text}${text}`),
      withBody(JSON.stringify({ Encrypt: encrypt })),
      withBody(Buffer.from(text, 'utf16le')),
      withBody(Buffer.concat([body, Buffer.from([0xff, 0xfe])])),
      withBody(''),
    );

    const word = fc.string({ minLength: 1, maxLength: 40 });
    const madeElsewhere = fc.oneof(
      word.filter((token) => token !== platform.secrets.token).map((token) => sealed({ token })),
      // From here on by somebody who knows the token.
      fc.constant(sealed({ aesKey: decodeAesKey(OTHER_AES_KEY) })),
      word.map((appid) => sealed({ appid })),
      word.map((plaintext) => sealed({ plaintext, appid: 'wxother' })),
      fc.constant({
        body: Buffer.from(buildXml({ Encrypt: encryptedOnly('<xml><InfoType>x</InfoType></xml>') })),
        query,
      }),
    );
    return fc.oneof(
      { arbitrary: flippedBits, weight: 4 },
      { arbitrary: changedQuery, weight: 3 },
      truncatedBody,
      repeatedPart,
      randomBody,
      randomXml,
      swappedQuery,
      xmlGames,
      madeElsewhere,
    );
  }

  const encryptedOnly = (plaintext: string) =>
    encryptMessage({
      aesKey: decodeAesKey(platform.secrets.encodingAesKey),
      appid: platform.componentAppid,
      plaintext,
    });

  const state = () =>
    world.sql(
      `SELECT (SELECT count(*) FROM callback_events) AS events, (SELECT count(*) FROM merchants) AS merchants,
         (SELECT count(*) FROM callback_forwards) AS forwards, p.ticket_sealed, p.updated_at FROM platforms p`,
    );

  async function sendForgeries(numRuns: number): Promise<Record<string, number>> {
    const refused: Record<string, number> = {};
    const inbox = world.get(CallbackInbox);
    const { componentAppid } = platform;
    await fc.assert(
      fc.asyncProperty(forgeries(), fc.boolean(), async ({ body, query }, isMessage) => {
        const channel = isMessage
          ? ({ channel: 'message', authorizerAppid: 'wx00000000000000aa' } as const)
          : ({ channel: 'authorization' } as const);
        const raw = { rawQuery: '', contentType: 'text/xml', requestId: 'test' };
        const receipt = await inbox.receive({ componentAppid, body, query, ...channel, ...raw });
        if (receipt.accepted) throw new Error('a forged push was accepted');
        refused[receipt.reason] = (refused[receipt.reason] ?? 0) + 1;
      }),
      { numRuns },
    );
    return refused;
  }

  function usedHeapBytes(): number {
    setFlagsFromString('--expose_gc');
    // Only a context made after the flag has the function.
    const collectGarbage = runInNewContext('gc') as () => void;
    collectGarbage();
    return process.memoryUsage().heapUsed;
  }

  it('are all refused, crash nothing, leave no row and no memory behind', async () => {
    const before = await state();
    const first = await sendForgeries(RUNS / 2);
    const halfWay = usedHeapBytes();
    const second = await sendForgeries(RUNS / 2);
    expect(usedHeapBytes() - halfWay).toBeLessThan(ALLOWED_GROWTH_BYTES);

    expect(await state()).toEqual(before);
    // The mutations reach every check, not only the first.
    expect(Object.keys({ ...first, ...second }).sort()).toEqual([...REFUSALS].sort());
    const counts = [first, second].flatMap((refused) => Object.values(refused));
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(RUNS);
  });

  it('do not keep an authentic one out', async () => {
    const { body, query } = sealed();
    const raw = { rawQuery: '', contentType: 'text/xml', requestId: 'test' };
    const push = { componentAppid: platform.componentAppid, channel: 'authorization', body, query, ...raw } as const;
    expect(await world.get(CallbackInbox).receive(push)).toMatchObject({ accepted: true, isDuplicate: false });
  });
});
