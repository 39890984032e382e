import { fingerprint, withoutSecrets, type Call } from '../state/call-log.js';
import type { MassMessages } from '../state/mass-messages.js';
import type { CustomMessage, Grant, MassMessage, Merchant, Platform } from '../state/world.js';
import type { Push } from '../push/pusher.js';

// What the control API shows. Message ids are decimal text, moments are ISO 8601.

const moment = (at: number) => new Date(at).toISOString();

/** With its secrets: whoever runs a simulator needs them to point a client at it. */
export const platformView = (platform: Platform) => ({
  component_appid: platform.componentAppid,
  app_secret: platform.appSecret,
  token: platform.token,
  encoding_aes_key: platform.encodingAesKey,
  events_url: platform.eventsUrl ?? null,
  messages_url: platform.messagesUrl ?? null,
  launch_domain: platform.launchDomain ?? null,
  ip_list: platform.ipList ?? null,
  permission_sets: platform.permissionSets,
  is_published: platform.isPublished,
  test_accounts: platform.testAccounts,
  is_ticket_pushed: platform.isTicketPushed,
  has_ticket: platform.ticket !== undefined,
  authorizers: [...platform.grants.values()].filter((grant) => grant.isActive).length,
});

export const merchantView = (merchant: Merchant) => ({
  appid: merchant.appid,
  user_name: merchant.userName,
  kind: merchant.kind,
  nick_name: merchant.nickName,
  alias: merchant.alias,
  head_img: merchant.headImg,
  principal_name: merchant.principalName,
  signature: merchant.signature,
  service_type: merchant.serviceType,
  verify_type: merchant.verifyType,
  account_status: merchant.accountStatus,
  has_api_rights: merchant.hasApiRights,
  denied_operations: [...merchant.deniedOperations],
  has_changed_password: merchant.hasChangedPassword,
  consent: merchant.consent ?? null,
  fans: merchant.fans,
  send_status: merchant.sendStatus,
  messages: merchant.messages.size,
});

export const grantView = (grant: Grant) => ({
  component_appid: grant.platform.componentAppid,
  authorizer_appid: grant.merchant.appid,
  permission_sets: grant.permissionSets,
  authorized_at: moment(grant.authorizedAt),
  is_active: grant.isActive,
  is_exchanged: grant.isExchanged,
  refresh_token: fingerprint(grant.refreshToken),
  access_tokens: grant.accessTokens.map((token) => ({
    token: fingerprint(token.value),
    expires_at: moment(token.expiresAt),
  })),
});

export const messageView = (merchant: Merchant, message: MassMessage, massMessages: MassMessages) => ({
  authorizer_appid: merchant.appid,
  msg_id: String(message.msgId),
  kind: message.kind,
  is_to_all: message.isToAll,
  is_api_sent: message.isApiSent,
  status: massMessages.statusOf(message),
  sent_at: moment(message.sentAt),
  media_id: message.material?.mediaId ?? null,
  msg_data_id: message.material?.mid ?? null,
  articles: (message.material?.articles ?? []).map((article, i) => ({
    article_idx: i + 1,
    title: article.title,
    url: message.material && massMessages.articleUrl(merchant, message.material, i + 1),
    is_deleted: article.isDeleted,
    is_rumour: article.isRumour,
  })),
  delete_calls: message.deleteCalls,
  delete_effects: message.deleteEffects,
});

export const callView = (call: Call) => ({
  seq: call.seq,
  at: moment(call.at),
  operation: call.operation,
  method: call.method,
  path: call.path,
  component_appid: call.componentAppid ?? null,
  authorizer_appid: call.authorizerAppid ?? null,
  token: call.token === undefined ? null : fingerprint(call.token),
  client_ip: call.clientIp,
  request: withoutSecrets(call.requestBody) ?? null,
  http_status: call.httpStatus ?? null,
  errcode: call.errcode ?? null,
  response: withoutSecrets(call.responseBody) ?? null,
  rid: call.rid === '' ? null : call.rid,
  latency_ms: Math.round(call.latencyMs * 1000) / 1000,
  fault: call.fault ?? null,
});

export const pushView = (push: Push) => ({
  id: push.id,
  at: moment(push.at),
  kind: push.kind,
  component_appid: push.componentAppid,
  authorizer_appid: push.authorizerAppid ?? null,
  url: push.url,
  state: push.state,
  attempts: push.attempts.map(({ at, latencyMs, verdict }) => ({ at: moment(at), latency_ms: latencyMs, verdict })),
  reply: push.reply ?? null,
});

export const customMessageView = ({ at, appid, touser, msgtype, text }: CustomMessage) => ({
  at: moment(at),
  authorizer_appid: appid,
  touser,
  msgtype,
  text,
});
