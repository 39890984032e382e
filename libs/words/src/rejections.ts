import type { Words } from './language.js';

/** The reasons for which a line of a takedown is not accepted, by the codes of problems. */
export const rejectionWords = {
  merchant_not_found: {
    zh: '没有这个公众号，或者它不在你的密钥范围内。',
    en: 'There is no such account, or it is beyond the limits of your key.',
  },
  merchant_not_eligible: {
    zh: '该公众号目前不能撤回群发消息。',
    en: 'The account cannot take messages back at present.',
  },
  platform_required: {
    zh: '该公众号授权给了多个第三方平台：请写明是哪一个（component_appid）。',
    en: 'The account has authorized several platforms: say which one (component_appid).',
  },
  url_not_an_article: { zh: '这不是一篇群发文章的链接。', en: 'This is no link to an article of a mass message.' },
  url_not_resolved: {
    zh: '不知道这个链接是哪个公众号的哪条消息：请写明 appid、msg_id 和第几篇。',
    en: 'It is not known whose message the link belongs to: give the appid, the msg_id and the article instead.',
  },
  url_ambiguous: {
    zh: '这个链接对应不止一条消息：请写明 appid、msg_id 和第几篇。',
    en: 'The link belongs to more than one message: give the appid, the msg_id and the article instead.',
  },
  url_of_another_merchant: {
    zh: '这个链接是另一个公众号的文章。',
    en: 'The link is to an article of another account.',
  },
  message_not_sent: { zh: '这条消息没有发送成功，没有可撤回的内容。', en: 'The message never went out.' },
  article_not_in_message: { zh: '这条消息里没有这一篇。', en: 'The message has no such article.' },
  shared_material: {
    zh: '其他群发用了同一篇素材，也会一起消失。',
    en: 'Other mass messages use the same material and would lose it, too.',
  },
  eta_too_late: {
    zh: '按现有额度要过太多天才能轮到它。',
    en: 'With the quota that is left, its turn would come too many days from now.',
  },
  pending_too_many: {
    zh: '等待中的撤回已经太多，请稍后再提交。',
    en: 'Too many deletions wait already: ask again later.',
  },
  msg_id_invalid: { zh: 'msg_id 不对。', en: 'The msg_id is not one.' },
  msg_id_unsafe_number: {
    zh: 'msg_id 太长，作为数字已经丢了位数：请写成文本。',
    en: 'The msg_id has lost digits as a number: write it as a text.',
  },
  target_missing: { zh: '没有写明要撤回什么。', en: 'It does not say what is to be taken back.' },
  whole_message_not_confirmed: {
    zh: '没有写明第几篇；要撤回整条消息，必须明确写出。',
    en: 'It names no article; for the whole message this has to be said.',
  },
  whole_message_contradicts_article_idx: {
    zh: '既写了第几篇，又写了整条消息。',
    en: 'It names an article and the whole message.',
  },
  whole_message_needs_msg_id: { zh: '整条消息需要 msg_id。', en: 'A whole message needs its msg_id.' },
  article_idx_needs_msg_id: { zh: '写了第几篇，但没有 msg_id。', en: 'It names an article, but no msg_id.' },
  invalid_request: { zh: '这一行的某个字段不对。', en: 'A field of the line is not right.' },
  malformed_body: { zh: '这一行的格式不对。', en: 'The line is not in the form of the others.' },
  body_not_utf8: { zh: '这一行不是 UTF-8 编码。', en: 'The line is not UTF-8.' },
  line_too_long: { zh: '这一行太长。', en: 'The line is too long.' },
} as const satisfies Record<string, Words>;
