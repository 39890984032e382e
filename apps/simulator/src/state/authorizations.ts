import type { Credentials } from './credentials.js';
import { EXCLUSIVE_SETS } from './permission-sets.js';
import type { SeededRandom } from '../behaviour/random.js';
import { Refusal } from './refusal.js';
import type { Settings } from '../behaviour/settings.js';
import type { Clock } from './timeline.js';
import type { AuthCode, Grant, Merchant, Platform, PreAuthCode, World } from './world.js';

export type GrantChange = 'authorized' | 'updateauthorized' | 'unchanged';

export interface Authorized {
  grant: Grant;
  authCode: AuthCode;
  preAuthCode: PreAuthCode;
  change: GrantChange;
}

/**
 * The life of a grant: pre-auth code, the admin's consent, the authorization code, its exchange, refresh,
 * de-authorization.
 * https://developers.weixin.qq.com/doc/oplatform/Third-party_Platforms/2.0/api/Before_Develop/authorize_event.html
 */
export class Authorizations {
  constructor(
    private readonly world: World,
    private readonly credentials: Credentials,
    private readonly settings: () => Settings,
    private readonly clock: Clock,
    private readonly random: SeededRandom,
  ) {}

  createPreAuthCode(platform: Platform): PreAuthCode {
    const value = `preauthcode@@@${this.random.base64url(86)}`;
    const expiresAt = this.clock.now() + this.settings().pre_auth_code_lifetime_s * 1000;
    const preAuthCode = { value, platform, expiresAt, isUsed: false };
    forgetOld(this.world.preAuthCodes, this.clock.now());
    this.world.preAuthCodes.set(value, preAuthCode);
    return preAuthCode;
  }

  /** The pre-auth code if it may still open an authorization page of this platform. */
  findPreAuthCode(platform: Platform, value: string): PreAuthCode | undefined {
    const code = this.world.preAuthCodes.get(value);
    return code && code.platform === platform && !code.isUsed && code.expiresAt > this.clock.now() ? code : undefined;
  }

  /** Before its release a platform is open to its test accounts only (61028). */
  mayAuthorize(platform: Platform, merchant: Merchant): boolean {
    return platform.isPublished || platform.testAccounts.includes(merchant.appid);
  }

  /** Whether another platform holds this exclusive set of the account. */
  isTaken(platform: Platform, merchant: Merchant, set: number): boolean {
    if (!EXCLUSIVE_SETS.has(set)) return false;
    for (const other of this.world.platforms.values()) {
      const grant = other === platform ? undefined : other.grants.get(merchant.appid);
      if (grant?.isActive && grant.permissionSets.includes(set)) return true;
    }
    return false;
  }

  /** What the admin's click on "authorize" does. The caller pushes `change`, unless nothing changed. */
  authorize(platform: Platform, merchant: Merchant, preAuthCode: PreAuthCode, selected: number[]): Authorized {
    const permissionSets = [...new Set(selected)]
      .filter((set) => platform.permissionSets.includes(set) && !this.isTaken(platform, merchant, set))
      .sort((a, b) => a - b);
    preAuthCode.isUsed = true;
    merchant.hasChangedPassword = false;

    const existing = platform.grants.get(merchant.appid);
    const change = changeOf(existing, permissionSets);
    const grant = existing ?? this.newGrant(platform, merchant);
    if (existing && !existing.isActive) {
      this.credentials.forget(existing);
      Object.assign(existing, { refreshToken: this.credentials.newRefreshToken(), isExchanged: false });
    } else if (existing && this.settings().reauthorization_rotates_refresh_token) {
      this.credentials.rotateRefreshToken(existing);
    }
    Object.assign(grant, { permissionSets, authorizedAt: this.clock.now(), isActive: true });
    return { grant, authCode: this.createAuthCode(grant), preAuthCode, change };
  }

  /** A code for a grant that exists, as the release check sends one in a message. */
  createAuthCode(grant: Grant): AuthCode {
    const value = `queryauthcode@@@${this.random.base64url(86)}`;
    const expiresAt = this.clock.now() + this.settings().auth_code_lifetime_s * 1000;
    const authCode = { value, grant, expiresAt, isUsed: false };
    forgetOld(this.world.authCodes, this.clock.now());
    this.world.authCodes.set(value, authCode);
    return authCode;
  }

  /** Codes are good for one exchange, by the platform that they were made for. */
  exchange(platform: Platform, value: string): Grant {
    const code = this.world.authCodes.get(value);
    if (!code || code.isUsed || code.grant.platform !== platform || !code.grant.isActive) throw new Refusal(61009);
    if (code.expiresAt <= this.clock.now()) throw new Refusal(61010);
    code.isUsed = true;
    code.grant.isExchanged = true;
    return code.grant;
  }

  /** The grant that a refresh token belongs to, having rotated the token if the settings say so. */
  refresh(platform: Platform, authorizerAppid: string, refreshToken: string): Grant {
    const grant = this.activeGrant(platform, authorizerAppid);
    if (grant.merchant.hasChangedPassword) throw new Refusal(42007);
    if (!this.credentials.acceptsRefreshToken(grant, refreshToken)) throw new Refusal(61023);
    if (this.settings().every_refresh_rotates_refresh_token) this.credentials.rotateRefreshToken(grant);
    return grant;
  }

  activeGrant(platform: Platform, authorizerAppid: string): Grant {
    const grant = platform.grants.get(authorizerAppid);
    if (!grant?.isActive) throw new Refusal(61003);
    return grant;
  }

  /** Its tokens stay known, to be answered with 61003. */
  deauthorize(platform: Platform, authorizerAppid: string): Grant {
    const grant = this.activeGrant(platform, authorizerAppid);
    grant.isActive = false;
    return grant;
  }

  private newGrant(platform: Platform, merchant: Merchant): Grant {
    const grant: Grant = {
      platform,
      merchant,
      permissionSets: [],
      authorizedAt: 0,
      isActive: false,
      isExchanged: false,
      refreshToken: this.credentials.newRefreshToken(),
      oldRefreshTokens: [],
      accessTokens: [],
    };
    platform.grants.set(merchant.appid, grant);
    return grant;
  }
}

/** WeChat pushes `updateauthorized` only if the selection changed. */
export function changeOf(existing: Grant | undefined, permissionSets: number[]): GrantChange {
  if (!existing?.isActive) return 'authorized';
  return existing.permissionSets.join() === permissionSets.join() ? 'unchanged' : 'updateauthorized';
}

/** Expired codes are told from unknown ones this long. */
const REMEMBERED_MS = 3_600_000;

/** Codes are kept in the order they were made, so the old ones come first. */
function forgetOld(codes: Map<string, { expiresAt: number }>, now: number): void {
  for (const [value, { expiresAt }] of codes) {
    if (expiresAt + REMEMBERED_MS > now) return;
    codes.delete(value);
  }
}
