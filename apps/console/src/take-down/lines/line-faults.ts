import { problemWords, type Words } from '@app/words';
import type { FaultCode } from '@app/target-lists';

/** What is wrong with a line that nobody understands. */
const faultWords = {
  nothing_named: { zh: '既没有链接，也没有 msg_id', en: 'Neither a link nor a msg_id' },
  several_links: { zh: '一行里有多个链接：请分成几行', en: 'Several links: put each on a line of its own' },
  several_appids: {
    zh: '一行里有多个 appid：请在第一行写上各列的名称',
    en: 'Several appids: name the columns in the first line',
  },
  ambiguous_cell: {
    zh: '有一格看不出是什么：请在第一行写上各列的名称（appid, msg_id, article）',
    en: 'A cell may mean anything: name the columns in the first line (appid, msg_id, article)',
  },
  msg_id_too_short: { zh: '作为 msg_id 太短了', en: 'Too short for a msg_id' },
  not_an_appid: { zh: '这不是 appid', en: 'This is no appid' },
  not_an_article_link: { zh: '这不是文章链接', en: 'This is no link to an article' },
  text_behind_link: {
    zh: '链接后面还有文字，链接可能被断开了',
    en: 'Text stands behind the link: it may have been torn',
  },
  msg_id_shortened: {
    zh: '表格软件把 msg_id 变成了科学计数：请把那一列设为文本，再复制',
    en: 'A spreadsheet has shortened the msg_id: make the column a text, and copy it again',
  },
  not_a_msg_id: { zh: '这不是 msg_id', en: 'This is no msg_id' },
  article_and_whole_message: {
    zh: '第几篇与整条消息互相矛盾',
    en: 'The article and the whole message do not agree',
  },
  article_zero: {
    zh: '第 0 篇等于整条消息：如果要撤回整条，请写“全部”',
    en: 'Article 0 would be the whole message: write “all” if it shall go',
  },
  not_an_article_number: { zh: '看不出是第几篇', en: 'This is no number of an article' },
  not_yes_or_no: { zh: '看不出要不要撤回整条消息', en: 'Neither yes nor no to the whole message' },
  target_named_twice: {
    zh: '链接和编号可能不是同一篇：只写其中一种',
    en: 'A link, and numbers that may be those of another article: give one of them',
  },
  body_has_options: {
    zh: '这是一个带其他选项的 API 请求：请只粘贴列表',
    en: 'This is a request with options: paste its list alone',
  },
  not_json: { zh: 'JSON 不完整', en: 'This is not whole JSON' },
  not_an_item: { zh: '这不是一个撤回项', en: 'This is no item' },
  merchant_missing: {
    zh: '只有 msg_id，不知道是哪个商家：请在上面填写',
    en: 'A msg_id without an account: name one above',
  },
  article_missing: {
    zh: '没有写第几篇：请在上面选择',
    en: 'It names no article: choose above',
  },
  invalid_item: { zh: '这一行的某个字段不对', en: 'A field of the line is not right' },
} as const satisfies Record<FaultCode | 'invalid_item', Words>;

/** What to do about it. */
export const nextAfter = (code: string): Words | undefined =>
  (problemWords as Record<string, { next: Words }>)[code]?.next;

/** Undefined for codes that came later than this page. */
export const wordsOfFault = (code: string): Words | undefined =>
  (faultWords as Record<string, Words>)[code] ?? (problemWords as Record<string, { title: Words }>)[code]?.title;
