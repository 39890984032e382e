import type { Words } from './language.js';

/**
 * The problems that a merchant's admin may meet on the way to an authorization, in words for somebody who knows nothing
 * of this service, by the code of the problem. A code that is not here is `other`.
 */
export const onboardingProblemWords = {
  authorization_state_forged: {
    zh: '返回的链接无效。请回到授权页面重新开始。',
    en: 'The way back from WeChat is not valid. Go back to the authorization page and begin again.',
  },
  authorization_state_expired: {
    zh: '授权没有在一小时内完成。请回到授权页面重新开始。',
    en: 'The authorization took longer than an hour. Go back to the authorization page and begin again.',
  },
  authorization_state_used: {
    zh: '这次授权已经完成，不能再用于另一个账号。请回到授权页面重新开始。',
    en: 'This authorization is complete and cannot serve another account. Go back to the authorization page and begin again.',
  },
  authorization_code_refused: {
    zh: '微信没有接受这次授权。请回到授权页面重新授权。',
    en: 'WeChat did not accept this authorization. Go back to the authorization page and authorize again.',
  },
  authorization_link_forged: {
    zh: '链接不完整或无效。请使用服务商发送的完整链接。',
    en: 'The link is incomplete or not valid. Follow the whole link that your service provider sent you.',
  },
  authorization_link_expired: {
    zh: '链接已过期。请向服务商索取新的链接。',
    en: 'The link is too old. Ask your service provider for a new one.',
  },
  authorization_link_used: {
    zh: '链接已经用于另一次授权。请向服务商索取新的链接。',
    en: 'The link was used for another authorization. Ask your service provider for a new one.',
  },
  authorization_link_of_another: {
    zh: '授权的账号是 {authorized}，但这个链接是给账号 {meant} 的。链接还没有使用：请以正确账号的管理员身份再次打开它。',
    en: 'The account {authorized} was authorized, but the link is for the account {meant}. The link is still unused: follow it again as an administrator of the right account.',
  },
  open_authorization_off: {
    zh: '授权需要专用链接。请向服务商索取链接。',
    en: 'This page takes a link of your own: ask your service provider for one.',
  },
  too_many_authorizations: {
    zh: '从这里开始授权的次数过多。请稍后再试。',
    en: 'Authorization was begun too often from here. Try again later.',
  },
  platform_not_found: {
    zh: '服务商还没有准备好。请联系发送链接的服务商。',
    en: 'The service provider is not ready yet. Ask the provider who sent you the link.',
  },
  ticket_missing: {
    zh: '服务商与微信的连接还没有准备好。请十分钟后再试。',
    en: 'The service provider’s connection with WeChat is not ready yet. Try again in ten minutes.',
  },
  other: {
    zh: '现在无法完成授权。请稍后回到授权页面重试，或联系发送链接的服务商。',
    en: 'The authorization cannot be completed now. Go back to the authorization page and try again later, or ask the provider who sent you the link.',
  },
} as const satisfies Record<string, Words>;

/** The texts of the pages on which a merchant's admin authorizes. */
export const onboardingWords = {
  authorize: { zh: '授权', en: 'Authorize' },
  asAdmin: {
    zh: '请由公众号或服务号的管理员开始授权，然后用微信扫码并确认。',
    en: 'As an administrator of the Official or Service account, begin here, then confirm in WeChat.',
  },
  begin: { zh: '开始授权', en: 'Begin' },
  keepSet7: {
    zh: '请保留“群发与通知”权限，否则无法撤回群发消息。',
    en: 'Keep the permission “Mass messages and notifications” ticked: without it no message can be taken back.',
  },
  confirmInWechat: {
    zh: '请由账号的管理员选择一种方式，在微信中确认授权。以下链接几分钟后失效。',
    en: 'As an administrator of the account, choose one way and confirm in WeChat. The links are good for some minutes.',
  },
  onComputer: { zh: '在电脑上扫码授权', en: 'On this computer: scan WeChat’s code' },
  onPhone: { zh: '在手机微信中打开', en: 'On a phone: open in WeChat' },
  scanWithPhone: { zh: '或用管理员的手机微信扫描：', en: 'Or scan this with WeChat on the administrator’s phone:' },
  result: { zh: '授权结果', en: 'Authorization result' },
  account: { zh: '公众号', en: 'Account' },
  allSet: { zh: '一切就绪：可以撤回群发消息。', en: 'All set: mass messages can be taken back.' },
  notYet: {
    zh: '授权已保存，但还不能撤回群发消息：',
    en: 'The authorization is stored, but messages cannot be taken back yet:',
  },
  again: { zh: '重新授权', en: 'Authorize again' },
  backTo: { zh: '返回', en: 'Back to' },
  granted: { zh: '已授予的权限', en: 'Granted permissions' },
  none: { zh: '无', en: 'None' },
  notDone: { zh: '未能完成', en: 'Not done' },
  platform: { zh: '平台', en: 'Platform' },
  reference: { zh: '咨询服务商时请提供编号', en: 'If you ask your service provider, name this number:' },
} as const satisfies Record<string, Words>;
