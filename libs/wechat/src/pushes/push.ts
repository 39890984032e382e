import { decryptMessage, encryptMessage, EnvelopeError, type DecryptedMessage } from './envelope.js';
import { messageSignature, plainSignature, signatureMatches } from './signature.js';
import { buildXml, parseXml, XmlError, type XmlFields } from './xml.js';

// Pushes: https://developers.weixin.qq.com/doc/oplatform/Third-party_Platforms/2.0/api/Before_Develop/message_push.html

/**
 * Why a push or reply was not accepted.
 * - `not_xml`: the body is not `<xml>…</xml>`
 * - `no_encrypt`: it has no single `Encrypt` (third-party platforms have only the encrypted mode)
 * - `bad_signature`: `msg_signature` is missing or does not match; nothing was decrypted
 * - `undecryptable`: signed with our token, but none of our keys opens it
 * - `wrong_appid`: sealed for another platform
 * - `bad_payload`: of replies only, what was inside is not `<xml>…</xml>` in UTF-8
 */
export type PushRefusal = 'not_xml' | 'no_encrypt' | 'bad_signature' | 'undecryptable' | 'wrong_appid' | 'bad_payload';

/**
 * The fault in the text of a push that is WeChat's without doubt.
 * - `empty`: there is none
 * - `not_xml`: it is not `<xml>…</xml>`, or holds what is never read, such as a DOCTYPE
 * - `not_utf8`: some bytes are no characters; U+FFFD stands for them in the fields
 */
export type PushFlaw = 'empty' | 'not_xml' | 'not_utf8';

export type OpenedPush =
  | {
      ok: true;
      /** None if the push is `empty` or `not_xml`. */
      fields: XmlFields;
      plaintext: string;
      flaw?: PushFlaw;
      /** The key that worked: reply with it. */
      aesKey: Buffer;
    }
  | { ok: false; reason: PushRefusal };

interface OpeningKeys {
  token: string;
  /** Current first, then the previous one, so that a key change loses no push. */
  aesKeys: readonly Buffer[];
  /** The component's appid: the ciphertext carries it on both URLs. */
  appid: string;
}

export interface PushToOpen extends OpeningKeys {
  /** Raw body. Limit its size at the HTTP door. */
  body: Buffer;
  /** The parameters as the query brought them: anything but one string each is a bad signature. */
  query: { timestamp?: unknown; nonce?: unknown; msg_signature?: unknown };
}

/**
 * Verifies, then decrypts, then parses a push of WeChat. A push that is not WeChat's is a result, not an exception; one
 * that is WeChat's and cannot be read is no forgery, but has a flaw.
 */
export function openPush({ body, query, ...keys }: PushToOpen): OpenedPush {
  const outer = readBody(body);
  if (!outer) return { ok: false, reason: 'not_xml' };
  return openSealed(outer['Encrypt'], query.timestamp, query.nonce, query.msg_signature, keys);
}

export interface ReplyToOpen extends OpeningKeys {
  body: Buffer;
}

/** The other end of sealReply: what WeChat does with the answer to a push. */
export function openReply({ body, ...keys }: ReplyToOpen): OpenedPush {
  const outer = readBody(body);
  if (!outer) return { ok: false, reason: 'not_xml' };
  const opened = openSealed(outer['Encrypt'], outer['TimeStamp'], outer['Nonce'], outer['MsgSignature'], keys);
  return opened.ok && opened.flaw ? { ok: false, reason: 'bad_payload' } : opened;
}

interface MessageToSeal {
  aesKey: Buffer;
  token: string;
  /** The component's appid. */
  appid: string;
  /** Bytes where they shall not be UTF-8. */
  plaintext: string | Buffer;
  /** Seconds. */
  timestamp: number;
  nonce: string;
  /** 16 bytes, only to reproduce a known ciphertext. */
  random16?: Buffer;
}

export interface PushToSeal extends MessageToSeal {
  /** Authorization events carry `AppId` (the component's), messages and events `ToUserName` (the account's gh_ id). */
  receiver: { AppId: string } | { ToUserName: string };
  /** The sender, on the message URL only. */
  openid?: string;
}

export interface SealedPush {
  body: Buffer;
  query: Record<string, string>;
}

/** A push as WeChat makes it. */
export function sealPush(push: PushToSeal): SealedPush {
  const { token, nonce, receiver, openid } = push;
  const timestamp = String(push.timestamp);
  const encrypt = encryptMessage(push);
  return {
    body: Buffer.from(buildXml({ ...receiver, Encrypt: encrypt })),
    query: {
      signature: plainSignature(token, timestamp, nonce),
      timestamp,
      nonce,
      ...(openid === undefined ? {} : { openid }),
      encrypt_type: 'aes',
      msg_signature: messageSignature(token, timestamp, nonce, encrypt),
    },
  };
}

/** The encrypted answer to a push, as XML. Timestamp and nonce may be those of the push. */
export function sealReply(reply: MessageToSeal): string {
  const encrypt = encryptMessage(reply);
  return buildXml({
    Encrypt: encrypt,
    MsgSignature: messageSignature(reply.token, String(reply.timestamp), reply.nonce, encrypt),
    TimeStamp: reply.timestamp,
    Nonce: reply.nonce,
  });
}

/** The signature covers `Encrypt`: bytes beside it that are no characters do no harm. */
const readBody = (body: Buffer): XmlFields | undefined => tryParse(new TextDecoder().decode(body));

function openSealed(
  encrypt: unknown,
  timestamp: unknown,
  nonce: unknown,
  signature: unknown,
  { token, aesKeys, appid }: OpeningKeys,
): OpenedPush {
  if (typeof encrypt !== 'string' || encrypt === '') return { ok: false, reason: 'no_encrypt' };
  if (typeof timestamp !== 'string' || typeof nonce !== 'string' || typeof signature !== 'string') {
    return { ok: false, reason: 'bad_signature' };
  }
  if (!signatureMatches(messageSignature(token, timestamp, nonce, encrypt), signature)) {
    return { ok: false, reason: 'bad_signature' };
  }

  // A wrong key now and then yields something that looks like a message, so the appid decides between keys too.
  const opened = aesKeys.map((aesKey) => ({ aesKey, message: tryDecrypt(aesKey, encrypt) }));
  const ours = opened.find(({ message }) => message?.appid === appid);
  if (!ours?.message) {
    return { ok: false, reason: opened.some(({ message }) => message) ? 'wrong_appid' : 'undecryptable' };
  }
  const { plaintext, isLossy } = ours.message;
  const fields = tryParse(plaintext);
  const flaw = fields ? (isLossy ? 'not_utf8' : undefined) : plaintext.trim() === '' ? 'empty' : 'not_xml';
  return {
    ok: true,
    fields: fields ?? (Object.create(null) as XmlFields),
    plaintext,
    ...(flaw && { flaw }),
    aesKey: ours.aesKey,
  };
}

function tryDecrypt(aesKey: Buffer, encrypt: string): DecryptedMessage | undefined {
  try {
    return decryptMessage(aesKey, encrypt);
  } catch (error) {
    if (error instanceof EnvelopeError && error.code !== 'aes_key_invalid') return undefined;
    throw error;
  }
}

function tryParse(text: string): XmlFields | undefined {
  try {
    return parseXml(text);
  } catch (error) {
    if (error instanceof XmlError) return undefined;
    throw error;
  }
}
