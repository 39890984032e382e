import type { Words } from './language.js';

/**
 * Sets an official account can grant, by the ids in func_info. The list is WeChat's and grows.
 * @see https://developers.weixin.qq.com/doc/oplatform/Third-party_Platforms/2.0/product/offical_account_authority.html
 */
const names: Readonly<Record<number, Words>> = {
  1: { en: 'Message management', zh: '消息管理' },
  2: { en: 'User management', zh: '用户管理' },
  3: { en: 'Account service', zh: '账号服务' },
  4: { en: 'Web service', zh: '网页服务' },
  5: { en: 'WeChat shop', zh: '微信小店' },
  6: { en: 'Customer service', zh: '微信多客服' },
  7: { en: 'Mass messages and notifications', zh: '群发与通知' },
  8: { en: 'Cards and coupons', zh: '微信卡券' },
  9: { en: 'Scan', zh: '微信扫一扫' },
  10: { en: 'Wi-Fi', zh: '微信连WIFI' },
  11: { en: 'Material management', zh: '素材管理' },
  12: { en: 'Shake nearby', zh: '微信摇周边' },
  13: { en: 'Stores', zh: '微信门店' },
  15: { en: 'Custom menu', zh: '自定义菜单' },
  22: { en: 'City services', zh: '城市服务接口' },
  23: { en: 'Advertising management', zh: '广告管理' },
  24: { en: 'Open-platform account management', zh: '开放平台账号管理' },
  26: { en: 'E-invoices', zh: '微信电子发票' },
  27: { en: 'Quick mini-program registration', zh: '快速注册小程序' },
  33: { en: 'Mini-program management', zh: '小程序管理' },
  34: { en: 'Product library', zh: '微信商品库' },
  54: { en: 'Service-account dialog', zh: '服务号对话' },
  89: { en: 'Subscription notices', zh: '订阅通知' },
};

/** The set's name for people; a set that has no name here is called by its number. */
export function permissionSetName(id: number): Words {
  return names[id] ?? { en: `Permission set ${id}`, zh: `权限集 ${id}` };
}
