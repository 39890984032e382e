/** Permission sets by id, as the authorization page names them. */
export const PERMISSION_SETS: ReadonlyMap<number, string> = new Map([
  [1, '消息管理 Message management'],
  [2, '用户管理 User management'],
  [3, '帐号服务 Account service'],
  [4, '网页服务 Web service'],
  [5, '微信小店 Small shop'],
  [6, '微信多客服 Customer service'],
  [7, '群发与通知 Mass messages and notifications'],
  [8, '微信卡券 Cards'],
  [9, '微信扫一扫 Scan'],
  [10, '微信连WIFI Wi-Fi'],
  [11, '素材管理 Material'],
  [12, '微信摇周边 Shake'],
  [13, '微信门店 Stores'],
  [15, '自定义菜单 Menu'],
  [19, '小程序客服管理 Mini program customer service'],
  [22, '城市服务 City services'],
  [23, '广告管理 Advertising'],
  [24, '开放平台帐号管理 Open platform account'],
  [26, '电子发票 Electronic invoices'],
  [27, '快速注册小程序 Mini program registration'],
  [34, '商品库 Product library'],
  [54, '智能对话 Dialog'],
  [89, '订阅通知 Subscription notices'],
]);

export const SET_MESSAGES = 1;
export const SET_CUSTOMER_SERVICE = 6;
export const SET_MASS = 7;
export const SET_MINI_PROGRAM_CUSTOMER_SERVICE = 19;

/** An account gives each of these to one platform only; for others it is greyed out. */
export const EXCLUSIVE_SETS: ReadonlySet<number> = new Set([4, 24, 34, 54]);
