import type { Simulation } from '../simulation/simulation.js';
import { PERMISSION_SETS } from '../state/permission-sets.js';
import type { Merchant, Platform, PreAuthCode } from '../state/world.js';

/** What an authorization link asks for. */
export interface AuthorizationRequest {
  platform: Platform;
  preAuthCode: PreAuthCode;
  redirectUri: string;
  /** Accounts to choose from. */
  merchants: Merchant[];
  permissionSets: { id: number; name: string }[];
}

export type Checked = { ok: true; request: AuthorizationRequest } | { ok: false; problem: string };

type Query = Readonly<Record<string, unknown>>;

/** auth_type: 1 official accounts, 2 mini programs; 3 and 6 both. 4, 5 and 8 are other kinds of account. */
const KINDS: Readonly<Record<string, readonly Merchant['kind'][]>> = {
  '1': ['official'],
  '2': ['mini_program'],
  '3': ['official', 'mini_program'],
  '6': ['official', 'mini_program'],
  '4': [],
  '5': [],
  '8': [],
};

/**
 * Checks a link as the authorization page does before it shows anything; without a referrer the link was not clicked.
 */
export function checkRequest(simulation: Simulation, query: Query, referer: string | undefined): Checked {
  const platform = simulation.world.platforms.get(text(query, 'component_appid'));
  if (!platform) return refuse('component_appid 不存在 · there is no such platform (61011)');
  if (simulation.settings.require_click && !isFrom(platform.launchDomain, referer)) {
    return refuse(
      '请从授权发起页域名下的页面点击进入 · open this page by a click from a page on the launch domain of the platform',
    );
  }
  return checkParameters(simulation, platform, query);
}

/** The same without the click, which only the first opening needs. */
export function checkParameters(simulation: Simulation, platform: Platform, query: Query): Checked {
  const preAuthCode = simulation.authorizations.findPreAuthCode(platform, text(query, 'pre_auth_code'));
  if (!preAuthCode) return refuse('pre_auth_code 无效或已过期 · unknown, used or expired');

  const redirectUri = text(query, 'redirect_uri');
  const isRedirect = URL.canParse(redirectUri) && /^https?:$/.test(new URL(redirectUri).protocol);
  if (!isRedirect || !isOn(platform.launchDomain, new URL(redirectUri))) {
    return refuse('redirect_uri 域名与授权发起页域名不一致 · not on the launch domain of the platform');
  }
  const kinds = KINDS[text(query, 'auth_type') || '3'];
  if (!kinds) return refuse('auth_type 无效 · auth_type is not one of 1, 2, 3, 4, 5, 6, 8');

  const bizAppid = text(query, 'biz_appid');
  const pinned = simulation.world.merchants.get(bizAppid);
  if (bizAppid !== '' && !pinned) return refuse('biz_appid 不存在 · there is no such account');
  const merchants = pinned
    ? [pinned]
    : [...simulation.world.merchants.values()].filter(({ kind }) => kinds.includes(kind));

  const asked = text(query, 'category_id_list');
  const ids = asked === '' || asked === '99' ? undefined : asked.split('|').map(Number);
  const permissionSets = platform.permissionSets
    .filter((id) => !ids || ids.includes(id))
    .map((id) => ({ id, name: PERMISSION_SETS.get(id) ?? `权限集 Set ${id}` }));
  return { ok: true, request: { platform, preAuthCode, redirectUri, merchants, permissionSets } };
}

const refuse = (problem: string): Checked => ({ ok: false, problem });

const text = (query: Query, name: string): string => {
  const value = query[name];
  return typeof value === 'string' ? value : '';
};

function isFrom(launchDomain: string | undefined, referer: string | undefined): boolean {
  return referer !== undefined && URL.canParse(referer) && isOn(launchDomain, new URL(referer));
}

/** A launch domain is a host name; with a port it must be that port. */
const isOn = (launchDomain: string | undefined, url: URL): boolean =>
  launchDomain === undefined || launchDomain === url.hostname || launchDomain === url.host;
