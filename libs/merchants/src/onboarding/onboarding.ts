import { Inject, Injectable } from '@nestjs/common';
import { authorizationLinks } from '@app/wechat';
import type { AuthorizationLink } from './authorization-link.entity.js';
import { AuthorizationLinks, type AlongsideNaming } from './authorization-links.js';
import { OpenAuthorizationOff } from '../errors.js';
import { GrantExchange, hashOfCode } from '../grants/grant-exchange.js';
import { readLink, writeLink } from './link-token.js';
import type { Merchant } from '../merchants/merchant.entity.js';
import { Merchants } from '../merchants/merchants.js';
import { ONBOARDING_OPTIONS, type OnboardingOptions } from './onboarding-options.js';
import { readState, writeState, type Signer } from './onboarding-state.js';
import { Platforms, type Platform } from '../platforms/platforms.js';
import { PreAuthCodes, type Budget } from './pre-auth-codes.js';

/** How somebody came to the authorization page. */
export interface Visit {
  /** The signed part of a link's address. */
  link?: string | undefined;
  /** Offers this one account only; a link may say so itself. */
  bizAppid?: string | undefined;
}

/** Somebody who may begin. */
export interface Visitor {
  platform: Platform;
  /** By a link that was issued. */
  link?: AuthorizationLink | undefined;
  /** The one account that is offered. */
  account?: string | undefined;
  /** By no link at all. */
  isStranger: boolean;
}

/** Values of the page's address that the way back has as well. */
export interface Kept {
  lang?: string | undefined;
}

/** For the desktop a page with a QR code; for a phone a page inside WeChat. */
export interface WechatLinks {
  pc: string;
  mobile: string;
}

export interface Completed {
  platform: Platform;
  merchant: Merchant;
  /** Where the admin may go on to. */
  returnUrl: string | null;
}

/** What the address of a page says of where its visitor comes from. */
interface WhereFrom {
  state?: string | undefined;
  link?: string | undefined;
}

/** What a page that tells of a failure may show. */
export interface Failed {
  platform: Platform;
  returnUrl: string | null;
}

export const STATE_SIGNER = Symbol('StateSigner');

/** A pre-auth code lives half an hour at most, so a `state` that is older leads nowhere anyway. */
const STATE_LIFETIME_MS = 60 * 60_000;

/**
 * Codes that may be made in an hour by whoever follows one link, and by all links of a tenant or of a key of the
 * provider, or all that lead to known accounts, together: a link that is passed around, or a tenant that issues many,
 * with however many keys, spends a part of the platform's day at most.
 */
const PER_LINK_FOR_ONE = 10;
const PER_LINK_FOR_MANY = 100;
const OF_ALL_LINKS = 1_000;

/** The way of a merchant's admin: our page, a click, WeChat's authorization page, and back with a code. */
@Injectable()
export class Onboarding {
  constructor(
    private readonly platforms: Platforms,
    private readonly merchants: Merchants,
    private readonly links: AuthorizationLinks,
    private readonly codes: PreAuthCodes,
    private readonly exchange: GrantExchange,
    @Inject(STATE_SIGNER) private readonly signer: Signer,
    @Inject(ONBOARDING_OPTIONS) private readonly options: OnboardingOptions,
  ) {}

  /** The address of a link that was issued. It is signed anew each time, so it outlives a change of master keys. */
  linkUrl(componentAppid: string, linkId: string): string {
    return this.pageUrl(componentAppid, writeLink({ linkId }, componentAppid, this.signer));
  }

  /** From where this one account can authorize again. Gives no name and leads to WeChat alone, so it needs no end. */
  reauthorizeUrl(componentAppid: string, authorizerAppid: string): string {
    return this.pageUrl(componentAppid, writeLink({ account: authorizerAppid }, componentAppid, this.signer));
  }

  /**
   * Whether the page opens for whoever comes so. Asks nothing of WeChat.
   * @throws PlatformNotFound, AuthorizationLinkRefused, OpenAuthorizationOff
   */
  async welcome(componentAppid: string, { link: text, bizAppid }: Visit): Promise<Visitor> {
    // What is forged costs no query.
    const subject = text === undefined ? undefined : readLink(text, componentAppid, this.signer);
    const platform = await this.platforms.named(componentAppid);
    if (subject === undefined) {
      if (!this.options.isOpen) throw new OpenAuthorizationOff();
      return { platform, account: bizAppid, isStranger: true };
    }
    if ('account' in subject) return { platform, account: subject.account, isStranger: false };
    const link = await this.links.open(platform.id, subject.linkId);
    return { platform, link, account: link.authorizerAppid ?? undefined, isStranger: false };
  }

  /**
   * The click: links to WeChat. They cost a pre-auth code, unless this visitor has an unused one.
   * @param visitId tells one opening of the page from another where there is no link
   * @param kept values that the address of the way back shall have, for the page there
   * @throws TooManyAuthorizations, TokenUnavailable, TicketMissing, WechatError
   */
  async begin({ platform, link, account, isStranger }: Visitor, visitId: string, kept: Kept): Promise<WechatLinks> {
    const { componentAppid } = platform;
    const taker = takerOf({ link, account, isStranger }, visitId);
    const { id, code } = await this.codes.handOut(platform, taker, this.budgets({ link, account, isStranger }));
    const expiresAt = Date.now() + STATE_LIFETIME_MS;
    const state = writeState({ id, componentAppid, linkId: link?.id, expiresAt }, this.signer);
    const query = kept.lang === undefined ? { state } : { state, lang: kept.lang };
    const { publicUrl, wechatMpUrl, wechatOpenUrl } = this.options;
    return authorizationLinks({
      mpUrl: wechatMpUrl,
      openUrl: wechatOpenUrl,
      componentAppid,
      preAuthCode: code,
      redirectUri: `${publicUrl}/authorize/${componentAppid}/callback?${new URLSearchParams(query).toString()}`,
      ...(account !== undefined && { bizAppid: account }),
    });
  }

  /**
   * The admin came back. A page that is loaded again shows the same result; a `state` works with one code only.
   * @throws AuthorizationStateRefused, AuthorizationCodeRefused, PlatformNotFound, WechatError; once the grant is
   * stored AuthorizationLinkOfAnother, AuthorizationLinkRefused
   */
  async complete(componentAppid: string, state: string, code: string, alongside: AlongsideNaming): Promise<Completed> {
    // What is forged costs no query.
    const { id, linkId } = readState(state, componentAppid, this.signer, Date.now());
    const platform = await this.platforms.named(componentAppid);
    const codeHash = hashOfCode(code);
    await this.codes.spend(id, codeHash);
    const merchant = await this.exchange.exchange(platform, { code });
    const link = linkId === undefined ? undefined : await this.links.settle(linkId, merchant, codeHash, alongside);
    const { authorizerAppid, ineligibleReasons } = merchant;
    const result = ineligibleReasons.length === 0 ? 'authorized' : 'incomplete';
    const returnUrl = this.links.wayBack(platform, link, { result, merchant: authorizerAppid });
    return { platform, merchant: link ? await this.merchants.byId(merchant.id) : merchant, returnUrl };
  }

  /**
   * Whose page somebody looks at whose authorization failed, and where it leads back to.
   * @param state of the way back, or else the link of the page
   * @throws PlatformNotFound, whatever keeps the database from answering
   */
  async failed(componentAppid: string, from: WhereFrom): Promise<Failed> {
    const platform = await this.platforms.remembered(componentAppid);
    const id = this.linkIdIn(componentAppid, from);
    const link = id === undefined ? undefined : await this.links.find(platform.id, id);
    return { platform, returnUrl: this.links.wayBack(platform, link, { result: 'failed' }) };
  }

  /** The provider, as the pages of a platform show it. */
  provider(platform: Platform): { name: string | null; logoUrl: string | null } {
    return { name: platform.providerName, logoUrl: this.logoUrl(platform) };
  }

  /** Where WeChat pushes to, as it is entered there: `$APPID$` stands for an account, and WeChat fills it in. */
  callbackUrls({ componentAppid }: Platform): { events: string; messages: string } {
    const base = `${this.options.publicUrl}/wechat/${componentAppid}`;
    return { events: `${base}/events`, messages: `${base}/messages/$APPID$` };
  }

  /** Where a page shows the provider's logo from. Null: there is none. */
  logoUrl({ componentAppid, providerLogoType }: Platform): string | null {
    return providerLogoType === null ? null : `${this.options.publicUrl}/authorize/${componentAppid}/logo`;
  }

  private linkIdIn(componentAppid: string, { state, link: text }: WhereFrom): string | undefined {
    try {
      if (state !== undefined) return readState(state, componentAppid, this.signer, Date.now()).linkId;
      const subject = text === undefined ? undefined : readLink(text, componentAppid, this.signer);
      return subject && 'linkId' in subject ? subject.linkId : undefined;
    } catch {
      // What is forged or too old names no link.
      return undefined;
    }
  }

  private pageUrl(componentAppid: string, link: string): string {
    return `${this.options.publicUrl}/authorize/${componentAppid}?link=${link}`;
  }

  private budgets({ link, account, isStranger }: Visiting): Budget[] {
    if (isStranger) return [{ spender: 'open', perHour: this.options.openPerHour }];
    if (!link) return [ofOne(`account/${account ?? ''}`), { spender: 'accounts', perHour: OF_ALL_LINKS }];
    const ofLink = isForOne(link)
      ? ofOne(`link/${link.id}`)
      : { spender: `link/${link.id}`, perHour: PER_LINK_FOR_MANY };
    return [ofLink, { spender: issuerOf(link), perHour: OF_ALL_LINKS }];
  }
}

type Visiting = Omit<Visitor, 'platform'>;

const ofOne = (spender: string): Budget => ({ spender, perHour: PER_LINK_FOR_ONE });

const issuerOf = ({ issuerTenant, issuedBy }: AuthorizationLink) =>
  issuerTenant === null ? `key/${issuedBy}` : `tenant/${issuerTenant}`;

const isForOne = ({ isSingleUse, authorizerAppid }: AuthorizationLink) => isSingleUse || authorizerAppid !== null;

/**
 * Whose code it is. A link for many authorizations has many people follow it, so there each opening of the page counts
 * by itself, as it does without a link.
 */
function takerOf({ link, account, isStranger }: Visiting, visitId: string): string {
  if (isStranger) return `visit/${visitId}`;
  if (!link) return `account/${account ?? ''}`;
  return isForOne(link) ? `link/${link.id}` : `visit/${link.id}/${visitId}`;
}
