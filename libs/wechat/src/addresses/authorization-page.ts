export interface AuthorizationLinkOptions {
  /** https://mp.weixin.qq.com */
  mpUrl: string;
  /** https://open.weixin.qq.com */
  openUrl: string;
  componentAppid: string;
  /** Single use: one link for one merchant. */
  preAuthCode: string;
  /** Gets `auth_code` and `expires_in` appended. WeChat adds no signature: put an unguessable state in it. */
  redirectUri: string;
  /** 1 official accounts, 2 mini programs, 3 both. */
  authType?: number;
  /** Offers this one account only, whatever authType says. */
  bizAppid?: string;
}

/**
 * Links to the page where an account's admin authorizes the platform: `pc` shows a QR code, `mobile` is opened inside
 * WeChat. Both must be clicked on a page of the platform's registered launch domain; typed into a browser they fail.
 * @see
 * https://developers.weixin.qq.com/doc/oplatform/Third-party_Platforms/2.0/operation/authorization/authorization_management.html
 */
export function authorizationLinks({
  mpUrl,
  openUrl,
  componentAppid,
  preAuthCode,
  redirectUri,
  authType = 1,
  bizAppid,
}: AuthorizationLinkOptions): { pc: string; mobile: string } {
  const parameters = {
    component_appid: componentAppid,
    pre_auth_code: preAuthCode,
    redirect_uri: redirectUri,
    auth_type: String(authType),
    ...(bizAppid === undefined ? {} : { biz_appid: bizAppid }),
  };
  const pc = new URLSearchParams(parameters);
  const mobile = new URLSearchParams({ action: 'bindcomponent', no_scan: '1', ...parameters });
  return {
    pc: `${trimmed(mpUrl)}/cgi-bin/componentloginpage?${pc.toString()}`,
    mobile: `${trimmed(openUrl)}/wxaopen/safe/bindcomponent?${mobile.toString()}#wechat_redirect`,
  };
}

function trimmed(url: string): string {
  return url.replace(/\/+$/, '');
}
