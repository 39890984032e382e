export interface OnboardingOptions {
  /** Where merchants' browsers reach this service, without a slash at the end. */
  publicUrl: string;
  /** https://mp.weixin.qq.com */
  wechatMpUrl: string;
  /** https://open.weixin.qq.com */
  wechatOpenUrl: string;
  /** Whether the authorization page opens without a link. */
  isOpen: boolean;
  /** Pre-auth codes for those who come without a link, of each platform. */
  openPerHour: number;
  /** Origins (https://shop.example) that links may lead back to. */
  returnOrigins: readonly string[];
}

export const ONBOARDING_OPTIONS = Symbol('OnboardingOptions');
