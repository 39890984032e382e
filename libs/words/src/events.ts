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
  'takedown.created': { zh: '批量撤回已创建', en: 'A takedown was created' },
  'takedown.finished': { zh: '批量撤回已完成', en: 'A takedown finished' },
  'takedown.cancelled': { zh: '批量撤回已中止', en: 'A takedown was cancelled' },
  'webhook.disabled': { zh: '推送地址已停用', en: 'A webhook endpoint was disabled' },
} as const satisfies Record<string, Words>;
