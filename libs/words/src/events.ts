import type { Words } from './language.js';

/** The types of events. */
export const eventTypeWords = {
  'merchant.authorized': { zh: '商家已授权', en: 'A merchant authorized' },
  'merchant.unauthorized': { zh: '商家取消了授权', en: 'A merchant took its authorization back' },
  'merchant.reauthorization_required': { zh: '商家需要重新授权', en: 'A merchant has to authorize again' },
  'merchant.eligibility_changed': { zh: '商家能否撤回有变化', en: 'A merchant’s eligibility changed' },
  'merchant.token_conflict': {
    zh: '另一个系统也在获取该商家的令牌',
    en: 'Another system mints tokens of a merchant as well',
  },
  'platform.ticket_silent': { zh: '平台半小时没有收到票据', en: 'A platform got no ticket for half an hour' },
  'platform.drift_found': {
    zh: '授权列表与微信不一致，已更正',
    en: 'The list of authorizers differed from WeChat’s and was mended',
  },
  'platform.held': { zh: '平台的撤回已暂停', en: 'A platform’s deletions are held' },
  'platform.resumed': { zh: '平台的撤回已恢复', en: 'A platform’s deletions are resumed' },
  'deletion.succeeded': { zh: '撤回成功', en: 'A deletion succeeded' },
  'deletion.failed': { zh: '撤回失败', en: 'A deletion failed' },
  'deletion.cancelled': { zh: '撤回已取消', en: 'A deletion was cancelled' },
  'deletion.verified': { zh: '微信确认已删除', en: 'WeChat showed that a message is gone' },
  'takedown.created': { zh: '撤回任务已创建', en: 'A takedown was created' },
  'takedown.finished': { zh: '撤回任务已完成', en: 'A takedown finished' },
  'takedown.cancelled': { zh: '撤回任务已停止', en: 'A takedown was cancelled' },
  'webhook.disabled': { zh: '推送地址已停用', en: 'A webhook endpoint was disabled' },
} as const satisfies Record<string, Words>;

/** The states of a webhook endpoint. */
export const endpointStateWords = {
  enabled: { zh: '启用', en: 'Enabled' },
  disabled: { zh: '停用', en: 'Disabled' },
} as const satisfies Record<string, Words>;

/** The reasons for which an endpoint is disabled. */
export const endpointDisabledWords = {
  failing: { zh: '整整一天没有一次送达，已自动停用。', en: 'Nothing got through for a whole day.' },
  gone: { zh: '接收方答复 410（已不存在），已自动停用。', en: 'The receiver answered 410: it is gone.' },
  request: { zh: '由管理员停用。', en: 'An admin disabled it.' },
} as const satisfies Record<string, Words>;

/** The states of a delivery. */
export const deliveryStateWords = {
  pending: { zh: '正在送达', en: 'On its way' },
  delivered: { zh: '已送达', en: 'Delivered' },
  failed: { zh: '未送达', en: 'Not delivered' },
} as const satisfies Record<string, Words>;

/** The reasons for which an attempt had no answer. Node and TLS have more codes than these. */
export const deliveryErrorWords: Readonly<Record<string, Words>> = {
  timeout: { zh: '十秒内没有答复', en: 'No answer within ten seconds' },
  no_answer: { zh: '没有答复', en: 'No answer' },
  private_address: { zh: '地址在内网，不允许推送', en: 'The address is a private one, which is not allowed' },
  endpoint_disabled: { zh: '推送地址已停用', en: 'The endpoint was disabled' },
  ENOTFOUND: { zh: '找不到这个域名', en: 'There is no such host name' },
  EAI_AGAIN: { zh: '暂时无法解析域名', en: 'The host name could not be looked up' },
  ECONNREFUSED: { zh: '对方拒绝连接', en: 'The connection was refused' },
  ECONNRESET: { zh: '连接被对方断开', en: 'The connection was cut off' },
  EHOSTUNREACH: { zh: '无法到达对方的网络', en: 'The host cannot be reached' },
  ENETUNREACH: { zh: '无法到达对方的网络', en: 'The network cannot be reached' },
  UND_ERR_SOCKET: { zh: '连接被对方断开', en: 'The connection was cut off' },
  UND_ERR_CONNECT_TIMEOUT: { zh: '连接超时', en: 'Connecting took too long' },
  CERT_HAS_EXPIRED: { zh: '对方的证书已过期', en: 'The receiver’s certificate has expired' },
  DEPTH_ZERO_SELF_SIGNED_CERT: { zh: '对方的证书是自签名的', en: 'The receiver’s certificate is self-signed' },
  SELF_SIGNED_CERT_IN_CHAIN: { zh: '对方的证书是自签名的', en: 'The receiver’s certificate is self-signed' },
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: {
    zh: '对方没有发送完整的证书链',
    en: 'The receiver does not send its whole chain of certificates',
  },
  ERR_TLS_CERT_ALTNAME_INVALID: {
    zh: '对方的证书不属于这个域名',
    en: 'The receiver’s certificate is not for this host name',
  },
};
