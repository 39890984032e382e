import { renderSVG } from 'uqr';
import type { IneligibleReason, Merchant, WechatLinks } from '@app/merchants';
import {
  ineligibleReasonWords,
  languages,
  onboardingProblemWords,
  onboardingWords as words,
  permissionSetName,
  type Language,
} from '@app/words';
import { FORM_POLICY, MERCHANT_PAGE_POLICY } from '../http/server/security-headers.js';

/** The pages that a merchant's admin sees, in one language at a time. Plain HTML: no script, nothing from elsewhere. */
export const PAGE_HEADERS = {
  'content-type': 'text/html; charset=utf-8',
  'cache-control': 'no-store',
  'content-security-policy': MERCHANT_PAGE_POLICY,
  vary: 'accept-language',
} as const;

export const FORM_PAGE_HEADERS = { ...PAGE_HEADERS, 'content-security-policy': FORM_POLICY } as const;

/** In which language, and whose page it is. */
export interface Frame {
  language: Language;
  provider: Provider | undefined;
}

/** As merchants know the provider. */
export interface Provider {
  name: string | null;
  logoUrl: string | null;
}

/**
 * The page leads nowhere yet: a preview in a chat or a crawler makes nothing of it.
 * @param query the click takes it along; by a relative address, as a proxy may have taken a part of our path away
 */
export function beginPage(frame: Frame, componentAppid: string, query: Record<string, string | undefined>): string {
  const { language } = frame;
  return page(
    frame,
    words.authorize[language],
    `${languageSwitch(language, query)}
     <p>${words.asAdmin[language]}</p>
     <form method="post" action="${address({ ...query, lang: language })}">
     <p><button class="button">${words.begin[language]}</button></p></form>
     <p>${words.keepSet7[language]}</p>${small(language, componentAppid)}`,
  );
}

export function wechatPage(frame: Frame, componentAppid: string, links: WechatLinks): string {
  const { language } = frame;
  const code = renderSVG(links.mobile, { border: 2 });
  return page(
    frame,
    words.authorize[language],
    `<p>${words.confirmInWechat[language]}</p>
     <div class="ways">
     <div><p><a class="button" href="${escape(links.pc)}">${words.onComputer[language]}</a></p>
     <p><a class="button" href="${escape(links.mobile)}">${words.onPhone[language]}</a></p></div>
     <div><p>${words.scanWithPhone[language]}</p>
     <div class="code" role="img" aria-label="${escape(words.onPhone[language])}">${code}</div></div>
     </div>
     <p>${words.keepSet7[language]}</p>${small(language, componentAppid)}`,
  );
}

export interface WaysOn {
  /** The address for authorizing again: whole, as a proxy may have taken a part of our path away. */
  again: string;
  /** The address that the admin's link leads back to. */
  returnUrl: string | null;
}

export function resultPage(
  frame: Frame,
  merchant: Merchant,
  reasons: IneligibleReason[],
  { again, returnUrl }: WaysOn,
): string {
  const { language } = frame;
  const granted = (merchant.permissionSets ?? []).map((id) => `<li>${escape(permissionSetName(id)[language])}</li>`);
  const missing = reasons.map((reason) => `<li>${ineligibleReasonWords[reason][language]}</li>`);
  const verdict =
    missing.length === 0
      ? `<p class="good">${words.allSet[language]}</p>`
      : `<p class="bad">${words.notYet[language]}</p>
         <ul>${missing.join('')}</ul>
         <p><a href="${escape(again)}">${words.again[language]}</a></p>`;
  const name = escape(merchant.nickName ?? words.account[language]);
  return page(
    frame,
    words.result[language],
    `<p>${name} <code>${escape(merchant.authorizerAppid)}</code></p>
     ${verdict}
     ${returnUrl === null ? '' : wayBack(language, returnUrl)}
     <h2>${words.granted[language]}</h2>
     ${granted.length > 0 ? `<ul>${granted.join('')}</ul>` : `<p>${words.none[language]}</p>`}`,
  );
}

/** What went wrong. */
export interface Problem {
  code: string;
  /** Under it our log has the code and the cause: the provider's support may ask for it. */
  requestId: string | undefined;
  /** The values that the words of some problems name. */
  facts: Record<string, string>;
  returnUrl: string | null;
}

/** A problem in words for a merchant. */
export function problemPage(frame: Frame, { code, requestId, facts, returnUrl }: Problem): string {
  const { language } = frame;
  const said: Record<string, { zh: string; en: string }> = onboardingProblemWords;
  const text = (said[code] ?? onboardingProblemWords.other)[language];
  const filled = text.replace(/\{(\w+)\}/g, (_placeholder, name: string) => facts[name] ?? '');
  const reference = `<p class="small">${words.reference[language]} <code>${escape(requestId ?? '')}</code></p>`;
  return page(
    frame,
    words.notDone[language],
    `<p class="bad">${escape(filled)}</p>
     ${returnUrl === null ? '' : wayBack(language, returnUrl)}
     ${requestId === undefined ? '' : reference}`,
  );
}

function wayBack(language: Language, returnUrl: string): string {
  const host = escape(new URL(returnUrl).host);
  return `<p><a class="button" href="${escape(returnUrl)}">${words.backTo[language]} ${host}</a></p>`;
}

const small = (language: Language, componentAppid: string) =>
  `<p class="small">${words.platform[language]} <code>${escape(componentAppid)}</code></p>`;

const LANGUAGE_NAMES: Record<Language, string> = { zh: '中文', en: 'English' };

function languageSwitch(language: Language, query: Record<string, string | undefined>): string {
  const others = languages.filter((other) => other !== language);
  const links = others.map(
    (other) => `<a href="${address({ ...query, lang: other })}" lang="${other}">${LANGUAGE_NAMES[other]}</a>`,
  );
  return `<p class="small">${links.join(' ')}</p>`;
}

/** The page's own address with another query, as text for an attribute. */
function address(query: Record<string, string | undefined>): string {
  const given = Object.entries(query).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return escape(`?${new URLSearchParams(given).toString()}`);
}

function page({ language, provider }: Frame, title: string, body: string): string {
  const name = escape(provider?.name ?? '');
  const logo = provider?.logoUrl ? `<img src="${escape(provider.logoUrl)}" alt="">` : '';
  const head = name || logo ? `<header>${logo}${name && `<span>${name}</span>`}</header>` : '';
  return `<!doctype html>
<html lang="${language === 'zh' ? 'zh-CN' : 'en'}"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark">
<title>${title}${name && ` · ${name}`}</title>
<style>
body{font:16px/1.6 system-ui,sans-serif;max-width:40rem;margin:3rem auto;padding:0 1rem;color:#1d2129;background:#fff}
h1{font-size:1.4rem}h2{font-size:1.1rem;margin-top:2rem}a{color:#0052d9}
.button{display:block;box-sizing:border-box;width:100%;border:0;font:inherit;cursor:pointer;padding:.8rem 1rem;
border-radius:.4rem;background:#07833f;color:#fff;text-decoration:none;text-align:center}
.good{border-left:.3rem solid #07833f;padding-left:.8rem}.bad{border-left:.3rem solid #b3261e;padding-left:.8rem}
.small{color:#5f6773;font-size:.85rem}.code{width:18rem;max-width:100%;background:#fff}.code svg{display:block;width:100%;height:auto}
header{display:flex;align-items:center;gap:.8rem;font-size:1.1rem;font-weight:600;overflow-wrap:anywhere}
header img{max-width:12rem;max-height:4rem;border-radius:.4rem}code{overflow-wrap:anywhere}
.ways{display:grid;gap:0 2rem}@media (min-width:40rem){.ways{grid-template-columns:1fr 1fr}}
@media (prefers-color-scheme:dark){body{color:#e8eaed;background:#17181a}a{color:#8ab4f8}.small{color:#a5adb8}
.button{color:#fff}}
</style></head><body>${head}<main><h1>${title}</h1>${body}</main></body></html>
`;
}

const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
const escape = (text: string) => text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? character);
