import { Injectable, Logger } from '@nestjs/common';
import { ComponentApi, type AuthorizerList } from '@app/wechat';
import { ComponentTokens, type CallingPlatform } from '../platforms/component-tokens.js';

/**
 * One line of WeChat's list: an account that authorizes the platform now. Its token is blank if no code was exchanged.
 */
export type ListedAuthorizer = AuthorizerList['authorizers'][number];

/** The most that api_get_authorizer_list gives at once; more is refused with 40170. */
const PAGE_SIZE = 500;

/**
 * WeChat's own list of who authorizes a platform: what saves a grant whose refresh token or authorization code was
 * lost. It may change while it is read, so that somebody is missed: absence proves nothing.
 */
@Injectable()
export class AuthorizerLists {
  private readonly logger = new Logger(AuthorizerLists.name);

  constructor(
    private readonly componentTokens: ComponentTokens,
    private readonly api: ComponentApi,
  ) {}

  /** @throws TicketMissing, TokenUnavailable, WechatError */
  async *pages(platform: CallingPlatform): AsyncGenerator<ListedAuthorizer[]> {
    const { componentAppid } = platform;
    let hasWarned = false;
    for (let offset = 0; ;) {
      const { totalCount, authorizers, skipped } = await this.componentTokens.use(platform, (componentAccessToken) =>
        this.api.getAuthorizerList({ componentAccessToken, componentAppid, offset, count: PAGE_SIZE }),
      );
      if (skipped > 0 && !hasWarned) {
        hasWarned = true;
        this.logger.warn('accounts without an appid on the list of authorizers were passed over', {
          component_appid: componentAppid,
          offset,
          skipped,
        });
      }
      if (authorizers.length > 0) yield authorizers;
      const received = authorizers.length + skipped;
      offset += received;
      const isLast = totalCount === undefined ? received < PAGE_SIZE : offset >= totalCount;
      if (received === 0 || isLast) return;
    }
  }

  async find(platform: CallingPlatform, authorizerAppid: string): Promise<ListedAuthorizer | undefined> {
    for await (const page of this.pages(platform)) {
      const found = page.find((listed) => listed.authorizerAppid === authorizerAppid);
      if (found) return found;
    }
    return undefined;
  }
}
