import type { Words } from '@app/words';

export const onboardTexts = {
  title: { zh: '接入商家', en: 'Onboard' },
  lead: {
    zh: '生成一个授权链接，发给公众号或服务号的管理员。对方在微信中确认后，结果会立即显示在这里。',
    en: 'Make a link and send it to the administrator of an Official or Service account. Once it is confirmed in WeChat, it shows here at once.',
  },
  makeLink: { zh: '生成链接', en: 'Make a link' },
  platform: { zh: '第三方平台', en: 'Platform' },
  ref: { zh: '备注名（ref，可不填）', en: 'Your name for it (ref, optional)' },
  refHint: {
    zh: '例如店铺编号。授权完成后商家会带上它；已有备注名的商家保持不变。',
    en: 'Such as the number of a shop. Whoever authorizes gets it, unless the merchant has a name already.',
  },
  goodFor: { zh: '有效期', en: 'Good for' },
  days: { zh: '{days} 天', en: '{days} days' },
  oneDay: { zh: '1 天', en: '1 day' },
  uses: { zh: '可用次数', en: 'Can be used' },
  once: { zh: '一次（一个商家）', en: 'Once, for one merchant' },
  often: { zh: '不限次数（多个商家）', en: 'Any number of times' },
  make: { zh: '生成链接', en: 'Make the link' },
  makeAnother: { zh: '再生成一个', en: 'Make another link' },
  noPlatform: { zh: '还没有登记第三方平台', en: 'No platform is registered yet' },
  noPlatformHow: {
    zh: '商家授权的是您的第三方平台：请先登记它。',
    en: 'Merchants authorize your platform: register it first.',
  },
  toPlatforms: { zh: '登记平台', en: 'Register a platform' },
  send: { zh: '发给管理员', en: 'Send it to the administrator' },
  onPhone: { zh: '手机', en: 'On a phone' },
  onPhoneHow: {
    zh: '请管理员用手机微信扫描二维码，或在微信中打开链接。',
    en: 'Have the administrator scan this with WeChat, or open the link in WeChat.',
  },
  onComputer: { zh: '电脑', en: 'On a computer' },
  onComputerHow: {
    zh: '请管理员在浏览器中打开链接，点击“开始授权”，再用微信扫描页面上的二维码。',
    en: 'Have the link opened in a browser: “Begin” leads to a code of WeChat’s, which the administrator scans.',
  },
  keepSet7: {
    zh: '请提醒对方保留“群发与通知”权限，否则无法撤回群发消息。',
    en: 'Ask them to keep “Mass messages and notifications” ticked: without it nothing can be taken back.',
  },
  secret: { zh: '得到链接的人都可以使用它。', en: 'Whoever has the link can use it.' },
  goodUntil: { zh: '有效至', en: 'Good until' },
  qr: { zh: '授权链接的二维码', en: 'QR code of the authorization link' },
  watch: { zh: '等待授权', en: 'Watch it come in' },
  watching: {
    zh: '正在等待授权。可以离开本页：完成授权的商家会出现在商家列表中。',
    en: 'Waiting for somebody to authorize. You may leave this page: whoever has authorized is in the list of merchants.',
  },
  allGood: {
    zh: '{name} 已授权，已授予“群发与通知”（权限集 7）：可以撤回。',
    en: '{name} authorized, set 7 granted: its messages can be taken back.',
  },
  notYet: {
    zh: '{name} 已授权，但还不能撤回：',
    en: '{name} authorized, but its messages cannot be taken back yet:',
  },
  factsAwaited: {
    zh: '{name} 已授权，正在向微信查询账号的类型和权限…',
    en: '{name} authorized; WeChat is being asked what kind of account it is and what it granted…',
  },
  withRef: { zh: '备注名：{ref}', en: 'Your name for it: {ref}' },
  open: { zh: '查看商家', en: 'See the merchant' },
} as const satisfies Record<string, Words>;
