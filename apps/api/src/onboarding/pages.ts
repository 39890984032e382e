import type { IneligibleReason, Merchant, WechatLinks } from '@app/merchants';
import { permissionSetName } from '@app/wechat';
import { FORM_POLICY, PAGE_POLICY } from '../http/server/security-headers.js';

/** The pages that a merchant's admin sees, in Chinese and English. Plain HTML: no script, nothing from elsewhere. */
export const PAGE_HEADERS = {
  'content-type': 'text/html; charset=utf-8',
  'cache-control': 'no-store',
  'content-security-policy': PAGE_POLICY,
} as const;

export const FORM_PAGE_HEADERS = { ...PAGE_HEADERS, 'content-security-policy': FORM_POLICY } as const;

/**
 * Leads nowhere yet: what looks at it (a preview in a chat, a crawler) makes nothing of it.
 * @param query what the click takes along; by a relative address, as a proxy may have taken a part of our path away
 */
export function beginPage(componentAppid: string, query: Record<string, string | undefined>): string {
  const taken = Object.entries(query).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return page(
    '授权 · Authorize',
    `<p>请由公众号或服务号的管理员开始授权，然后用微信扫码并确认。<br>
     As an administrator of the account, begin here, then confirm in WeChat.</p>
     <form method="post" action="?${escape(new URLSearchParams(taken).toString())}">
     <p><button class="button">开始授权 · Begin</button></p></form>
     ${keepSet7}${small(componentAppid)}`,
  );
}

export function wechatPage(componentAppid: string, links: WechatLinks): string {
  return page(
    '授权 · Authorize',
    `<p>请由公众号或服务号的管理员点击下面的链接，用微信扫码并确认授权。链接几分钟后失效。<br>
     As an administrator of the account, follow one of these links and confirm in WeChat.
     They are good for some minutes.</p>
     <p><a class="button" href="${escape(links.pc)}">电脑：扫码授权 · On a computer: scan the QR code</a></p>
     <p><a class="button" href="${escape(links.mobile)}">手机：在微信中打开 · On a phone, inside WeChat</a></p>
     ${keepSet7}${small(componentAppid)}`,
  );
}

const keepSet7 = `<p>请保留“群发与通知”权限，否则无法撤回群发消息。<br>
     Keep the permission “Mass messages and notifications” ticked: without it no message can be taken back.</p>`;

const small = (componentAppid: string) => `<p class="small">平台 · Platform <code>${escape(componentAppid)}</code></p>`;

export interface WaysOn {
  /** The address for authorizing again: whole, as a proxy may have taken a part of our path away. */
  again: string;
  /** The address that the admin's link leads back to. */
  returnUrl: string | null;
}

export function resultPage(merchant: Merchant, reasons: IneligibleReason[], { again, returnUrl }: WaysOn): string {
  const granted = (merchant.permissionSets ?? []).map((id) => {
    const { zh, en } = permissionSetName(id);
    return `<li>${escape(zh)} · ${escape(en)} (${id})</li>`;
  });
  const missing = reasons.map((reason) => `<li>${MISSING[reason].zh}<br>${MISSING[reason].en}</li>`);
  const verdict =
    missing.length === 0
      ? `<p class="good">一切就绪：可以撤回群发消息。<br>All set: mass messages can be taken back.</p>`
      : `<p class="bad">授权已保存，但还不能撤回群发消息：<br>
         The authorization is stored, but messages cannot be taken back yet:</p>
         <ul>${missing.join('')}</ul>
         <p><a href="${escape(again)}">重新授权 · Authorize again</a></p>`;
  return page(
    '授权结果 · Authorization result',
    `<p>${escape(merchant.nickName ?? '公众号 · Account')} <code>${escape(merchant.authorizerAppid)}</code></p>
     ${verdict}
     ${returnUrl === null ? '' : wayBack(returnUrl)}
     <h2>已授予的权限 · Granted</h2>
     ${granted.length > 0 ? `<ul>${granted.join('')}</ul>` : '<p>无 · None</p>'}`,
  );
}

function wayBack(returnUrl: string): string {
  const host = escape(new URL(returnUrl).host);
  return `<p><a class="button" href="${escape(returnUrl)}">返回 · Back to ${host}</a></p>`;
}

export function problemPage(title: string, detail: string, requestId: string | undefined): string {
  return page(
    '未能完成 · Not done',
    `<p class="bad">${escape(title)}</p><p>${escape(detail)}</p>
     <p>请回到授权页面重试，或联系发送链接的服务商。<br>
     Go back to the authorization page and try again, or ask the provider who sent you the link.</p>
     <p class="small">${escape(requestId ?? '')}</p>`,
  );
}

const MISSING: Record<IneligibleReason, { zh: string; en: string }> = {
  permission_set_7_not_granted: {
    zh: '缺少“群发与通知”权限（权限集 7）：请重新授权并勾选它。',
    en: 'The permission “Mass messages and notifications” (set 7) was not granted: authorize again and tick it.',
  },
  not_verified: {
    zh: '账号尚未完成微信认证：只有认证过的账号才能使用群发接口。',
    en: 'The account is not verified by WeChat: only verified accounts may use the mass-message API.',
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
};

function page(title: string, body: string): string {
  return `<!doctype html>
<html lang="zh-CN"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<style>
body{font:16px/1.6 system-ui,sans-serif;max-width:40rem;margin:3rem auto;padding:0 1rem;color:#1d2129}
h1{font-size:1.4rem}h2{font-size:1.1rem;margin-top:2rem}
.button{display:block;box-sizing:border-box;width:100%;border:0;font:inherit;cursor:pointer;padding:.8rem 1rem;
border-radius:.4rem;background:#07833f;color:#fff;text-decoration:none;text-align:center}
.good{border-left:.3rem solid #07833f;padding-left:.8rem}.bad{border-left:.3rem solid #b3261e;padding-left:.8rem}
.small{color:#5f6773;font-size:.85rem}
</style></head><body><main><h1>${title}</h1>${body}</main></body></html>
`;
}

const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
const escape = (text: string) => text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? character);
