import type { Words } from './language.js';

/** The states of the ticket that WeChat pushes to a platform. */
export const ticketStateWords = {
  fresh: { zh: '正常', en: 'Fresh' },
  silent: { zh: '半小时没有收到票据', en: 'No ticket for half an hour' },
  missing: { zh: '没有可用的票据', en: 'No valid ticket' },
} as const satisfies Record<string, Words>;

/** The checks of a platform's examination. */
export const checkWords = {
  pushes_arrive: { zh: '微信的推送', en: 'Pushes of WeChat' },
  ticket: { zh: '平台票据（component_verify_ticket）', en: 'The component_verify_ticket' },
  component_token: { zh: '平台令牌', en: 'The platform’s token' },
  ip_listed: { zh: 'IP 白名单', en: 'The IP list' },
  clock_database: { zh: '本服务与数据库的时钟', en: 'Clocks of this service and its database' },
  clock_wechat: { zh: '本服务与微信的时钟', en: 'Clocks of this service and WeChat' },
  authorizer_list: { zh: '授权列表', en: 'The list of authorizers' },
  merchants: { zh: '商家', en: 'Merchants' },
} as const satisfies Record<string, Words>;

/** The states of a check. */
export const checkStateWords = {
  ok: { zh: '正常', en: 'All right' },
  failed: { zh: '需要处理', en: 'Needs care' },
  unknown: { zh: '未知', en: 'Not known' },
} as const satisfies Record<string, Words>;

/** What a check has found, by its code. */
export const findingWords = {
  never_pushed: { zh: '还没有收到微信的任何推送。', en: 'WeChat has not pushed anything yet.' },
  pushes_silent: { zh: '半小时没有收到微信的推送。', en: 'WeChat has pushed nothing for half an hour.' },
  pushes_arrive: { zh: '推送正常到达。', en: 'Pushes arrive.' },
  ticket_fresh: { zh: '票据是新的。', en: 'The ticket is fresh.' },
  ticket_silent: { zh: '半小时没有收到新的票据。', en: 'No ticket has come for half an hour.' },
  ticket_missing: { zh: '没有微信还会接受的票据。', en: 'There is no ticket that WeChat would still take.' },
  ticket_invalid: { zh: '微信拒绝了票据。', en: 'WeChat refused the ticket.' },
  token_works: { zh: '可以取得平台令牌，微信也接受它。', en: 'The token can be had, and WeChat takes it.' },
  platform_broken: { zh: '微信拒绝该平台的调用。', en: 'WeChat refuses the platform’s calls.' },
  credential_expired: { zh: '微信一再拒绝平台令牌。', en: 'WeChat refused the platform’s token again and again.' },
  ip_listed: { zh: '本服务的地址在白名单中。', en: 'The address of this service is on the list.' },
  ip_not_listed: { zh: '本服务的地址不在白名单中。', en: 'The address of this service is not on the list.' },
  clock_agrees: { zh: '时钟一致。', en: 'The clocks agree.' },
  clock_off: { zh: '时钟相差太多。', en: 'The clocks are too far apart.' },
  clock_not_told: { zh: '这次没有得到对方的时间。', en: 'The other clock was not told this time.' },
  list_agrees: { zh: '与微信的授权列表一致。', en: 'The merchants here are those that WeChat lists.' },
  list_drift: { zh: '与微信的授权列表不一致。', en: 'The merchants here are not those that WeChat lists.' },
  list_not_counted: { zh: '微信没有说明列表有多长。', en: 'WeChat did not say how long its list is.' },
  no_merchants: { zh: '还没有商家授权。', en: 'No merchant has authorized the platform yet.' },
  none_eligible: { zh: '没有一个商家可以撤回消息。', en: 'Of no merchant can messages be taken back.' },
  all_eligible: { zh: '所有商家都可以撤回消息。', en: 'Of all merchants messages can be taken back.' },
  some_not_eligible: { zh: '有些商家不能撤回消息。', en: 'Of some merchants messages cannot be taken back.' },
  connect_failed: { zh: '无法连接到微信的服务器。', en: 'WeChat’s servers cannot be reached.' },
  unknown_outcome: { zh: '微信没有给出确定的答复。', en: 'WeChat gave no certain answer.' },
  already_gone: { zh: '微信给出了意外的答复。', en: 'WeChat gave an answer that was not expected.' },
  refused: { zh: '微信拒绝了这次查询。', en: 'WeChat refused to be asked this.' },
  quota_spent: { zh: '该平台今天的调用次数已用完。', en: 'The platform has used its calls of today.' },
  too_fast: { zh: '调用过快，稍后再试。', en: 'The calls come too fast: try again soon.' },
  merchant_must_act: { zh: '微信给出了意外的答复。', en: 'WeChat gave an answer that was not expected.' },
  refresh_token_invalid: { zh: '微信给出了意外的答复。', en: 'WeChat gave an answer that was not expected.' },
  authorization_code_invalid: { zh: '微信给出了意外的答复。', en: 'WeChat gave an answer that was not expected.' },
  admin_must_confirm: { zh: '微信给出了意外的答复。', en: 'WeChat gave an answer that was not expected.' },
  mint_put_off: { zh: '现在没有轮到获取平台令牌。', en: 'The turn to mint the token did not come in time.' },
  token_unavailable: { zh: '现在无法取得平台令牌。', en: 'The platform’s token could not be had just now.' },
} as const satisfies Record<string, Words>;

/** What mends a failed check, by its code. */
export const remedyWords = {
  never_pushed: {
    zh: '在微信开放平台填写下面的“授权事件接收 URL”，并确认它可以从公网访问；Token 和 EncodingAESKey 必须与这里登记的一致。',
    en: 'Enter the authorization-event URL below at WeChat, and see that it can be reached from the internet. Token and EncodingAESKey have to be those that are registered here.',
  },
  pushes_silent: {
    zh: '检查微信开放平台填写的 URL 是否仍是下面的地址、是否可以从公网访问、证书是否过期，以及 Token 和 EncodingAESKey 是否在微信那边改过。',
    en: 'See whether the URL at WeChat is still the one below, can be reached from the internet and has a valid certificate, and whether Token or EncodingAESKey were changed at WeChat.',
  },
  ticket_silent: {
    zh: '微信每十分钟推送一次票据。如果其他推送也没有到达，先解决推送；否则在微信开放平台重新推送 component_verify_ticket。',
    en: 'WeChat pushes a ticket every ten minutes. Where no pushes arrive, mend that first; otherwise have the component_verify_ticket pushed anew at WeChat.',
  },
  ticket_missing: {
    zh: '等待微信的下一次推送（最多十分钟），或在微信开放平台重新推送 component_verify_ticket。没有票据就不能调用微信。',
    en: 'Wait for WeChat’s next push (ten minutes at most), or have the component_verify_ticket pushed anew at WeChat. Without one nothing can be asked of WeChat.',
  },
  ticket_invalid: {
    zh: '等待微信推送新的票据；如果仍被拒绝，检查 AppSecret 是否属于这个平台。',
    en: 'Wait for the next ticket. Where that is refused as well, see whether the AppSecret is of this platform.',
  },
  platform_broken: {
    zh: '比对微信开放平台的 AppSecret，并用“更换密钥”重新填写；同时检查平台在微信那边是否正常。',
    en: 'Compare the AppSecret with that at WeChat, and enter it anew with “Replace secrets”. See also whether the platform is in good standing at WeChat.',
  },
  credential_expired: {
    zh: '另一个系统可能也在获取这个平台的令牌：让它停止，改为从本服务获取。也请比对 AppSecret。',
    en: 'Another system may mint this platform’s token as well: stop that, and have it ask here. Compare the AppSecret, too.',
  },
  ip_not_listed: {
    zh: '在微信开放平台把这个地址加入“白名单 IP 地址列表”。几分钟后生效。',
    en: 'Add this address to the IP list of the platform at WeChat. It takes some minutes.',
  },
  clock_off: {
    zh: '校准这些机器的时钟（NTP）。时钟不准会让等待的时间和每天的次数算错。',
    en: 'Set the clocks of these machines (NTP). With wrong clocks, waits and days of quota are wrong as well.',
  },
  list_drift: {
    zh: '点击“同步”：以微信的列表为准进行更正。',
    en: 'Press “Sync”: it takes over what WeChat lists.',
  },
  none_eligible: {
    zh: '在“商家”中查看原因，并把重新授权的链接发给他们。',
    en: 'See the reasons under “Merchants”, and send them the links to authorize again.',
  },
} as const satisfies Record<string, Words>;
