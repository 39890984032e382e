import type { Words } from '@app/words';

export const uiTexts = {
  inShanghai: { zh: '上海时间 {time}', en: '{time} in Shanghai' },
  loading: { zh: '正在读取…', en: 'Loading…' },
  tryAgain: { zh: '再试一次', en: 'Try again' },
  wentWrong: { zh: '出了问题', en: 'Something went wrong' },
  noAnswer: {
    zh: '服务没有答复。请检查网络，然后再试一次。',
    en: 'The service did not answer. Check the network, then try again.',
  },
  noProblem: {
    zh: '答复不是来自本服务，可能是中间的代理。请联系维护人员。',
    en: 'The answer is not of this service: a proxy on the way may have given it. Tell those who run it.',
  },
  mayHaveWorked: {
    zh: '请求可能已经执行：再试之前先看一看结果。',
    en: 'The request may have been carried out: look before you send it again.',
  },
  brokenPage: {
    zh: '这个页面出错了。请重新载入；如果还是这样，请把下面的内容告诉维护人员。',
    en: 'This page has failed. Load it anew; if that does not help, show the following to those who run the service.',
  },
  reload: { zh: '重新载入', en: 'Load anew' },
  requestId: { zh: '请求编号 {id}', en: 'Request {id}' },
  allShown: { zh: '共 {count} 条，已全部显示', en: 'That is all: {count}' },
  shownSoFar: { zh: '已显示 {count} 条', en: '{count} shown so far' },
  news: { zh: '有新的内容：显示', en: 'There is news: show it' },
  copy: { zh: '复制', en: 'Copy' },
  copied: { zh: '已复制', en: 'Copied' },
  notCopied: {
    zh: '浏览器不允许复制：内容已选中，请按 Ctrl+C（Mac 按 ⌘C）。',
    en: 'The browser did not let it be copied. It is selected now: press Ctrl+C (⌘C on a Mac).',
  },
  cancel: { zh: '返回', en: 'Back' },
  typeNumber: {
    zh: '请输入 {count} 以确认：',
    en: 'Type {count} to confirm:',
  },
  filters: { zh: '筛选', en: 'Filters' },
  all: { zh: '全部', en: 'All' },
  clearFilters: { zh: '清除筛选', en: 'Clear the filters' },
  onlyOnce: {
    zh: '只在这里显示一次。请现在复制并妥善保存：关闭之后谁也无法再看到它。',
    en: 'It is shown this once. Copy it and keep it well: once this is closed, nobody can see it again.',
  },
  leaveSecret: {
    zh: '密钥只显示这一次，您还没有确认已经保存。离开之后谁也无法再看到它。仍要离开吗？',
    en: 'The secret is shown this once, and you have not said that you kept it. Once you leave, nobody can see it again. Leave all the same?',
  },
  keptIt: { zh: '已保存，关闭', en: 'I have kept it: close' },
  close: { zh: '关闭', en: 'Close' },
} as const satisfies Record<string, Words>;
