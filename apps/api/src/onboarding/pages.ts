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
import { FORM_POLICY, PAGE_POLICY } from '../http/server/security-headers.js';

/** The pages that a merchant's admin sees, in one language at a time. Plain HTML: no script, nothing from elsewhere. */
export const PAGE_HEADERS = {
  'content-type': 'text/html; charset=utf-8',
  'cache-control': 'no-store',
  'content-security-policy': PAGE_POLICY,
  vary: 'accept-language',
} as const;

export const FORM_PAGE_HEADERS = { ...PAGE_HEADERS, 'content-security-policy': FORM_POLICY } as const;

/**
 * The page leads nowhere yet: a preview in a chat or a crawler makes nothing of it.
 * @param query the click takes it along; by a relative address, as a proxy may have taken a part of our path away
 */
export function beginPage(
  language: Language,
  componentAppid: string,
  query: Record<string, string | undefined>,
): string {
  return page(
    language,
    words.authorize[language],
    `${languageSwitch(language, query)}
     <p>${words.asAdmin[language]}</p>
     <form method="post" action="${address({ ...query, lang: language })}">
     <p><button class="button">${words.begin[language]}</button></p></form>
     <p>${words.keepSet7[language]}</p>${small(language, componentAppid)}`,
  );
}

export function wechatPage(language: Language, componentAppid: string, links: WechatLinks): string {
  const code = renderSVG(links.mobile, { border: 2 });
  return page(
    language,
    words.authorize[language],
    `<p>${words.confirmInWechat[language]}</p>
     <p><a class="button" href="${escape(links.pc)}">${words.onComputer[language]}</a></p>
     <p><a class="button" href="${escape(links.mobile)}">${words.onPhone[language]}</a></p>
     <p>${words.scanWithPhone[language]}</p>
     <div class="code" role="img" aria-label="${escape(words.onPhone[language])}">${code}</div>
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
  language: Language,
  merchant: Merchant,
  reasons: IneligibleReason[],
  { again, returnUrl }: WaysOn,
): string {
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
    language,
    words.result[language],
    `<p>${name} <code>${escape(merchant.authorizerAppid)}</code></p>
     ${verdict}
     ${returnUrl === null ? '' : wayBack(language, returnUrl)}
     <h2>${words.granted[language]}</h2>
     ${granted.length > 0 ? `<ul>${granted.join('')}</ul>` : `<p>${words.none[language]}</p>`}`,
  );
}

/**
 * A problem in words for a merchant. The code is small: the provider's support may ask for it.
 * @param facts the values that the words of some problems name
 */
export function problemPage(
  language: Language,
  { code, requestId }: { code: string; requestId: string | undefined },
  facts: Record<string, string> = {},
): string {
  const said: Record<string, { zh: string; en: string }> = onboardingProblemWords;
  const text = (said[code] ?? onboardingProblemWords.other)[language];
  const filled = text.replace(/\{(\w+)\}/g, (_placeholder, name: string) => facts[name] ?? '');
  return page(
    language,
    words.notDone[language],
    `<p class="bad">${escape(filled)}</p><p class="small">${escape([code, requestId ?? ''].join(' '))}</p>`,
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

function page(language: Language, title: string, body: string): string {
  return `<!doctype html>
<html lang="${language === 'zh' ? 'zh-CN' : 'en'}"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark">
<title>${title}</title>
<style>
body{font:16px/1.6 system-ui,sans-serif;max-width:40rem;margin:3rem auto;padding:0 1rem;color:#1d2129;background:#fff}
h1{font-size:1.4rem}h2{font-size:1.1rem;margin-top:2rem}a{color:#0052d9}
.button{display:block;box-sizing:border-box;width:100%;border:0;font:inherit;cursor:pointer;padding:.8rem 1rem;
border-radius:.4rem;background:#07833f;color:#fff;text-decoration:none;text-align:center}
.good{border-left:.3rem solid #07833f;padding-left:.8rem}.bad{border-left:.3rem solid #b3261e;padding-left:.8rem}
.small{color:#5f6773;font-size:.85rem}.code{width:12rem;background:#fff}.code svg{display:block;width:100%;height:auto}
@media (prefers-color-scheme:dark){body{color:#e8eaed;background:#17181a}a{color:#8ab4f8}.small{color:#a5adb8}
.button{color:#fff}}
</style></head><body><main><h1>${title}</h1>${body}</main></body></html>
`;
}

const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
const escape = (text: string) => text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? character);
