import fc from 'fast-check';
import { cryptoVectors } from '../../../test/vectors/crypto-vectors.js';
import { decodeAesKey, encryptMessage } from './envelope.js';
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

  it('refuses a payload that is not XML', () => {
    const encrypt = encryptMessage({ aesKey, appid, plaintext: '{"a":1}' });
    expect(openPush({ ...signed(encrypt), ...keys })).toEqual({ ok: false, reason: 'bad_payload' });
  });

  it('refuses a DOCTYPE inside the ciphertext too', () => {
    const encrypt = encryptMessage({ aesKey, appid, plaintext: '<!DOCTYPE xml><xml><A>1</A></xml>' });
    expect(openPush({ ...signed(encrypt), ...keys })).toEqual({ ok: false, reason: 'bad_payload' });
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
  });
});
