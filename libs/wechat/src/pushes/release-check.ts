import { buildXml, type XmlFields } from './xml.js';

// https://developers.weixin.qq.com/doc/oplatform/Third-party_Platforms/2.0/operation/thirdparty/releases_instructions.html

/**
 * Accounts with which WeChat checks a platform before it may be released to everybody (全网发布检测): five groups of an
 * Official account and a mini program, of which it takes one.
 */
const TEST_ACCOUNTS = new Set([
  'wx570bc396a51b8ff8',
  'wxd101a85aa106f53e',
  'wx9252c5e0bb1836fc',
  'wxc39235c15087f6f3',
  'wx8e1097c5bc82cde9',
  'wx7720d01d4b2a4500',
  'wx14550af28c71a144',
  'wx05d483572dcd5d8b',
  'wxa35b9c23cfe664eb',
  'wx5910277cae6fd970',
]);

const TEXT = 'TESTCOMPONENT_MSG_TYPE_TEXT';
const QUERY_AUTH_CODE = 'QUERY_AUTH_CODE:';

/**
 * The answer that the check expects to a message: a text in the answer itself, or one sent through the API for a code.
 */
export type ReleaseCheckTask = { task: 'reply'; text: string } | { task: 'send'; code: string; toUser: string };

/** Undefined for the messages of every other account, and for those of a test account that expect nothing. */
export function releaseCheckTask(authorizerAppid: string, message: XmlFields): ReleaseCheckTask | undefined {
  if (!TEST_ACCOUNTS.has(authorizerAppid)) return undefined;
  const { MsgType: type, Content: content, Event: event, FromUserName: from } = message;
  if (type === 'event' && typeof event === 'string') return { task: 'reply', text: `${event}from_callback` };
  if (type !== 'text' || typeof content !== 'string' || typeof from !== 'string') return undefined;
  if (content === TEXT) return { task: 'reply', text: `${TEXT}_callback` };
  if (!content.startsWith(QUERY_AUTH_CODE)) return undefined;
  return { task: 'send', code: content.slice(QUERY_AUTH_CODE.length), toUser: from };
}

/** The text that goes to the fan through `message/custom/send` for a `send` task. */
export const releaseCheckAnswer = (code: string): string => `${code}_from_api`;

/** A text message in answer to `message`, not yet sealed. */
export function textReply(message: XmlFields, text: string, createTime: number): string {
  const { ToUserName: account, FromUserName: fan } = message;
  return buildXml({
    ToUserName: typeof fan === 'string' ? fan : '',
    FromUserName: typeof account === 'string' ? account : '',
    CreateTime: createTime,
    MsgType: 'text',
    Content: text,
  });
}
