import type { Words } from './language.js';

/** The roles of API keys. */
export const roleWords = {
  admin: { zh: '管理员：还可以管理平台、密钥和推送', en: 'Admin: also manages platforms, keys and webhooks' },
  operator: { zh: '操作员：还可以撤回消息', en: 'Operator: also takes messages back' },
  viewer: { zh: '查看者：只能查看', en: 'Viewer: only looks' },
  tokens: { zh: '令牌：只能借用访问令牌', en: 'Tokens: only borrows access tokens' },
} as const satisfies Record<string, Words>;

/** The roles in one word, where there is no room for more. */
export const roleNameWords = {
  admin: { zh: '管理员', en: 'Admin' },
  operator: { zh: '操作员', en: 'Operator' },
  viewer: { zh: '查看者', en: 'Viewer' },
  tokens: { zh: '令牌', en: 'Tokens' },
} as const satisfies Record<string, Words>;

/** The states of API keys. */
export const keyStateWords = {
  active: { zh: '有效', en: 'Active' },
  expired: { zh: '已到期', en: 'Expired' },
  revoked: { zh: '已吊销', en: 'Revoked' },
} as const satisfies Record<string, Words>;
