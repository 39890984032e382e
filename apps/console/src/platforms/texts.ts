import type { Words } from '@app/words';

export const platformTexts = {
  title: { zh: '第三方平台', en: 'Platforms' },
  register: { zh: '登记平台', en: 'Register a platform' },
  registerAction: { zh: '登记', en: 'Register' },
  registerLead: {
    zh: '在微信开放平台“管理中心 · 第三方平台 · 详情”中可以找到这些值。登记后请把这里给出的两个 URL 填到微信。',
    en: 'WeChat’s Open Platform shows these under the platform’s details. Once it is registered, two URLs have to be entered there.',
  },
  none: { zh: '还没有登记第三方平台', en: 'No platform is registered yet' },
  noneWithin: { zh: '您的密钥范围内没有第三方平台', en: 'No platform is within the limits of your key' },
  whoRegisters: {
    zh: '登记需要没有范围限制的管理员密钥。',
    en: 'Registering one takes an admin’s key without limits.',
  },
  noneHint: {
    zh: '登记平台后，微信开始推送票据，商家才能授权。',
    en: 'Once one is registered, WeChat pushes tickets to it, and merchants can authorize it.',
  },
  list: { zh: '第三方平台列表', en: 'Platforms' },
  platform: { zh: '平台', en: 'Platform' },
  state: { zh: '状态', en: 'State' },
  ticket: { zh: '票据', en: 'Ticket' },
  ticketAt: { zh: '最近收到票据', en: 'Last ticket' },
  comparedAt: { zh: '最近核对授权列表', en: 'List compared' },
  never: { zh: '从未', en: 'Never' },
  works: { zh: '正常', en: 'Works' },
  held: { zh: '已暂停', en: 'Held' },
  heldTitle: { zh: '该平台的所有撤回已暂停', en: 'All deletions of this platform are held' },
  heldSince: { zh: '暂停于', en: 'Held since' },
  nextProbe: {
    zh: '下一次试探调用（成功后自动恢复）：',
    en: 'The next probe, after which all goes on if it passes:',
  },
  heldAdvice: {
    zh: '点击“检查”，查看需要处理什么。',
    en: 'Press “Examine” to see what has to be mended.',
  },
  registered: { zh: '登记于', en: 'Registered' },

  atWechat: { zh: '在微信开放平台填写', en: 'To enter at WeChat' },
  atWechatLead: {
    zh: '微信开放平台 · 管理中心 · 第三方平台 · 详情 · 开发资料：',
    en: 'At open.weixin.qq.com, in the development settings of the platform:',
  },
  eventsUrl: { zh: '授权事件接收 URL', en: 'Authorization-event URL' },
  messagesUrl: { zh: '消息与事件接收 URL', en: 'Message-and-event URL' },
  startDomain: { zh: '授权发起页域名', en: 'Domain of the page that starts authorizations' },
  ipHint: {
    zh: '还需要在“白名单 IP 地址列表”中加入本服务的出口地址；“检查”会告诉您缺少哪个地址。$APPID$ 请原样填写，由微信替换。',
    en: 'The IP list there needs the address that this service calls from: “Examine” tells which one is missing. $APPID$ is entered as it stands: WeChat fills it in.',
  },
  addressHint: {
    zh: '这些地址以设置项 PUBLIC_URL 开头：它必须是微信访问本服务的公网地址。不对时，请由维护人员更改设置。',
    en: 'These begin with the setting PUBLIC_URL, which has to be where WeChat reaches this service. If it is not, those who run the service change it.',
  },

  examine: { zh: '检查', en: 'Examine' },
  doctor: { zh: '检查结果', en: 'Examination' },
  doctorLead: {
    zh: '检查推送、票据、令牌、IP 白名单、时钟和授权列表，并说明需要怎样处理。每分钟最多一次，会调用微信一到两次。',
    en: 'Looks at pushes, ticket, token, IP list, clocks and the list of authorizers, and says what mends what is wrong. Once a minute at most; it makes one or two calls to WeChat.',
  },
  allWell: { zh: '一切正常。', en: 'All is well.' },
  needCare: { zh: '有 {count} 项需要处理。', en: '{count} of the checks need care.' },
  examinedAt: { zh: '检查于', en: 'Examined' },
  ahead: { zh: '本服务快 {time}', en: 'This service is ahead by {time}' },
  behind: { zh: '本服务慢 {time}', en: 'This service is behind by {time}' },
  lists: {
    zh: '微信列出 {listed} 个，这里已授权 {authorized} 个',
    en: 'WeChat lists {listed}, authorized here: {authorized}',
  },
  served: { zh: '{authorized} 个已授权，其中 {eligible} 个可以撤回', en: '{eligible} of {authorized} can be served' },
  toMerchants: { zh: '查看不能撤回的商家', en: 'See the merchants that cannot be served' },

  sync: { zh: '同步授权列表', en: 'Sync' },
  syncLead: {
    zh: '读取微信的整个授权列表，更正这里的商家：补上缺少的，修复丢失的令牌。不会删除任何商家。',
    en: 'Reads all of WeChat’s list of authorizers and mends the merchants here: adds who is missing, and repairs lost tokens. Nobody is removed.',
  },
  synced: {
    zh: '微信列出 {listed} 个：新增 {added}，修复 {repaired}，恢复 {readopted}；不在列表中 {absent}。',
    en: 'WeChat lists {listed}: {added} added, {repaired} repaired, {readopted} taken back; {absent} are not on it.',
  },

  provider: { zh: '授权页面', en: 'Authorization pages' },
  providerLead: {
    zh: '商家在授权页面上看到的服务商名称和标志，以及授权之后返回的地址。',
    en: 'Your name and logo as merchants see them while they authorize, and where the pages lead back to.',
  },
  providerName: { zh: '服务商名称', en: 'Your name' },
  providerNameHint: { zh: '最多 60 个字。留空则不显示。', en: '60 characters at most. Left empty, none is shown.' },
  logo: { zh: '标志', en: 'Logo' },
  logoHint: { zh: 'PNG、JPEG 或 WebP 图片，最大 48 kB。', en: 'A PNG, JPEG or WebP picture of at most 48 kB.' },
  logoTooLarge: { zh: '图片超过 48 kB。', en: 'The picture is larger than 48 kB.' },
  noLogo: { zh: '去掉标志', en: 'Take the logo away' },
  returnUrl: { zh: '授权后返回', en: 'Lead back to' },
  returnUrlHint: {
    zh: '授权链接没有另外指定时，返回这个 https 地址，并附上 result 等参数。',
    en: 'Where a link does not say otherwise: an https URL, which gets result and more in its query.',
  },
  wrongReturnUrl: { zh: '应为 https 地址，不含用户名。', en: 'It has to be an https URL without a user.' },
  returnUrls: { zh: '允许返回的地址', en: 'Links may lead back to' },
  returnUrlsHint: {
    zh: '每行一个 https 地址，最多 20 个：授权链接的 return_url 必须以其中之一开头。',
    en: 'One https URL a line, 20 at most: the return_url of a link has to begin with one of them.',
  },
  wrongReturnUrls: {
    zh: '每行一个 https 地址，不含用户名、? 和 #，最多 20 个。',
    en: 'Each line is an https URL without user, ? and #; 20 at most.',
  },

  forwards: { zh: '转发推送', en: 'Forwarded pushes' },
  forwardsLead: {
    zh: '微信只推送到一个地址。验证过的推送会原样转发到以下地址，供您的其他系统使用。',
    en: 'WeChat pushes to one address only. Verified pushes go on to these, byte for byte, for your other systems.',
  },
  noForwards: { zh: '没有转发地址。', en: 'They go nowhere else.' },
  change: { zh: '修改', en: 'Change' },
  save: { zh: '保存', en: 'Save' },
  onePerLine: {
    zh: '每行一个 URL，最多 10 个。$APPID$ 会替换为推送所涉及的 appid。',
    en: 'One URL a line, ten at most. $APPID$ becomes the appid that the push is about.',
  },

  secrets: { zh: '密钥', en: 'Secrets' },
  secretsLead: {
    zh: 'AppSecret、Token 和 EncodingAESKey 加密保存，只能写入，不能读出。',
    en: 'AppSecret, Token and EncodingAESKey are stored encrypted: they can be written, not read.',
  },
  replaceSecrets: { zh: '更换密钥', en: 'Replace secrets' },
  replaceLead: {
    zh: '只填写要更换的项，其余保持不变。新的 EncodingAESKey 生效后，旧的仍会保留，用于解密在途的推送。',
    en: 'Fill in what is to be replaced; the rest stays. After a new EncodingAESKey, the one before still opens what is under way.',
  },
  replace: { zh: '更换', en: 'Replace' },
  saved: { zh: '已保存。', en: 'Saved.' },

  appid: { zh: '平台 AppID（component_appid）', en: 'AppID of the platform (component_appid)' },
  appSecret: { zh: 'AppSecret', en: 'AppSecret' },
  token: { zh: '消息校验 Token', en: 'Token for pushes' },
  encodingAesKey: { zh: '消息加解密 Key（EncodingAESKey）', en: 'Key for pushes (EncodingAESKey)' },
  forwardUrls: { zh: '转发地址（可选）', en: 'Forward to (may stay empty)' },
  wrongAppid: { zh: 'AppID 应类似 wx570bc396a51b8ff8。', en: 'An AppID looks like wx570bc396a51b8ff8.' },
  wrongKey: {
    zh: 'EncodingAESKey 由 43 个字母和数字组成。',
    en: 'An EncodingAESKey has 43 letters and digits.',
  },
  wrongUrls: {
    zh: '每行一个 http(s) 地址，不含用户名、密码和 #，不重复，最多 10 个。',
    en: 'Each line is an http(s) URL without user, password and #; none twice; ten at most.',
  },

  delete: { zh: '删除平台', en: 'Delete the platform' },
  deleteLead: {
    zh: '只能删除误登记的平台：有商家授权过的平台会保留。',
    en: 'Only for one that was registered by mistake: a platform that merchants have authorized stays.',
  },
  deleteSure: {
    zh: '删除 {appid}？它的密钥会一并删除，之后微信的推送会被拒绝。',
    en: 'Delete {appid}? Its secrets go with it, and pushes of WeChat are refused from then on.',
  },
  onlyUnlimited: {
    zh: '只有没有范围限制的管理员密钥可以修改。',
    en: 'Only an admin’s key without limits may change this.',
  },
} as const satisfies Record<string, Words>;
