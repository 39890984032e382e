import type { Words } from '@app/words';

export const shellTexts = {
  toContent: { zh: '跳到内容', en: 'Skip to the content' },
  menu: { zh: '菜单', en: 'Menu' },
  pages: { zh: '页面', en: 'Pages' },
  takeDown: { zh: '撤回', en: 'Take down' },
  overview: { zh: '概览', en: 'Overview' },
  takedowns: { zh: '撤回任务', en: 'Takedowns' },
  deletions: { zh: '撤回记录', en: 'Deletions' },
  merchants: { zh: '商家', en: 'Merchants' },
  onboard: { zh: '接入商家', en: 'Onboard' },
  messages: { zh: '群发消息', en: 'Messages' },
  platforms: { zh: '第三方平台', en: 'Platforms' },
  keys: { zh: '密钥与会话', en: 'Keys and sessions' },
  webhooks: { zh: '事件推送', en: 'Webhooks' },
  audit: { zh: '审计日志', en: 'Audit log' },
  settings: { zh: '设置', en: 'Settings' },
  help: { zh: '帮助', en: 'Help' },
  signOut: { zh: '退出', en: 'Sign out' },
  live: { zh: '实时', en: 'Live' },
  connecting: { zh: '正在连接…', en: 'Connecting…' },
  lost: {
    zh: '与服务的连接已断开，所显示的内容可能不是最新的。正在重新连接…',
    en: 'The connection to the service is lost, and what is shown may be old. Connecting again…',
  },
  notFound: { zh: '没有这个页面', en: 'There is no such page' },
  toOverview: { zh: '回到概览', en: 'Go to the overview' },
} as const satisfies Record<string, Words>;
