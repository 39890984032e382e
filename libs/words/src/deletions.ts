import type { Words } from './language.js';

/** The states of a deletion. */
export const deletionStateWords = {
  scheduled: { zh: '已预定', en: 'Scheduled' },
  queued: { zh: '排队中', en: 'Queued' },
  running: { zh: '撤回中', en: 'Running' },
  waiting: { zh: '等待中', en: 'Waiting' },
  succeeded: { zh: '已撤回', en: 'Taken back' },
  failed: { zh: '失败', en: 'Failed' },
  cancelled: { zh: '已取消', en: 'Cancelled' },
} as const satisfies Record<string, Words>;

/** The reasons for which a deletion waits. */
export const waitingForWords = {
  backoff: {
    zh: '微信没有给出确定的答复，稍后再试。',
    en: 'WeChat gave no certain answer; the next try comes soon.',
  },
  rate_limit: {
    zh: '这一分钟的调用次数已用完，下一分钟继续。',
    en: 'The calls of this minute are used up; it goes on in the next one.',
  },
  daily_quota: {
    zh: '该商家今天的撤回次数已用完，北京时间零点后继续。',
    en: 'The account has used its deletions of today; it goes on after midnight in Shanghai.',
  },
  merchant_admin: {
    zh: '等待商家的管理员在微信中确认。',
    en: 'The account’s administrator has to confirm the call in WeChat.',
  },
  platform: {
    zh: '整个第三方平台的调用暂停，恢复后继续。',
    en: 'All calls of the platform are paused; it goes on when they are resumed.',
  },
  facts: {
    zh: '正在向微信查询该商家的账号类型和授权，查到后继续。',
    en: 'WeChat is being asked what kind of account this is and what it granted.',
  },
  token_conflict: {
    zh: '另一个系统也在为该商家获取令牌，双方的令牌互相失效。',
    en: 'Another system mints tokens for this account as well, and each makes the other’s void.',
  },
} as const satisfies Record<string, Words>;

/** The degrees of certainty that a message is gone. */
export const proofWords = {
  none: { zh: '没有证明', en: 'No proof' },
  acknowledged: { zh: '微信已确认接受撤回', en: 'WeChat accepted the deletion' },
  verified: { zh: '微信查询结果显示已删除', en: 'WeChat shows the message as deleted' },
  inferred: {
    zh: '推断：答复丢失的那次调用已将其删除',
    en: 'Inferred: a call whose answer was lost has deleted it',
  },
} as const satisfies Record<string, Words>;

/** The states of a takedown. */
export const takedownStateWords = {
  receiving: { zh: '接收中', en: 'Being received' },
  pending: { zh: '即将开始，还可以取消', en: 'About to start: it can still be undone' },
  running: { zh: '进行中', en: 'Running' },
  finished: { zh: '已完成', en: 'Finished' },
  cancelled: { zh: '已停止', en: 'Cancelled' },
} as const satisfies Record<string, Words>;

/** The outcomes of deletions that have ended, beside the reasons for which a merchant is not eligible. */
export const outcomeWords = {
  deleted: { zh: '已撤回', en: 'Taken back' },
  already_deleted: { zh: '查询结果显示已经删除', en: 'WeChat shows it as deleted already' },
  inferred_deleted: {
    zh: '微信说没有可删除的内容，推断之前的调用已将其删除',
    en: 'WeChat says there is nothing to delete: an earlier call has probably done it',
  },
  cancelled: { zh: '在发出之前被取消', en: 'Cancelled before it was sent' },
  already_gone: { zh: '微信说它不在可删除的状态', en: 'WeChat says it is not in a state to be deleted' },
  refused: { zh: '微信拒绝了这次撤回', en: 'WeChat refused this deletion' },
  credential_expired: { zh: '微信一再拒绝访问令牌', en: 'WeChat refused the access token again and again' },
  unknown_outcome: { zh: '微信一直没有给出确定的答复', en: 'WeChat never gave a certain answer' },
  article_not_in_message: {
    zh: '这条消息没有这一篇文章：微信列出的文章更少',
    en: 'The message has no such article: WeChat lists fewer',
  },
  merchant_must_act: {
    zh: '商家的管理员需要先处理账号或授权问题',
    en: 'The account’s administrator has to put the account or its grant in order first',
  },
} as const satisfies Record<string, Words>;

/** The reasons for which no deletion of a platform is sent. */
export const holdReasonWords = {
  platform_broken: {
    zh: '微信拒绝该平台的所有调用：请检查平台的配置',
    en: 'WeChat refuses every call of the platform: check how it is configured',
  },
  ticket_invalid: {
    zh: '微信拒绝 component_verify_ticket：等待微信推送新的',
    en: 'WeChat refuses the component_verify_ticket: a new one has to be pushed',
  },
  ticket_missing: {
    zh: '还没有收到微信推送的 component_verify_ticket',
    en: 'WeChat has not pushed a component_verify_ticket yet',
  },
  connect_failed: { zh: '无法连接到微信的服务器', en: 'WeChat’s servers cannot be reached' },
  platform_quota_spent: { zh: '该平台今天的调用次数已用完', en: 'The platform has used its calls of today' },
  platform_too_fast: { zh: '该平台调用过快，稍后继续', en: 'The platform calls too fast; it goes on soon' },
} as const satisfies Record<string, Words>;
