import type { Words } from './language.js';

/** A problem in a sentence, and what somebody who looks at a page does next. Its own page has more, for programs. */
export interface ProblemWords {
  title: Words;
  next: Words;
}

/** Every problem code of the API. */
export const problemWords = {
  invalid_request: {
    title: { zh: '请求的内容不符合要求', en: 'The request is not of the expected form' },
    next: { zh: '请按下面列出的字段改正后再试。', en: 'Correct the fields that are listed, then try again.' },
  },
  malformed_body: {
    title: { zh: '请求的内容无法读取', en: 'The body cannot be read' },
    next: { zh: '请检查 JSON 或 CSV 的格式。', en: 'Check that it is proper JSON or CSV.' },
  },
  malformed_request: {
    title: { zh: '请求无法识别', en: 'The request cannot be understood' },
    next: { zh: '请检查客户端与服务之间的代理。', en: 'Look at what stands between the client and this service.' },
  },
  body_not_utf8: {
    title: { zh: '内容不是 UTF-8 编码', en: 'The body is not UTF-8' },
    next: {
      zh: '请将文件另存为 UTF-8 编码，中文文件常常是 GBK。',
      en: 'Save the file as UTF-8: Chinese text is often GBK by mistake.',
    },
  },
  body_too_deep: {
    title: { zh: '内容的层级太深', en: 'The body is nested too deep' },
    next: { zh: '请检查生成内容的程序是否有循环。', en: 'Look for a loop in the program that writes the body.' },
  },
  body_beyond_limits: {
    title: { zh: '内容超过了允许的数量', en: 'The body has more in it than any request needs' },
    next: { zh: '请分几次发送，或使用 NDJSON 文件。', en: 'Send less at once, or a file of NDJSON.' },
  },
  field_repeated: {
    title: { zh: '有字段重复出现', en: 'A field is there twice' },
    next: {
      zh: '每个字段只能出现一次：撤回不可恢复，系统不做猜测。',
      en: 'Send each field once: nothing is guessed where nothing can be undone.',
    },
  },
  unauthenticated: {
    title: { zh: '需要有效的 API 密钥', en: 'A valid API key is needed' },
    next: {
      zh: '请重新登录，或检查密钥是否已吊销或过期。',
      en: 'Sign in again, or look whether the key was revoked or has ended.',
    },
  },
  forbidden: {
    title: { zh: '密钥没有此操作的权限', en: 'The API key has no right to this' },
    next: {
      zh: '请使用具有所需角色的密钥，管理员可以签发。',
      en: 'Use a key of the role that is named; an admin can issue one.',
    },
  },
  origin_refused: {
    title: { zh: '会话来自其他网站的页面', en: 'The session is used from a page that is not ours' },
    next: { zh: '请从本服务自己的地址打开页面。', en: 'Open the page at the address of this service.' },
  },
  key_limited: {
    title: { zh: '密钥的范围不包括此操作所涉及的全部内容', en: 'The API key is limited to less than this concerns' },
    next: { zh: '请使用不限平台和商家的密钥。', en: 'Use a key without limits.' },
  },
  not_found: {
    title: { zh: '该地址没有内容', en: 'There is nothing at this address' },
    next: { zh: '请检查地址，或返回上一页。', en: 'Check the address, or go back.' },
  },
  method_not_allowed: {
    title: { zh: '该地址不支持这种请求方法', en: 'The address does not take this method' },
    next: {
      zh: '请查看 API 文档中该地址支持的方法。',
      en: 'Look up in the description of the API which methods the address takes.',
    },
  },
  request_timeout: {
    title: { zh: '请求没有及时送达', en: 'The request did not come in time' },
    next: {
      zh: '请重新发送：中断的撤回任务不会执行。',
      en: 'Send it again: nothing of a takedown was carried out that broke off so.',
    },
  },
  payload_too_large: {
    title: { zh: '内容过大', en: 'The body is too large' },
    next: { zh: '请分几次发送，或使用 NDJSON 文件。', en: 'Send less at once, or a file of NDJSON.' },
  },
  unsupported_media_type: {
    title: { zh: '不支持这种内容类型', en: 'The body is of a type that is not understood' },
    next: { zh: '请发送 JSON、NDJSON 或 CSV。', en: 'Send JSON, or where it is offered NDJSON or CSV.' },
  },
  address_too_long: {
    title: { zh: '地址过长', en: 'The address is too long' },
    next: { zh: '请检查地址是否完整且正确。', en: 'Compare the address with the description of the API.' },
  },
  head_too_large: {
    title: { zh: '地址和请求头过大', en: 'Address and headers are too large' },
    next: {
      zh: '请检查是否有不断增长的 Cookie 或请求头。',
      en: 'Look for a cookie or a header that grows on the way.',
    },
  },
  too_many_failures: {
    title: { zh: '无效密钥尝试过多', en: 'Too many keys that are none' },
    next: { zh: '请一分钟后用正确的密钥重试。', en: 'Wait a minute, then try again with the right key.' },
  },
  rate_limited: {
    title: { zh: '请求过于频繁', en: 'The API key, or its tenant, has made too many requests' },
    next: { zh: '请稍等片刻再继续。', en: 'Wait for a moment, then go on.' },
  },
  requests_too_many: {
    title: { zh: '同时进行的请求过多', en: 'The API key, or its tenant, has too many requests under way' },
    next: { zh: '请减少同时发送的请求，稍后重试。', en: 'Send fewer requests at a time, then try again.' },
  },
  session_not_found: {
    title: { zh: '找不到该会话', en: 'The session is not known' },
    next: { zh: '会话可能已经结束：请查看会话列表。', en: 'It may have ended: look at the list of sessions.' },
  },
  api_key_not_found: {
    title: { zh: '找不到该 API 密钥', en: 'The API key is not known' },
    next: { zh: '请在密钥列表中查找。', en: 'Look for it in the list of keys.' },
  },
  api_key_revoked: {
    title: { zh: '该 API 密钥已被吊销', en: 'The API key was revoked' },
    next: { zh: '吊销不可恢复：请签发新的密钥。', en: 'That is for good: issue a new key.' },
  },
  limits_too_wide: {
    title: { zh: '新密钥的范围超过了签发它的密钥', en: 'The new API key would reach further than the one that asks' },
    next: { zh: '请只选择自己范围内的平台和商家。', en: 'Name platforms and merchants within your own limits only.' },
  },
  api_keys_too_many: {
    title: { zh: '密钥数量已达上限', en: 'The tenant has as many API keys as it may have' },
    next: {
      zh: '请吊销不再需要的密钥，或联系运维人员提高上限。',
      en: 'Revoke keys that are not needed, or ask the operators for more.',
    },
  },
  last_admin_key: {
    title: { zh: '这样服务将没有管理员', en: 'The service would be left without an admin' },
    next: {
      zh: '请先签发另一个长期有效的管理员密钥。',
      en: 'Issue another admin’s key that does not end, then try again.',
    },
  },
  platform_not_found: {
    title: { zh: '该平台没有登记', en: 'The platform is not registered' },
    next: { zh: '请检查 component_appid，或先登记平台。', en: 'Check the component_appid, or register the platform.' },
  },
  platform_exists: {
    title: { zh: '该平台已经登记', en: 'The platform is registered already' },
    next: { zh: '请修改已有的平台。', en: 'Change the platform that is there.' },
  },
  platform_has_merchants: {
    title: { zh: '该平台已有商家授权', en: 'The platform has merchants' },
    next: {
      zh: '有商家的平台不能删除：撤回记录和证明需要保留。',
      en: 'It has to stay, because deletions and their proofs do.',
    },
  },
  platform_required: {
    title: { zh: '该商家授权了多个平台', en: 'The merchant authorized several platforms' },
    next: { zh: '请指明是哪一个平台。', en: 'Say which of the platforms is meant.' },
  },
  merchant_not_found: {
    title: { zh: '找不到该商家', en: 'The merchant is not known' },
    next: {
      zh: '请检查 appid；如果已经授权，请同步平台，否则请发送授权链接。',
      en: 'Check the appid; sync the platform if it has authorized, or send it a link.',
    },
  },
  merchant_not_eligible: {
    title: { zh: '微信会拒绝该商家的撤回', en: 'WeChat would refuse deletions of this merchant' },
    next: {
      zh: '请查看原因，多数情况需要商家管理员重新授权。',
      en: 'See the reasons: most are mended when the account’s admin authorizes again.',
    },
  },
  unauthorized: {
    title: { zh: '商家已取消授权', en: 'The merchant took the authorization back' },
    next: { zh: '请把重新授权的链接发给商家的管理员。', en: 'Send the account’s admin the link to authorize again.' },
  },
  reauthorization_required: {
    title: { zh: '商家需要重新授权', en: 'The merchant has to authorize again' },
    next: { zh: '请把重新授权的链接发给商家的管理员。', en: 'Send the account’s admin the link to authorize again.' },
  },
  ticket_missing: {
    title: { zh: '平台还没有收到票据', en: 'The platform has no ticket yet' },
    next: {
      zh: '请检查在微信填写的授权事件接收地址；票据每十分钟推送一次。',
      en: 'Check the URL for authorization events at WeChat: tickets come every ten minutes.',
    },
  },
  token_unavailable: {
    title: { zh: '暂时无法取得访问令牌', en: 'An access token could not be had just now' },
    next: { zh: '请几秒后重试。', en: 'Try again in some seconds.' },
  },
  authorization_state_forged: {
    title: { zh: '授权链接无效', en: 'The authorization link is not valid' },
    next: { zh: '请回到授权页面重新开始。', en: 'Start again from the authorization page.' },
  },
  authorization_state_expired: {
    title: { zh: '授权链接已过期', en: 'The authorization link is too old' },
    next: {
      zh: '请回到授权页面重新开始，并及时确认。',
      en: 'Start again from the authorization page, and confirm within the time.',
    },
  },
  authorization_state_used: {
    title: { zh: '授权链接已使用', en: 'The authorization link was used already' },
    next: { zh: '请回到授权页面重新开始。', en: 'Start again from the authorization page.' },
  },
  authorization_link_forged: {
    title: { zh: '授权链接无效', en: 'The authorization link is not valid' },
    next: { zh: '请使用完整的链接，或签发新的链接。', en: 'Follow the whole link as it was sent, or issue another.' },
  },
  authorization_link_expired: {
    title: { zh: '授权链接已过期', en: 'The authorization link is too old' },
    next: { zh: '请签发新的链接。', en: 'Issue a new link.' },
  },
  authorization_link_used: {
    title: { zh: '授权链接已使用', en: 'The authorization link was used already' },
    next: { zh: '请签发新的链接。', en: 'Issue a new link.' },
  },
  authorization_link_of_another: {
    title: { zh: '授权链接是给另一个账号的', en: 'The authorization link is for another account' },
    next: {
      zh: '请以正确账号的管理员身份再次打开链接。',
      en: 'Follow the link again as an admin of the right account.',
    },
  },
  open_authorization_off: {
    title: { zh: '授权需要专用链接', en: 'The authorization page takes a link' },
    next: { zh: '请签发授权链接。', en: 'Issue a link for the merchant.' },
  },
  examined_too_soon: {
    title: { zh: '刚刚检查过该平台', en: 'The platform was examined a moment ago' },
    next: { zh: '每分钟只能检查一次，请稍后再试。', en: 'It is done once a minute: wait for a moment.' },
  },
  sync_too_soon: {
    title: { zh: '刚刚同步过该平台', en: 'The platform was compared with WeChat’s list a moment ago' },
    next: { zh: '每分钟只能同步一次，请稍后再试。', en: 'It is done once a minute: wait for a moment.' },
  },
  too_many_authorizations: {
    title: { zh: '开始授权的次数过多', en: 'Authorization was begun too often' },
    next: { zh: '请稍后再试，或使用专用链接。', en: 'Wait for a while, or follow a link of your own.' },
  },
  return_url_not_allowed: {
    title: { zh: '不允许返回到该地址', en: 'Merchants may not be sent there' },
    next: {
      zh: '请使用 https，并请运维人员将其来源加入列表。',
      en: 'Use https, and have the operators list its origin.',
    },
  },
  push_refused: {
    title: { zh: '不是微信的真实推送', en: 'Not an authentic push' },
    next: {
      zh: '如果确实来自微信，请检查平台的 token 和 encoding_aes_key。',
      en: 'If WeChat did send it, compare the platform’s token and encoding_aes_key.',
    },
  },
  authorization_code_refused: {
    title: { zh: '微信不接受该授权码', en: 'WeChat refused the authorization code' },
    next: { zh: '请回到授权页面重新授权。', en: 'Start again from the authorization page.' },
  },
  target_missing: {
    title: { zh: '没有指明要撤回的内容', en: 'Nothing to delete is named' },
    next: { zh: '请给出 msg_id 或文章链接。', en: 'Give a msg_id or a link.' },
  },
  msg_id_invalid: {
    title: { zh: 'msg_id 无效', en: 'The msg_id is not one' },
    next: { zh: 'msg_id 是一个正整数，请检查数字。', en: 'It is a positive whole number: check its digits.' },
  },
  msg_id_unsafe_number: {
    title: { zh: 'msg_id 可能丢失了数字', en: 'The msg_id may have lost digits' },
    next: {
      zh: '请以文本形式发送 msg_id，否则可能指向另一条消息。',
      en: 'Send it as text, or it may name another message.',
    },
  },
  article_idx_needs_msg_id: {
    title: { zh: '文章序号需要与 msg_id 一起使用', en: 'article_idx counts only with a msg_id' },
    next: {
      zh: '链接本身已指明文章：请去掉序号，或改用 msg_id。',
      en: 'A link names its article by itself: leave the number out, or give the msg_id.',
    },
  },
  whole_message_not_confirmed: {
    title: { zh: '这将撤回整条消息的所有文章', en: 'Every article would be deleted' },
    next: {
      zh: '请指明是第几篇文章，或确认撤回整条消息。',
      en: 'Say which article is meant, or that the whole message shall go.',
    },
  },
  whole_message_contradicts_article_idx: {
    title: { zh: '同时要求撤回一篇文章和整条消息', en: 'One article or the whole message' },
    next: { zh: '请只保留其中一个。', en: 'Leave one of them out.' },
  },
  whole_message_needs_msg_id: {
    title: { zh: '撤回整条消息需要 msg_id', en: 'A whole message needs its msg_id' },
    next: { zh: '链接只指明一篇文章：请给出 msg_id。', en: 'A link names one article: give the msg_id.' },
  },
  url_not_an_article: {
    title: { zh: '链接不是一篇文章', en: 'The url is not of an article' },
    next: {
      zh: '请粘贴 mp.weixin.qq.com 的完整文章链接，每行一个。',
      en: 'Paste the whole link of one article on mp.weixin.qq.com.',
    },
  },
  deletion_not_found: {
    title: { zh: '找不到该撤回', en: 'The deletion is not known' },
    next: {
      zh: '请在撤回列表中查找；超过保留期限的记录已删除。',
      en: 'Look for it in the list of deletions; those that ended long ago are not kept.',
    },
  },
  deletion_state_conflict: {
    title: { zh: '撤回的当前状态不允许此操作', en: 'The deletion is not in a state for this' },
    next: {
      zh: '发出之前可以取消，失败之后可以重试。',
      en: 'It can be cancelled until it is sent, and retried once it has failed.',
    },
  },
  not_yours: {
    title: { zh: '该撤回由范围更大的密钥发起', en: 'The deletion was asked for beyond the limits of the API key' },
    next: { zh: '请用没有限制的密钥取消或重试。', en: 'Cancel or retry it with a key without limits.' },
  },
  limits_not_yours: {
    title: { zh: '密钥不能这样修改限额', en: 'The API key may not change this limit so' },
    next: {
      zh: '受限的密钥只能调低限额；请使用没有限制的密钥。',
      en: 'A key with limits may only lower it: use one without limits.',
    },
  },
  ref_not_yours: {
    title: { zh: '密钥不能修改该名称', en: 'The API key may not change this name' },
    next: { zh: '请使用没有限制的密钥。', en: 'Use a key without limits.' },
  },
  pending_too_many: {
    title: { zh: '未完成的撤回过多', en: 'Too many deletions are open already' },
    next: {
      zh: '请等待一部分完成，或取消不需要的撤回。',
      en: 'Wait until some have ended, or cancel what is not needed.',
    },
  },
  eta_too_late: {
    title: { zh: '撤回要很久之后才能执行', en: 'The deletion would come very late' },
    next: {
      zh: '请提高商家的限额、设为紧急，或确认可以等待。',
      en: 'Raise the account’s quota, make it urgent, or say that it may wait so long.',
    },
  },
  period_not_over: {
    title: { zh: '这段时间还没有结束', en: 'The period is not over yet' },
    next: { zh: '请选择更早结束的时间段，或稍后再试。', en: 'Name a period that ends earlier, or try again later.' },
  },
  period_not_kept: {
    title: { zh: '这段时间的记录已不再保留', en: 'The period is not all kept any more' },
    next: { zh: '请选择更晚开始的时间段。', en: 'Name a period that begins later.' },
  },
  takedown_not_found: {
    title: { zh: '找不到该撤回任务', en: 'The takedown is not known' },
    next: {
      zh: '请在撤回任务列表中查找；超过保留期限的记录已删除。',
      en: 'Look for it in the list of takedowns; those that finished long ago are not kept.',
    },
  },
  takedown_state_conflict: {
    title: { zh: '撤回任务的当前状态不允许此操作', en: 'The takedown is not in a state for this' },
    next: {
      zh: '最后一条完成之前可以停止；已撤回的内容无法恢复。',
      en: 'It can be aborted until its last deletion has ended. What is gone stays gone.',
    },
  },
  takedown_broken_off: {
    title: { zh: '撤回任务在上传过程中被关闭', en: 'The takedown was closed while it came in' },
    next: { zh: '没有执行任何撤回：请重新上传。', en: 'Nothing of it was carried out: send it again.' },
  },
  nothing_accepted: {
    title: { zh: '没有一项可以接受', en: 'Not one of the items could be accepted' },
    next: { zh: '没有任何改动：请查看每一行的原因。', en: 'Nothing was changed: see for each line why.' },
  },
  url_not_resolved: {
    title: { zh: '不知道文章属于哪个商家', en: 'Nobody knows which merchant the article is of' },
    next: {
      zh: '请同时指明商家，或粘贴完整的长链接。',
      en: 'Give the merchant beside the link, or paste the long link.',
    },
  },
  url_ambiguous: {
    title: { zh: '文章可能属于多个商家', en: 'The article may be of several merchants' },
    next: { zh: '请指明正确的商家。', en: 'Give the right merchant beside the link.' },
  },
  url_of_another_merchant: {
    title: { zh: '文章属于另一个商家', en: 'The article is of another merchant' },
    next: { zh: '请核对商家和链接。', en: 'Look whether merchant and link belong together.' },
  },
  message_not_sent: {
    title: { zh: '该消息没有发出', en: 'The message never went out' },
    next: {
      zh: '没有可以撤回的内容；如果情况不符，请坚持再次撤回。',
      en: 'There is nothing to take back; if that is not so, insist on it.',
    },
  },
  article_not_in_message: {
    title: { zh: '消息没有这么多文章', en: 'The message has fewer articles' },
    next: { zh: '序号从 1 开始，请检查。', en: 'Count from 1, and check the number.' },
  },
  shared_material: {
    title: { zh: '其他群发使用了同一篇文章', en: 'Other sends share the article' },
    next: {
      zh: '它们的页面也会消失；如果可以接受，请去掉该限制后重试。',
      en: 'Their pages would go, too: if that is right, ask again without refusing it.',
    },
  },
  line_too_long: {
    title: { zh: '该行过长', en: 'The line is too long' },
    next: {
      zh: '请检查每项之后是否换行，引号是否成对。',
      en: 'Is there a line break after each item, and is every quote closed?',
    },
  },
  quota_clears_spent: {
    title: { zh: '本月不能再清零', en: 'The quota cannot be cleared again this month' },
    next: { zh: '等待中的撤回会在北京时间零点后继续。', en: 'What waits goes on after midnight in Shanghai.' },
  },
  idempotency_key_reused: {
    title: { zh: 'Idempotency-Key 已用于另一个请求', en: 'The Idempotency-Key belongs to another request' },
    next: { zh: '新的请求请使用新的键。', en: 'Use a new key for a new request.' },
  },
  idempotency_key_in_use: {
    title: { zh: '同一请求正在处理', en: 'The same request is still running' },
    next: { zh: '请稍后用同一个键再次查询。', en: 'Ask again with the same key in a moment.' },
  },
  feed_cursor_invalid: {
    title: { zh: '游标无效', en: 'The cursor is not one that the feed gave' },
    next: {
      zh: '请从头开始，或使用上一页给出的游标。',
      en: 'Begin without a cursor, or take that of the page before.',
    },
  },
  feed_cursor_expired: {
    title: { zh: '游标之后的事件已不再保留', en: 'Events behind the cursor are no longer kept' },
    next: {
      zh: '请从头读取仍保留的事件，并重新读取各列表。',
      en: 'Begin without a cursor, and read the lists anew.',
    },
  },
  webhook_endpoint_not_found: {
    title: { zh: '找不到该推送地址', en: 'The webhook endpoint is not known' },
    next: { zh: '请在推送地址列表中查找。', en: 'Look for it in the list of webhook endpoints.' },
  },
  webhook_endpoint_disabled: {
    title: { zh: '该推送地址已停用', en: 'The webhook endpoint is disabled' },
    next: { zh: '请先启用它。', en: 'Enable it first.' },
  },
  webhook_endpoints_too_many: {
    title: { zh: '推送地址数量已达上限', en: 'There are as many webhook endpoints as there may be' },
    next: { zh: '请删除不需要的推送地址。', en: 'Delete one that is not needed.' },
  },
  webhook_delivery_not_found: {
    title: { zh: '找不到该次推送', en: 'The webhook delivery is not known' },
    next: {
      zh: '旧的记录会被清除，请查看推送列表。',
      en: 'Old ones are forgotten: look at the deliveries of the endpoint.',
    },
  },
  webhook_address_private: {
    title: { zh: '推送地址不是公网地址', en: 'The url is not a public address' },
    next: {
      zh: '请使用公网地址，或请运维人员允许内网地址。',
      en: 'Use a public address, or have the operators allow private ones.',
    },
  },
  upstream_failed: {
    title: { zh: '微信没有完成该操作', en: 'WeChat did not do what was asked' },
    next: {
      zh: '请查看错误码的含义；可用 rid 向微信查询。',
      en: 'See what the errcode means; WeChat’s support can look up the rid.',
    },
  },
  queue_unavailable: {
    title: { zh: '队列暂时不可用', en: 'The queue is not available' },
    next: { zh: '已接受的内容不会丢失：请几秒后重试。', en: 'What was accepted is safe: try again in some seconds.' },
  },
  queue_full: {
    title: { zh: '队列空间已满', en: 'The queue has no room' },
    next: {
      zh: '已接受的内容不会丢失；请运维人员扩容。',
      en: 'What was accepted is safe; the operators have to give it more room.',
    },
  },
  queue_read_only: {
    title: { zh: '队列暂时不能写入', en: 'The queue takes no writes' },
    next: { zh: '已接受的内容不会丢失：请稍后重试。', en: 'What was accepted is safe: try again later.' },
  },
  queue_refused: {
    title: { zh: '队列拒绝了本服务', en: 'The queue does not let this service in' },
    next: {
      zh: '请运维人员检查队列的地址和权限。',
      en: 'The operators have to correct its address or its user’s rights.',
    },
  },
  database_unavailable: {
    title: { zh: '数据库没有响应', en: 'The database does not answer' },
    next: { zh: '没有任何操作只执行一半：请稍后重试。', en: 'Nothing was left half done: try again later.' },
  },
  database_busy: {
    title: { zh: '数据库繁忙', en: 'No connection to the database was free in time' },
    next: { zh: '请稍后重试。', en: 'Try again later.' },
  },
  database_full: {
    title: { zh: '数据库磁盘已满', en: 'The disk of the database is full' },
    next: {
      zh: '已接受的内容不会丢失；请运维人员清理空间。',
      en: 'What was accepted is safe; the operators have to make room.',
    },
  },
  database_read_only: {
    title: { zh: '数据库暂时不能写入', en: 'The database takes no writes' },
    next: { zh: '请稍后重试。', en: 'Try again later.' },
  },
  database_out_of_memory: {
    title: { zh: '数据库内存不足', en: 'The database is short of memory' },
    next: {
      zh: '请稍后重试；如果持续出现，请运维人员增加内存。',
      en: 'Try again later; if it persists, the operators have to give it more memory.',
    },
  },
  not_ready: {
    title: { zh: '服务暂时不能工作', en: 'The service cannot do its work just now' },
    next: { zh: '会自动恢复，请稍后重试。', en: 'It gets ready again by itself: try again later.' },
  },
  internal_error: {
    title: { zh: '服务内部出错', en: 'Something went wrong here' },
    next: {
      zh: '请重试；如果持续出现，请把请求编号告诉运维人员。',
      en: 'Try again; if it persists, tell the operators the id of the request.',
    },
  },
} as const satisfies Record<string, ProblemWords>;
