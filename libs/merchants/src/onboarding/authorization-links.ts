import { Inject, Injectable, Logger } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { DataSource, Repository, type EntityManager } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { forgetInSteps, rows } from '@app/database';
import { reaches, type Scope } from '@app/scope';
import { AuthorizationLink } from './authorization-link.entity.js';
import {
  AuthorizationLinkOfAnother,
  AuthorizationLinkRefused,
  MerchantNotFound,
  ReturnUrlNotAllowed,
} from '../errors.js';
import { Merchant } from '../merchants/merchant.entity.js';
import { Merchants } from '../merchants/merchants.js';
import { ONBOARDING_OPTIONS, type OnboardingOptions } from './onboarding-options.js';
import { Platforms, type Platform } from '../platforms/platforms.js';
import { isReturnAllowed, returnAddress, type Returned } from './return-url.js';

export interface LinkWish {
  ref: string | null;
  /** The one account that may authorize by it. */
  authorizerAppid: string | null;
  returnUrl: string | null;
  isSingleUse: boolean;
  expiresInSeconds: number;
  issuedBy: string;
  issuerRole: string;
  issuerTenant: string | null;
}

/** A merchant has got its name by a link. */
export interface NamedMerchant {
  merchant: Merchant;
  link: AuthorizationLink;
}

/** Written in the transaction that names the merchant. */
export type AlongsideNaming = (tx: EntityManager, named: NamedMerchant) => Promise<void>;

/** The links that the provider issues: who comes by one brings a name, and may be sent on. */
@Injectable()
export class AuthorizationLinks {
  private readonly logger = new Logger(AuthorizationLinks.name);

  constructor(
    private readonly dataSource: DataSource,
    @InjectRepository(AuthorizationLink) private readonly links: Repository<AuthorizationLink>,
    private readonly platforms: Platforms,
    private readonly merchants: Merchants,
    @Inject(ONBOARDING_OPTIONS) private readonly options: OnboardingOptions,
  ) {}

  /** @throws PlatformNotFound, MerchantNotFound, ReturnUrlNotAllowed */
  async issue(tx: EntityManager, scope: Scope, componentAppid: string, wish: LinkWish): Promise<AuthorizationLink> {
    const { expiresInSeconds, ...columns } = wish;
    const { authorizerAppid, returnUrl } = wish;
    const platform = await this.platforms.get(scope, componentAppid, tx);
    // It need not have authorized yet: that is what the link is for.
    if (authorizerAppid !== null && !reaches(scope, { authorizerAppid, componentAppid })) {
      throw new MerchantNotFound(authorizerAppid);
    }
    if (returnUrl !== null && !this.mayReturn(platform, returnUrl)) throw new ReturnUrlNotAllowed();
    const expiresAt = new Date(Date.now() + expiresInSeconds * 1_000);
    const id = uuidv7();
    await tx.insert(AuthorizationLink, { ...columns, id, platformId: platform.id, expiresAt });
    return tx.findOneByOrFail(AuthorizationLink, { id });
  }

  /** One that can be followed now. @throws AuthorizationLinkRefused */
  async open(platformId: string, id: string): Promise<AuthorizationLink> {
    const link = await this.find(platformId, id);
    // One that is gone was swept long after its end.
    if (!link || link.expiresAt.getTime() < Date.now()) throw new AuthorizationLinkRefused('expired');
    if (link.isSingleUse && link.usedAt) throw new AuthorizationLinkRefused('used');
    return link;
  }

  /**
   * The merchant has authorized by this link: uses it up if it is for once, and gives the merchant the link's name if
   * it has none. That it is stored already is right in any case, for WeChat's event alone would have brought it.
   * @returns the link; undefined for one that is gone
   * @throws AuthorizationLinkOfAnother, AuthorizationLinkRefused: then nothing of this has happened
   */
  async settle(
    id: string,
    merchant: Merchant,
    codeHash: string,
    alongside: AlongsideNaming,
  ): Promise<AuthorizationLink | undefined> {
    return this.dataSource.transaction(async (tx) => {
      const link = await tx.findOne(AuthorizationLink, { where: { id }, lock: { mode: 'pessimistic_write' } });
      if (!link) return undefined;
      if (link.authorizerAppid !== null && link.authorizerAppid !== merchant.authorizerAppid) {
        throw new AuthorizationLinkOfAnother(merchant.authorizerAppid, link.authorizerAppid);
      }
      if (link.codeHash === codeHash) return link;
      if (link.isSingleUse && link.usedAt) throw usedMeanwhile(merchant.authorizerAppid);
      await tx.update(AuthorizationLink, { id }, { usedAt: () => 'now()', codeHash });
      if (link.ref === null) return link;
      if (await this.merchants.giveRef(tx, merchant.id, link.ref, link.issuedBy)) {
        await alongside(tx, { merchant, link });
      } else if (merchant.ref !== link.ref) {
        this.logger.warn('ref of a link not taken: the merchant has one', { merchant_id: merchant.id, link_id: id });
      }
      return link;
    });
  }

  /** For a month after their end, an open page is told that its link is over and not that it never was. */
  async forgetOld(): Promise<void> {
    await forgetInSteps(async (atMost) => {
      const forgotten = await rows(
        this.dataSource,
        `DELETE FROM authorization_links WHERE id = ANY(ARRAY(
           SELECT id FROM authorization_links WHERE expires_at < now() - interval '30 days'
           ORDER BY expires_at LIMIT $1))
         RETURNING 1`,
        [atMost],
      );
      return forgotten.length;
    });
  }

  /**
   * Where an admin may go on to: as the link says, if that is still allowed, otherwise as the platform says.
   * @param link undefined for those who came without one
   */
  wayBack(platform: Platform, link: AuthorizationLink | undefined, returned: Returned): string | null {
    const wished = link?.returnUrl ?? null;
    const url = wished !== null && this.mayReturn(platform, wished) ? wished : platform.returnUrl;
    return url === null ? null : returnAddress(url, { ...returned, ref: link?.ref });
  }

  /** One that was issued, whether or not it can be followed. */
  async find(platformId: string, id: string): Promise<AuthorizationLink | undefined> {
    return (await this.links.findOneBy({ id, platformId })) ?? undefined;
  }

  private mayReturn({ returnUrls }: Platform, url: string): boolean {
    return isReturnAllowed(url, [...this.options.returnOrigins, ...returnUrls]);
  }
}

const usedMeanwhile = (authorized: string) =>
  new AuthorizationLinkRefused(
    'used',
    `Account ${authorized} has authorized the platform, but the link was used by another authorization before.`,
  );
