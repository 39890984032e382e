import type { Words } from '@app/words';

export const messageTexts = {
  title: { zh: '群发消息', en: 'Messages' },
  about: {
    zh: '商家发过的群发消息：来自微信的推送和您的导入。选中文章或整条消息，然后撤回。',
    en: 'What merchants have sent, as WeChat’s pushes and your imports told it. Pick articles or whole messages, then take them down.',
  },
  search: { zh: '搜索标题、标签、链接或 msg_id', en: 'Search titles, labels, links or a msg_id' },
  label: { zh: '标签', en: 'Label' },
  merchant: { zh: '商家', en: 'Merchant' },
  merchantHint: { zh: '名称或 appid', en: 'name or appid' },
  sentAfter: { zh: '发送时间从', en: 'Sent from' },
  sentBefore: { zh: '到', en: 'until' },
  message: { zh: '消息', en: 'Message' },
  articles: { zh: '文章', en: 'Articles' },
  sent: { zh: '发送', en: 'Sent' },
  noTitle: { zh: '消息 {id}', en: 'Message {id}' },
  labelled: { zh: '标签 {label}', en: 'Label {label}' },
  sentTo: { zh: '{count} 人', en: 'to {count}' },
  imported: { zh: '导入，微信尚未告知', en: 'imported; WeChat has not told of it' },
  notSent: { zh: '没有发出：{status}', en: 'Did not go out: {status}' },
  unknownTime: { zh: '时间未知', en: 'time not known' },
  whole: { zh: '整条消息', en: 'Whole message' },
  wholeOf: { zh: '整条消息 {id}', en: 'Whole message {id}' },
  noArticles: { zh: '文章未知', en: 'Articles not known' },
  article: { zh: '第 {number} 篇', en: 'Article {number}' },
  articleOf: { zh: '消息 {id} 第 {number} 篇', en: 'Article {number} of message {id}' },
  open: { zh: '打开', en: 'Open' },
  openArticle: { zh: '打开第 {number} 篇', en: 'Open article {number}' },
  gone: { zh: '已撤回', en: 'Taken back' },
  sharedMeans: {
    zh: '共用同一素材：撤回其中一条，其他几条的页面也会失效。',
    en: 'They share the material: when one is taken back, the pages of the others go with it.',
  },

  none: { zh: '还没有群发消息', en: 'No messages are known yet' },
  noneHow: {
    zh: '商家授权之后群发的消息会自动出现在这里；之前发过的可以在上面导入。',
    en: 'What merchants send after they have authorized appears here by itself. What was sent before can be imported above.',
  },
  noMatch: { zh: '没有符合条件的群发消息', en: 'No message fits this search' },

  picked: {
    zh: '已选：{articles} 篇文章，{messages} 条整条消息，{merchants} 个商家',
    en: 'Picked: articles {articles}, whole messages {messages}, merchants {merchants}',
  },
  pickedLabel: { zh: '已选内容', en: 'What is picked' },
  clear: { zh: '清除选择', en: 'Pick nothing' },
  takeDown: { zh: '撤回所选…', en: 'Take down what is picked…' },
  nextIsDryRun: { zh: '先试算，不会立即删除', en: 'First a dry run: nothing is deleted yet' },
  pickAll: { zh: '选择所有符合条件的…', en: 'Pick all that match…' },
  toPick: { zh: '要选择消息并撤回：', en: 'To pick messages and take them down:' },
  pickWhat: { zh: '每条消息的', en: 'Of each message' },
  pickGo: { zh: '选择（最多 {most} 条消息）', en: 'Pick (up to {most} messages)' },
  pickStop: { zh: '停止', en: 'Stop' },
  pickReading: { zh: '已读取 {count} 条消息…', en: '{count} messages read…' },
  pickDone: {
    zh: '读取了 {count} 条消息，选择了其中可以撤回的。',
    en: '{count} messages were read, and what can be taken down is picked.',
  },
  pickCut: {
    zh: '只读取了 {count} 条消息，选择了其中可以撤回的；其余的没有选择。',
    en: 'Only {count} messages were read, and what can be taken down of them is picked; of the others nothing is.',
  },
  pickCeiling: {
    zh: '只读取了前 {most} 条，后面还有。一次撤回更多：给它们同一个标签，或使用文件。',
    en: 'Only the first {most} were read, and there are more. To take more down at once, give them a label, or use a file.',
  },

  importTitle: { zh: '导入以前的消息', en: 'Import earlier messages' },
  importAbout: {
    zh: 'CSV（每行一篇文章）或 NDJSON（每行一条消息）。重复导入不会有害；微信告知的内容不会被改动。',
    en: 'CSV, an article a line, or NDJSON, a message a line. To import again does no harm, and what WeChat told stays.',
  },
  importColumns: {
    zh: '列名：merchant、msg_id（必填），component_appid、label、title、sent_at、article_idx、article_url、article_title。',
    en: 'Columns: merchant and msg_id, which have to be there; component_appid, label, title, sent_at, article_idx, article_url, article_title.',
  },
  importDrop: { zh: '把文件拖到这里，或点击选择', en: 'Drop a file here, or choose one' },
  importKind: {
    zh: '“{name}”不是 .csv、.ndjson 或 .jsonl 文件。Excel 表格请另存为 CSV。',
    en: '“{name}” is no .csv, .ndjson or .jsonl file. Save a workbook as CSV.',
  },
  importSeveral: { zh: '一次只能导入一个文件。', en: 'One file at a time.' },
  importing: { zh: '正在导入 {name}…', en: 'Importing {name}…' },
  importDone: {
    zh: '{name}：导入 {imported} 条，拒绝 {rejected} 条。',
    en: '{name}: {imported} imported, {rejected} refused.',
  },
  importLine: { zh: '第 {line} 行：{why}', en: 'Line {line}: {why}.' },
  importMore: { zh: '另有 {count} 行被拒绝。', en: '{count} more lines were refused.' },
  importRole: { zh: '导入需要“操作员”角色的密钥。', en: 'To import needs a key with the role operator.' },
} as const satisfies Record<string, Words>;
