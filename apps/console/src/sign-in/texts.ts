import type { Words } from '@app/words';

export const signInTexts = {
  title: { zh: '登录', en: 'Sign in' },
  lead: {
    zh: '撤回公众号的群发消息。请用 API 密钥登录。',
    en: 'Takes back the mass messages of Official Accounts. Sign in with an API key.',
  },
  key: { zh: 'API 密钥', en: 'API key' },
  keyHint: {
    zh: '以 rk_ 开头，由管理员在“设置 · 密钥”中创建。密钥不会保存在浏览器里。',
    en: 'It begins with rk_ and comes from an admin (Settings · Keys). The browser does not keep it.',
  },
  signIn: { zh: '登录', en: 'Sign in' },
  wrongKey: {
    zh: '没有这个密钥，或者它已被吊销、已过期。请检查是否完整复制。',
    en: 'There is no such key, or it was revoked or has ended. Check that all of it was copied.',
  },
  linkUsed: {
    zh: '这个登录链接已经用过或已过期（十分钟内有效，只能用一次）。请重新运行 npm start，或者用 API 密钥登录。',
    en: 'This sign-in link was used already or is over: it works once, for ten minutes. Run npm start again, or sign in with an API key.',
  },
  linkUseless: {
    zh: '这个登录链接已经用过或已过期，没有用它登录。您仍以“{name}”的身份登录。',
    en: 'The sign-in link was used already or is over, and has not signed you in. You are still signed in as “{name}”.',
  },
} as const satisfies Record<string, Words>;
