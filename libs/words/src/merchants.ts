import type { Words } from './language.js';

/** The states of a merchant's grant. */
export const merchantStateWords = {
  authorized: { zh: '已授权', en: 'Authorized' },
  unauthorized: { zh: '已取消授权', en: 'Authorization taken back' },
  reauthorization_required: { zh: '需要重新授权', en: 'Has to authorize again' },
} as const satisfies Record<string, Words>;

/** The reasons for which a merchant's messages cannot be taken back, with what its admin has to do. */
export const ineligibleReasonWords = {
  permission_set_7_not_granted: {
    zh: '缺少“群发与通知”权限：请重新授权并保留它。',
    en: 'The permission “Mass messages and notifications” was not granted: authorize again and keep it ticked.',
  },
  not_verified: {
    zh: '账号尚未完成微信认证：只有认证过的账号才能撤回群发消息。',
    en: 'The account is not verified by WeChat: only verified accounts can take mass messages back.',
  },
  not_an_official_account: {
    zh: '这不是公众号或服务号：只有它们可以群发消息。',
    en: 'This is not an Official or Service account: only these send mass messages.',
  },
  account_frozen: {
    zh: '账号状态不正常（冻结、封禁或注销）：请先在微信公众平台处理。',
    en: 'The account is not in good standing (frozen, banned or closed): settle this with WeChat first.',
  },
  unauthorized: { zh: '授权已被取消：请重新授权。', en: 'The authorization was taken back: authorize again.' },
  reauthorization_required: {
    zh: '授权已失效：请重新授权。',
    en: 'The authorization is no longer valid: authorize again.',
  },
} as const satisfies Record<string, Words>;

/** Doubts about a merchant, which do not keep its deletions from being tried. */
export const eligibilityWarningWords = {
  facts_unknown: {
    zh: '微信还没有告知账号的类型和授权，撤回会等待查询结果。',
    en: 'WeChat has not told yet what kind of account this is and what it granted: deletions wait for that.',
  },
  permission_sets_unknown: {
    zh: '微信没有告知授予了哪些权限。',
    en: 'WeChat did not tell which permission sets were granted.',
  },
  account_type_unknown: { zh: '未知的账号类型。', en: 'The account is of a type that is not known here.' },
  verification_pending: {
    zh: '资质认证已通过，名称认证尚未完成。',
    en: 'The account is qualified, but its name is not verified yet.',
  },
  verification_doubtful: { zh: '账号的认证可能不够。', en: 'The account’s verification may not be enough.' },
  account_warned: { zh: '账号受到微信警告。', en: 'WeChat has warned the account.' },
  account_status_unknown: { zh: '未知的账号状态。', en: 'The account is in a state that is not known here.' },
} as const satisfies Record<string, Words>;

/** The kinds of accounts that send mass messages, by WeChat's `service_type_info`. */
export const serviceTypeWords: Readonly<Record<number, Words>> = {
  0: { zh: '公众号', en: 'Official account' },
  1: { zh: '公众号（由旧账号升级）', en: 'Official account, of the old kind' },
  2: { zh: '服务号', en: 'Service account' },
};

/** How far an account is verified, by WeChat's `verify_type_info`. */
export const verifyTypeWords: Readonly<Record<number, Words>> = {
  [-1]: { zh: '未认证', en: 'Not verified' },
  0: { zh: '已认证', en: 'Verified' },
  1: { zh: '新浪微博认证', en: 'Verified by Weibo' },
  3: { zh: '资质已认证，名称未认证', en: 'Qualified, name not verified yet' },
  4: { zh: '资质已认证（微博），名称未认证', en: 'Qualified by Weibo, name not verified yet' },
};

/** The standing of an account with WeChat, by its `account_status`. */
export const accountStatusWords: Readonly<Record<number, Words>> = {
  1: { zh: '正常', en: 'In good standing' },
  14: { zh: '已注销', en: 'Closed' },
  16: { zh: '已封禁', en: 'Banned' },
  18: { zh: '已被警告', en: 'Warned' },
  19: { zh: '已冻结', en: 'Frozen' },
};
