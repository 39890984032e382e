import type { XmlInputFields } from '@app/wechat';
import type { Authorized } from '../state/authorizations.js';
import type { MassMessages } from '../state/mass-messages.js';
import type { MassMessage, Merchant, Platform } from '../state/world.js';

// Authorization events:
// https://developers.weixin.qq.com/doc/oplatform/Third-party_Platforms/2.0/api/Before_Develop/authorize_event.html
// All times are seconds.

export const ticketEvent = (platform: Platform, ticket: string, now: number): XmlInputFields => ({
  AppId: platform.componentAppid,
  CreateTime: now,
  InfoType: 'component_verify_ticket',
  ComponentVerifyTicket: ticket,
});

export const authorizedEvent = ({ grant, authCode, preAuthCode, change }: Authorized, now: number): XmlInputFields => ({
  AppId: grant.platform.componentAppid,
  CreateTime: now,
  InfoType: change,
  AuthorizerAppid: grant.merchant.appid,
  AuthorizationCode: authCode.value,
  AuthorizationCodeExpiredTime: Math.floor(authCode.expiresAt / 1000),
  PreAuthCode: preAuthCode.value,
});

export const unauthorizedEvent = (platform: Platform, authorizerAppid: string, now: number): XmlInputFields => ({
  AppId: platform.componentAppid,
  CreateTime: now,
  InfoType: 'unauthorized',
  AuthorizerAppid: authorizerAppid,
});

export const textMessage = (
  merchant: Merchant,
  openid: string,
  content: string,
  msgId: bigint,
  now: number,
): XmlInputFields => ({
  ToUserName: merchant.userName,
  FromUserName: openid,
  CreateTime: now,
  MsgType: 'text',
  Content: content,
  MsgId: msgId,
});

export const locationEvent = (merchant: Merchant, openid: string, now: number): XmlInputFields => ({
  ToUserName: merchant.userName,
  FromUserName: openid,
  CreateTime: now,
  MsgType: 'event',
  Event: 'LOCATION',
  Latitude: '23.137466',
  Longitude: '113.352425',
  Precision: '119.385040',
});

/**
 * The end of a mass send.
 * https://developers.weixin.qq.com/doc/offiaccount/Message_Management/Batch_Sends_and_Originality_Checks.html
 */
export function massSendJobFinish(
  merchant: Merchant,
  message: MassMessage,
  status: string,
  openid: string,
  massMessages: MassMessages,
  now: number,
): XmlInputFields {
  const isSent = status === 'send success';
  const { material, msgId } = message;
  const pages =
    isSent && material
      ? material.articles.map((_, i) => ({
          ArticleIdx: i + 1,
          ArticleUrl: massMessages.articleUrl(merchant, material, i + 1),
        }))
      : [];
  return {
    ToUserName: merchant.userName,
    FromUserName: openid,
    CreateTime: now,
    MsgType: 'event',
    Event: 'MASSSENDJOBFINISH',
    MsgID: msgId,
    Status: status,
    TotalCount: merchant.fans,
    FilterCount: isSent ? merchant.fans : 0,
    SentCount: isSent ? merchant.fans : 0,
    ErrorCount: 0,
    CopyrightCheckResult: { Count: 0, ResultList: {}, CheckState: isSent ? 1 : 0 },
    ArticleUrlResult: { Count: pages.length, ResultList: pages.length > 0 ? { item: pages } : {} },
  };
}
