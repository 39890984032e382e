import type { Words } from '@app/words';

export const helpTexts = {
  title: { zh: '帮助', en: 'Help' },
  contents: { zh: '内容', en: 'Contents' },

  api: { zh: '接口与错误', en: 'API and problems' },
  apiLead: {
    zh: '控制台能做的一切，程序也能通过接口完成。',
    en: 'Whatever the console can do, a program can do with the API.',
  },
  apiPage: { zh: '接口文档', en: 'The API, operation by operation' },
  apiFile: { zh: 'OpenAPI 描述文件', en: 'Its description as OpenAPI' },
  problems: { zh: '所有错误代码，以及怎样处理', en: 'All problems by code, and what to do about each' },
  proofKeys: { zh: '证明的公钥（JWKS）', en: 'The public keys of proofs (JWKS)' },

  webhooks: { zh: '接收事件推送', en: 'Receiving webhooks' },
  webhooksLead: {
    zh: '每个事件是一个 POST 请求，遵循 Standard Webhooks：请求头 webhook-id、webhook-timestamp、webhook-signature，内容是 JSON。',
    en: 'Each event is a POST as Standard Webhooks has it, with the headers webhook-id, webhook-timestamp and webhook-signature and a JSON body.',
  },
  verify: {
    zh: '用原始字节（不是解析后再序列化的内容）验证签名，然后立即答复 2xx，之后再处理：答复最多等十秒。',
    en: 'Verify the signature over the raw bytes, not over what was parsed, then answer 2xx at once and do the work later: an answer may take ten seconds.',
  },
  byHand: {
    zh: '不用库也可以：签名是对 “webhook-id.webhook-timestamp.原始内容” 的 HMAC-SHA256，密钥是 whsec_ 之后的 base64 字节；请求头中是 “v1,” 加 base64，可能有多个，用空格隔开，任一相符即可。拒绝时间相差超过五分钟的请求。',
    en: 'Without a library: the signature is HMAC-SHA256 over “webhook-id.webhook-timestamp.raw body” with the base64 bytes after whsec_ as the key. The header has “v1,” and base64, perhaps several with blanks between: one that fits is enough. Refuse what is more than five minutes off.',
  },
  atLeastOnce: {
    zh: '至少送达一次，顺序不保证：用 webhook-id 去重，用 timestamp 判断先后。',
    en: 'At least once, in no particular order: drop what came before by its webhook-id; timestamp tells the order.',
  },
  retries: {
    zh: '任何 2xx 都算成功；其他答复（包括重定向）会在大约一天内重试 19 次。',
    en: 'Any 2xx is success. Anything else, a redirect too, is tried again, 19 times within about a day.',
  },
  gone: {
    zh: '答复 410 会立即停用推送地址；整整一天没有一次送达，也会停用。',
    en: 'A 410 disables the endpoint at once, and so does a whole day in which nothing got through.',
  },
  again: {
    zh: '您的系统故障之后，在“事件推送 · 推送记录”中重新推送那段时间；也可以用 GET /v1/events 读取仍保留的事件。',
    en: 'After an outage of yours, send the span of time again under “Webhooks · Deliveries”, or read the events that are kept with GET /v1/events.',
  },

  proofs: { zh: '核对撤回证明', en: 'Checking a proof' },
  proofsLead: {
    zh: '撤回和撤回任务的页面可以下载证明（NDJSON 或 CSV）。文件在这里由浏览器核对，不会上传；用的是本服务公布的公钥。',
    en: 'The pages of deletions and takedowns have proofs to download (NDJSON or CSV). This browser checks the file here, with the public keys of this service; nothing is uploaded.',
  },
  proofFile: { zh: '证明文件', en: 'A proof' },
  checking: { zh: '正在核对…', en: 'Checking…' },
  notSecure: {
    zh: '浏览器只在 https 页面提供核对所需的加密功能：请用 https 地址打开控制台。',
    en: 'Browsers check signatures on https pages only: open the console at its https address.',
  },
  elsewhere: {
    zh: '要在不依赖本服务的情况下核对：在代码仓库中打开 docs/verify.html（离线网页），或运行下面的命令。',
    en: 'To check one without this service: open docs/verify.html of the repository, a page that needs no network, or run this.',
  },

  words: { zh: '名词解释', en: 'What the words mean' },
  deletionStates: { zh: '撤回的状态', en: 'States of a deletion' },
  takedownStates: { zh: '撤回任务的状态', en: 'States of a takedown' },
  waiting: { zh: '撤回为什么在等待', en: 'Why a deletion waits' },
  outcomes: { zh: '撤回的结果', en: 'How deletions end' },
  proofDegrees: { zh: '证明的程度', en: 'How sure it is that a message is gone' },
  ineligible: { zh: '商家为什么不能撤回', en: 'Why a merchant cannot be served' },
  warnings: { zh: '对商家的提醒', en: 'Doubts about a merchant' },
  holds: { zh: '平台为什么暂停', en: 'Why a platform is held' },
  roles: { zh: '密钥的角色', en: 'Roles of keys' },
  events: { zh: '事件', en: 'Events' },
  problemCodes: { zh: '错误代码', en: 'Problems of the API' },
  errcodes: { zh: '微信错误码', en: 'Error codes of WeChat' },
  search: { zh: '查找', en: 'Find' },
  foundNothing: { zh: '没有找到。', en: 'Nothing was found.' },

  keyboard: { zh: '键盘', en: 'Keyboard' },
  keyTab: { zh: '移到下一个或上一个链接、按钮、输入框', en: 'To the next or previous link, button or field' },
  keyEnter: { zh: '打开链接，按下按钮，提交表单', en: 'Follows a link, presses a button, sends a form' },
  keySpace: { zh: '按下按钮，勾选选项', en: 'Presses a button, ticks a box' },
  keyArrows: { zh: '在单选项和下拉列表中移动', en: 'Within choices and lists' },
  keyEscape: { zh: '关闭窗口，什么也不做', en: 'Closes a window, and nothing is done' },
  keySkip: { zh: '页面打开后第一次按 Tab：跳到内容', en: 'The first Tab on a page: to its content' },

  worker: { zh: '后台进程（worker）', en: 'Workers' },
  workerLead: {
    zh: '撤回由后台进程发出。没有后台进程时什么都不会撤回，也什么都不会丢失：启动之后从停下的地方继续。',
    en: 'Workers send the deletions. While none works, nothing is deleted and nothing is lost: the next one goes on where the last one stopped.',
  },
  workerStart: {
    zh: '由维护人员在服务器上启动，按安装方式选一条命令。一个就够，多个更快：',
    en: 'Those who run the service start one on the server, with one of these, as it was installed. One is enough; several are faster:',
  },
  workerLog: {
    zh: '启动后马上又停止时，日志的最后几行说明原因，例如数据库或队列无法连接。',
    en: 'If it ends at once, the last lines of its log say why: for example that the database or the queue cannot be reached.',
  },
} as const satisfies Record<string, Words>;
