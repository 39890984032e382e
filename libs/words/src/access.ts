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

/** The acts that the audit log knows. */
export const auditActionWords = {
  'access_token.lent': { zh: '借出访问令牌', en: 'Lent an access token' },
  'api_key.created': { zh: '创建密钥', en: 'Issued an API key' },
  'api_key.revoked': { zh: '吊销密钥', en: 'Revoked an API key' },
  'api_key.updated': { zh: '修改密钥', en: 'Changed an API key' },
  'audit_log.exported': { zh: '导出审计日志', en: 'Exported the audit log' },
  'authorization_link.issued': { zh: '生成授权链接', en: 'Issued an authorization link' },
  'deletion.accepted': { zh: '提交撤回', en: 'Asked for a deletion' },
  'deletion.cancelled': { zh: '取消撤回', en: 'Cancelled a deletion' },
  'deletion.proof_exported': { zh: '导出撤回证明', en: 'Exported a deletion’s proof' },
  'deletion.retried': { zh: '重试撤回', en: 'Retried a deletion' },
  'mass_messages.imported': { zh: '导入群发消息', en: 'Imported mass messages' },
  'merchant.limits_changed': { zh: '修改商家的限额', en: 'Changed a merchant’s limits' },
  'merchant.quota_cleared': { zh: '清零商家的调用次数', en: 'Cleared a merchant’s quota' },
  'merchant.quota_read': { zh: '查询商家的调用次数', en: 'Asked WeChat for a merchant’s quota' },
  'merchant.ref_changed': { zh: '修改商家的编号', en: 'Changed a merchant’s ref' },
  'merchant.refreshed': { zh: '刷新商家的资料', en: 'Read a merchant’s facts anew' },
  'period.proof_exported': { zh: '导出一段时间的撤回证明', en: 'Exported the proofs of a period' },
  'platform.deleted': { zh: '删除平台', en: 'Deleted a platform' },
  'platform.examined': { zh: '检查平台', en: 'Examined a platform' },
  'platform.registered': { zh: '登记平台', en: 'Registered a platform' },
  'platform.synced': { zh: '同步平台的授权列表', en: 'Compared a platform’s list of authorizers' },
  'platform.updated': { zh: '修改平台', en: 'Changed a platform' },
  'proof_key.made': { zh: '生成证明签名密钥', en: 'Made a key that signs proofs' },
  'proof_key.revoked': { zh: '吊销证明签名密钥', en: 'Revoked a key that signs proofs' },
  'proof_key.rotated': { zh: '轮换证明签名密钥', en: 'Rotated the key that signs proofs' },
  'session.ended': { zh: '结束登录', en: 'Ended a session' },
  'session.started': { zh: '登录', en: 'Signed in' },
  'takedown.accepted': { zh: '提交撤回任务', en: 'Asked for a takedown' },
  'takedown.cancelled': { zh: '停止撤回任务', en: 'Cancelled a takedown' },
  'takedown.proof_exported': { zh: '导出撤回任务的证明', en: 'Exported a takedown’s proof' },
  'webhook_deliveries.resent': { zh: '批量重新推送', en: 'Sent deliveries again' },
  'webhook_endpoint.created': { zh: '添加推送地址', en: 'Added a webhook endpoint' },
  'webhook_endpoint.deleted': { zh: '删除推送地址', en: 'Deleted a webhook endpoint' },
  'webhook_endpoint.delivery_resent': { zh: '重新推送一条', en: 'Sent a delivery again' },
  'webhook_endpoint.secret_rotated': { zh: '更换推送密钥', en: 'Gave an endpoint a new secret' },
  'webhook_endpoint.tested': { zh: '测试推送地址', en: 'Tried an endpoint out' },
  'webhook_endpoint.updated': { zh: '修改推送地址', en: 'Changed a webhook endpoint' },
} as const satisfies Record<string, Words>;

/** What acts are done to. */
export const auditSubjectWords = {
  api_key: { zh: '密钥', en: 'API key' },
  audit_log: { zh: '审计日志', en: 'Audit log' },
  authorization_link: { zh: '授权链接', en: 'Authorization link' },
  deletion: { zh: '撤回', en: 'Deletion' },
  import: { zh: '导入', en: 'Import' },
  merchant: { zh: '商家', en: 'Merchant' },
  period: { zh: '时间段', en: 'Period' },
  platform: { zh: '平台', en: 'Platform' },
  proof_key: { zh: '证明签名密钥', en: 'Proof key' },
  session: { zh: '登录', en: 'Session' },
  takedown: { zh: '撤回任务', en: 'Takedown' },
  webhook_deliveries: { zh: '推送记录', en: 'Deliveries of webhooks' },
  webhook_endpoint: { zh: '推送地址', en: 'Webhook endpoint' },
} as const satisfies Record<string, Words>;
