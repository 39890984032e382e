import type { Words } from './language.js';

/** What the overview rings about. Braces name what the alarm tells: its `count`, or one of its `facts`. */
export const alarmWords = {
  part_not_ready: {
    zh: '服务的一部分（{part}）现在不能工作：{reason}。已接受的撤回不会丢失。',
    en: 'A part of the service ({part}) cannot do its work: {reason}. Nothing that was accepted is lost.',
  },
  worker_silent: {
    zh: '后台进程已停止工作：撤回不会继续。请启动至少一个 worker。',
    en: 'No worker has done its rounds for a while, so deletions stand still: start one, or look at its log.',
  },
  no_platform: {
    zh: '还没有登记第三方平台：请先登记一个。',
    en: 'No platform is registered yet: register the first one.',
  },
  platform_held: {
    zh: '平台 {platform} 的撤回已暂停，因为每次调用都会失败。',
    en: 'The deletions of platform {platform} are held, because every call would fail.',
  },
  ticket_missing: {
    zh: '平台 {platform} 没有可用的 component_verify_ticket：请检查授权事件接收地址。',
    en: 'Platform {platform} has no ticket that WeChat would take: check the URL for authorization events.',
  },
  ticket_silent: {
    zh: '平台 {platform} 半小时以上没有收到微信推送的票据。',
    en: 'WeChat has pushed no ticket to platform {platform} for half an hour or longer.',
  },
  token_conflict: {
    zh: '另一个系统也在为 {count} 个商家获取令牌，双方的令牌互相失效。',
    en: 'Another system mints tokens for the accounts of {count} merchants, and each makes the other’s void.',
  },
  admin_must_confirm: {
    zh: '{count} 条撤回在等待商家的管理员在微信中确认。',
    en: '{count} deletions wait until the account’s administrator confirms them in WeChat.',
  },
  facts_unreadable: {
    zh: '微信一直没有告知 {count} 个商家的账号类型和授权。',
    en: 'WeChat does not tell what kind of account {count} merchants have and what they granted.',
  },
  must_reauthorize: {
    zh: '{count} 个商家需要重新授权，在此之前无法为其撤回。',
    en: '{count} merchants have to authorize again; until then nothing can be taken back for them.',
  },
  deletions_failing: {
    zh: '最近一小时失败的撤回多于成功的：失败 {failed}，成功 {succeeded}。',
    en: 'More deletions failed in the last hour than succeeded: {failed} against {succeeded}.',
  },
  webhook_disabled: {
    zh: '一个推送地址已停用，不再收到事件。',
    en: 'A webhook endpoint was disabled and hears of nothing any more.',
  },
  webhook_failing: {
    zh: '一个推送地址持续失败，仍在重试。',
    en: 'A webhook endpoint has been failing for a while; deliveries are tried again.',
  },
} as const satisfies Record<string, Words>;

export const severityWords = {
  critical: { zh: '严重', en: 'Critical' },
  warning: { zh: '警告', en: 'Warning' },
  notice: { zh: '提示', en: 'Notice' },
} as const satisfies Record<string, Words>;
