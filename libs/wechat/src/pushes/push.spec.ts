import fc from 'fast-check';
import { cryptoVectors } from '../../../../test/vectors/crypto-vectors.js';
import { decodeAesKey } from './envelope.js';
import { openPush, openReply, sealPush, sealReply } from './push.js';
import { messageSignature } from './signature.js';
import { buildXml } from './xml.js';

const aesKey = decodeAesKey('abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG');
const otherKey = decodeAesKey('0123456789012345678901234567890123456789012');
const token = 'pamtest';
const appid = 'wxb11529c136998cb6';
const plaintext = '<xml><InfoType><![CDATA[unauthorized]]></InfoType></xml>';
const message = { aesKey, token, appid, plaintext, timestamp: 1436876197, nonce: '1879066412' };
const keys = { token, aesKeys: [aesKey], appid };

/** A body with any ciphertext, signed with our token: what only someone who knows the token could send. */
function signed(encrypt: string) {
  const query = { timestamp: '1', nonce: '2', msg_signature: messageSignature(token, '1', '2', encrypt) };
  return { body: Buffer.from(buildXml({ AppId: appid, Encrypt: encrypt })), query };
}

describe('openPush', () => {
  it('opens a real push of WeChat', () => {
    const v = cryptoVectors.find(({ id }) => id === 'V1');
    const opened = openPush({
      body: Buffer.from(
        `<xml>\n    <AppId><![CDATA[${v?.appid_in_ciphertext}]]></AppId>\n    <Encrypt><![CDATA[${v?.encrypt}]]></Encrypt>\n</xml>\n`,
      ),
      query: { timestamp: v?.timestamp, nonce: v?.nonce, msg_signature: v?.msg_signature },
      token: v?.token ?? '',
      aesKeys: [decodeAesKey(v?.encoding_aes_key ?? '')],
      appid: v?.appid_in_ciphertext ?? '',
    });
    expect(opened).toMatchObject({
      ok: true,
      plaintext: v?.plaintext,
      fields: {
        AppId: 'wxbbd3f07e2945cf2a',
        CreateTime: '1436876196',
        InfoType: 'unauthorized',
        AuthorizerAppid: 'wx570bc396a51b8ff8',
      },
    });
  });

  it.each([{ AppId: appid }, { ToUserName: 'gh_3c884a361561' }])('opens what sealPush sealed for %j', (receiver) => {
    const push = sealPush({ ...message, receiver });
    expect(openPush({ ...push, ...keys })).toEqual({
      ok: true,
      fields: { InfoType: 'unauthorized' },
      plaintext,
      aesKey,
    });
  });

  it('falls back to the previous key and tells which one worked', () => {
    const push = sealPush({ ...message, receiver: { AppId: appid } });
    const opened = openPush({ ...push, ...keys, aesKeys: [otherKey, aesKey] });
    expect(opened).toMatchObject({ ok: true, aesKey });
  });

  it.each([
    ['not_xml', 'text', Buffer.from('success')],
    ['not_xml', 'nothing', Buffer.alloc(0)],
    ['not_xml', 'bytes that are not UTF-8', Buffer.from([0x3c, 0xff, 0xfe])],
    ['not_xml', 'a DOCTYPE', Buffer.from('<!DOCTYPE xml [<!ENTITY a "b">]><xml><Encrypt>&a;</Encrypt></xml>')],
    ['no_encrypt', 'a push in plain mode', Buffer.from('<xml><InfoType>x</InfoType></xml>')],
    ['no_encrypt', 'an empty Encrypt', Buffer.from('<xml><Encrypt/></xml>')],
    ['no_encrypt', 'two of them', Buffer.from('<xml><Encrypt>a</Encrypt><Encrypt>b</Encrypt></xml>')],
    ['no_encrypt', 'a nested one', Buffer.from('<xml><Encrypt><A>b</A></Encrypt></xml>')],
  ])('refuses as %s: %s', (reason, _, body) => {
    const { query } = sealPush({ ...message, receiver: { AppId: appid } });
    expect(openPush({ body, query, ...keys })).toEqual({ ok: false, reason });
  });

  it.each([
    ['missing', undefined],
    ['empty', ''],
    ['repeated', ['a', 'b']],
    ['someone else’s', '0'.repeat(40)],
  ])('refuses a signature that is %s', (_, msg_signature) => {
    const push = sealPush({ ...message, receiver: { AppId: appid } });
    const opened = openPush({ body: push.body, query: { ...push.query, msg_signature }, ...keys });
    expect(opened).toEqual({ ok: false, reason: 'bad_signature' });
  });

  it('does not take the plain signature for the one over the message', () => {
    const push = sealPush({ ...message, receiver: { AppId: appid } });
    const query = { ...push.query, msg_signature: push.query['signature'] };
    expect(openPush({ body: push.body, query, ...keys })).toEqual({ ok: false, reason: 'bad_signature' });
  });

  it.each(['timestamp', 'nonce'])('refuses another %s', (name) => {
    const push = sealPush({ ...message, receiver: { AppId: appid } });
    const query = { ...push.query, [name]: '1' };
    expect(openPush({ body: push.body, query, ...keys })).toEqual({ ok: false, reason: 'bad_signature' });
  });

  it('refuses any changed byte of ciphertext or signature', () => {
    const push = sealPush({ ...message, receiver: { AppId: appid } });
    const body = push.body.toString('latin1');
    const start = body.indexOf('<Encrypt><![CDATA[') + '<Encrypt><![CDATA['.length;
    const length = body.indexOf(']]></Encrypt>') - start;
    const mask = fc.integer({ min: 1, max: 255 });
    fc.assert(
      fc.property(fc.nat(length - 1), mask, (at, bits) => {
        const changed = Buffer.from(push.body);
        changed.writeUInt8(changed.readUInt8(start + at) ^ bits, start + at);
        expect(openPush({ body: changed, query: push.query, ...keys }).ok).toBe(false);
      }),
    );
    fc.assert(
      fc.property(fc.nat(39), mask, (at, bits) => {
        const changed = Buffer.from(push.query['msg_signature'] ?? '', 'latin1');
        changed.writeUInt8(changed.readUInt8(at) ^ bits, at);
        const query = { ...push.query, msg_signature: changed.toString('latin1') };
        expect(openPush({ body: push.body, query, ...keys })).toEqual({ ok: false, reason: 'bad_signature' });
      }),
    );
  });

  it('refuses a push cut at any point', () => {
    const push = sealPush({ ...message, receiver: { AppId: appid } });
    for (let length = 0; length < push.body.length; length += 7) {
      expect(openPush({ body: push.body.subarray(0, length), query: push.query, ...keys }).ok).toBe(false);
    }
  });

  it('refuses what is signed with our token but sealed under another key', () => {
    const push = sealPush({
      ...message,
      aesKey: otherKey,
      random16: Buffer.alloc(16, 'r'),
      receiver: { AppId: appid },
    });
    expect(openPush({ ...push, ...keys })).toEqual({ ok: false, reason: 'undecryptable' });
    expect(openPush({ ...signed('AAAA'), ...keys })).toEqual({ ok: false, reason: 'undecryptable' });
  });

  it('refuses what is sealed for another platform', () => {
    const push = sealPush({ ...message, appid: 'wxother', receiver: { AppId: appid } });
    expect(openPush({ ...push, ...keys })).toEqual({ ok: false, reason: 'wrong_appid' });
  });

  const bytes = (...parts: (string | number[])[]) => Buffer.concat(parts.map((part) => Buffer.from(part as string)));
  const cut = [0xe6, 0xb8];

  it.each<[string, string | Buffer, string]>([
    ['nothing', '', 'empty'],
    ['blanks', ' \n', 'empty'],
    ['JSON', '{"a":1}', 'not_xml'],
    ['another root', '<html></html>', 'not_xml'],
    ['a text that breaks off inside a character', bytes('<xml><Content><![CDATA[清', cut), 'not_xml'],
    ['nothing but bytes', Buffer.from([0xff, 0xfe, 0x00, 0x80]), 'not_xml'],
    ['a bare ampersand', '<xml><A>a & b</A></xml>', 'not_xml'],
    ['a DOCTYPE', '<!DOCTYPE xml><xml><A>1</A></xml>', 'not_xml'],
    ['entities', '<!DOCTYPE xml [<!ENTITY a "b">]><xml><A>&a;</A></xml>', 'not_xml'],
    ['a name of JavaScript’s own', '<xml><__proto__><a>1</a></__proto__></xml>', 'not_xml'],
    ['deep nesting', `<xml>${'<A>'.repeat(40)}${'</A>'.repeat(40)}</xml>`, 'not_xml'],
  ])('does not call a forgery what is signed and sealed and holds %s', (_, text, flaw) => {
    const opened = openPush({ ...sealPush({ ...message, plaintext: text, receiver: { AppId: appid } }), ...keys });
    expect(opened).toMatchObject({ ok: true, flaw });
    expect(opened.ok && Object.keys(opened.fields)).toEqual([]);
  });

  it('reads what stands beside a text that ends inside a character', () => {
    const text = bytes('<xml><MsgType>text</MsgType><Content><![CDATA[清', cut, ']]></Content><MsgId>7</MsgId></xml>');
    expect(
      openPush({ ...sealPush({ ...message, plaintext: text, receiver: { AppId: appid } }), ...keys }),
    ).toMatchObject({
      ok: true,
      flaw: 'not_utf8',
      fields: { MsgType: 'text', Content: '清\ufffd', MsgId: '7' },
    });
  });

  it('reads control characters, NUL among them, and a lost character that is one', () => {
    const text = '<xml><A><![CDATA[\u0014\u0000\ufffd]]></A><B>&#0;</B></xml>';
    const opened = openPush({ ...sealPush({ ...message, plaintext: text, receiver: { AppId: appid } }), ...keys });
    expect(opened).toMatchObject({ ok: true, fields: { A: '\u0014\ufffd\ufffd', B: '\ufffd' } });
    expect(opened).not.toHaveProperty('flaw');
  });

  it('still refuses bytes that nobody signed, that are sealed for another, or of another key', () => {
    const text = Buffer.from([0xff]);
    const open = (changes: Partial<Parameters<typeof sealPush>[0]>) =>
      openPush({ ...sealPush({ ...message, plaintext: text, receiver: { AppId: appid }, ...changes }), ...keys });
    expect(open({ token: 'guessed' })).toEqual({ ok: false, reason: 'bad_signature' });
    expect(open({ appid: 'wxother' })).toEqual({ ok: false, reason: 'wrong_appid' });
    expect(open({ aesKey: otherKey, random16: Buffer.alloc(16, 'r') })).toEqual({ ok: false, reason: 'undecryptable' });
  });

  it('opens a push whose envelope has bytes that are no characters', () => {
    const push = sealPush({ ...message, receiver: { ToUserName: 'gh_@@' } });
    const body = Buffer.concat(
      push.body
        .toString()
        .split('@@')
        .flatMap((part, i) => [...(i ? [Buffer.from(cut)] : []), Buffer.from(part)]),
    );
    expect(openPush({ body, query: push.query, ...keys })).toMatchObject({ ok: true, plaintext });
  });

  it('answers a large push', () => {
    const content = '中'.repeat(300_000);
    const push = sealPush({ ...message, plaintext: buildXml({ Content: content }), receiver: { AppId: appid } });
    expect(openPush({ ...push, ...keys })).toMatchObject({ ok: true, fields: { Content: content } });
  });
});

describe('sealPush', () => {
  it('carries the query WeChat sends', () => {
    const { query } = sealPush({ ...message, receiver: { ToUserName: 'gh_1' }, openid: 'o1' });
    expect(query).toEqual({
      signature: expect.stringMatching(/^[0-9a-f]{40}$/),
      timestamp: '1436876197',
      nonce: '1879066412',
      openid: 'o1',
      encrypt_type: 'aes',
      msg_signature: expect.stringMatching(/^[0-9a-f]{40}$/),
    });
  });
});

describe('sealReply', () => {
  const v = cryptoVectors.find(({ id }) => id === 'V8b');
  const official = {
    aesKey: decodeAesKey(v?.encoding_aes_key ?? ''),
    token: v?.token ?? '',
    appid: v?.appid_in_ciphertext ?? '',
    plaintext: v?.plaintext ?? '',
    timestamp: Number(v?.timestamp),
    nonce: v?.nonce ?? '',
    random16: Buffer.from(v?.random16 ?? ''),
  };

  it('writes the official sample reply', () => {
    expect(sealReply(official)).toBe(
      `<xml><Encrypt><![CDATA[${v?.encrypt}]]></Encrypt><MsgSignature><![CDATA[${v?.msg_signature}]]></MsgSignature><TimeStamp>${v?.timestamp}</TimeStamp><Nonce><![CDATA[${v?.nonce}]]></Nonce></xml>`,
    );
  });

  it('is opened by the receiver of the reply', () => {
    const body = Buffer.from(sealReply(message));
    expect(openReply({ body, ...keys })).toMatchObject({ ok: true, plaintext });
    expect(openReply({ body, ...keys, token: 'other' })).toEqual({ ok: false, reason: 'bad_signature' });
    expect(openReply({ body: Buffer.from('success'), ...keys })).toEqual({ ok: false, reason: 'not_xml' });
    for (const text of ['{"a":1}', '', Buffer.from('<xml><A>\xff</A></xml>', 'latin1')]) {
      const odd = Buffer.from(sealReply({ ...message, plaintext: text }));
      expect(openReply({ body: odd, ...keys })).toEqual({ ok: false, reason: 'bad_payload' });
    }
  });
});
