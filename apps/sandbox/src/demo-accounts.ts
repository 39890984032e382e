import { createHash } from 'node:crypto';

const NAMES = ['青禾', '拾光', '云上', '山野', '小满', '南巷', '桥头', '半夏', '木棉', '晴川', '老街', '白鹭'];
const TRADES = ['茶铺', '书店', '咖啡', '花坊', '烘焙'];

/** A mass message. */
export interface Sent {
  label: string;
  titles: string[];
  /** The article, counted from 1, that WeChat refuses to delete. */
  rumour?: number;
}

export interface DemoAccount {
  appid: string;
  user_name: string;
  nick_name: string;
  /** Other facts of the account, as the simulator's control API has them. */
  facts: object;
  permissionSets: number[];
  /** What stands here twice in a row is the same material: a deletion in one of the sends is one in both. */
  sends: Sent[];
}

/** What nearly all accounts have sent: the example of something to take down everywhere. */
export const CAMPAIGN: Sent = {
  label: '春季联合活动',
  titles: ['春季新品到店', '联名礼盒预售', '门店地址与营业时间'],
};
export const WRONG_PRICE: Sent = { label: '周末特价', titles: ['周末特价海报', '会员日说明'] };
const ANNIVERSARY: Sent = { label: '周年店庆', titles: ['店庆抽奖', '店庆菜单'] };
const RUMOUR: Sent = { label: '食品安全', titles: ['冷藏食品须知', '辟谣：隔夜茶'], rumour: 2 };

const digest = (name: string) => createHash('sha256').update(name).digest('hex');

const accounts: DemoAccount[] = TRADES.flatMap((trade) => NAMES.map((name) => name + trade)).map((nick_name) => ({
  appid: `wx${digest(nick_name).slice(0, 16)}`,
  user_name: `gh_${digest(nick_name).slice(16, 28)}`,
  nick_name,
  facts: {},
  permissionSets: [1, 7, 11],
  sends: [CAMPAIGN],
}));

const last = (fromTheEnd: number, change: Partial<DemoAccount>): DemoAccount => {
  const found = accounts.at(-fromTheEnd);
  if (!found) throw new Error('There are not so many accounts.');
  return Object.assign(found, change);
};

/** Those that sent a wrong price, which a takedown took back. */
export const wrongPriced = accounts.slice(0, 6);
for (const account of wrongPriced) account.sends = [CAMPAIGN, WRONG_PRICE];
for (const account of accounts.slice(6, 9)) account.sends = [CAMPAIGN, ANNIVERSARY, ANNIVERSARY];
last(6, { permissionSets: [1, 11] });
last(5, { facts: { verify_type: -1 } });
last(4, { facts: { account_status: 19 } });
export const withRefusedArticle = last(3, { sends: [CAMPAIGN, RUMOUR] });
export const withSpentQuota = last(2, {});
/** Its admin takes the authorization back. */
export const leaving = last(1, {});

export const staying = accounts.slice(0, -1);
export const demoAccountCount = accounts.length;
