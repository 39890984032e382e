import { readTargets, type TargetDefaults } from './target-list.js';

const APPID = 'wx570bc396a51b8ff8';
const SHORT = 'https://mp.weixin.qq.com/s/9pJLbTu4H9Wq8PcHxyzABC';
const LONG = 'https://mp.weixin.qq.com/s?__biz=MzA3MDM3NjE5NQ==&mid=2650&idx=2&sn=abc';

const only = (text: string, defaults?: TargetDefaults) => {
  const { targets, faults } = readTargets(text, defaults);
  expect(faults).toEqual([]);
  expect(targets).toHaveLength(1);
  return targets[0]?.target;
};
const faultOf = (text: string, defaults?: TargetDefaults) => {
  const { targets, faults } = readTargets(text, defaults);
  expect(targets).toEqual([]);
  expect(faults).toHaveLength(1);
  return faults[0]?.why;
};

describe('a line', () => {
  const article = { merchant: APPID, msg_id: '3147483661', article_idx: 2 };
  const whole = { merchant: APPID, msg_id: '3147483661', whole_message: true };

  it.each([
    ['with tabs', `${APPID}\t3147483661\t2`],
    ['with commas, and too many', `${APPID},3147483661,2,,`],
    ['with semicolons', `${APPID};3147483661;2`],
    ['with bars', `${APPID} | 3147483661 | 2`],
    ['with Chinese commas', `${APPID}，3147483661，2`],
    ['with blanks', `  ${APPID}   3147483661 2 `],
    ['in another order', `3147483661,2,${APPID}`],
    ['with quotes', `"${APPID}","3147483661","2"`],
    ['with curly quotes', `“${APPID}”,“3147483661”,“2”`],
    ['with a quote that is not closed', `"${APPID},3147483661,2`],
    ['with formulas against rounding', `${APPID},="3147483661",2`],
    ['with apostrophes against rounding', `${APPID},'3147483661,2`],
    ['with tabs against rounding', `${APPID},"\t3147483661",2`],
    ['with decimals', `${APPID},3147483661.0,2.0`],
    ['with wide digits', `${APPID},３１４７４８３６６１,２`],
    ['with characters that nobody sees', `\u200b${APPID}\u200b,\ufeff3147483661,2`],
    ['of JSON', `{"merchant":"${APPID}","msg_id":"3147483661","article_idx":2}`],
    ['of JSON with a number and a comma', `{"merchant":"${APPID}","msg_id":3147483661,"article_idx":2},`],
  ])('%s names an article', (_how, text) => {
    expect(only(text)).toEqual(article);
  });

  it.each([`${APPID} 3147483661 all`, `${APPID},3147483661,整条`, `${APPID}\t3147483661\tWhole_Message`])(
    'names a whole message: %s',
    (text) => {
      expect(only(text)).toEqual(whole);
    },
  );

  it.each([
    [SHORT, { url: SHORT }],
    [`${LONG.replaceAll('&', '&amp;')}`, { url: LONG.replaceAll('&', '&amp;') }],
    [`1. 春季特卖 ${SHORT}`, { url: SHORT }],
    [`7,"春季, 特卖",${SHORT},10234`, { url: SHORT }],
    [`${APPID}\t${SHORT}`, { merchant: APPID, url: SHORT }],
    [`"${SHORT}",`, { url: SHORT }],
    [`"${SHORT}"`, { url: SHORT }],
  ])('names an article by its link: %s', (text, target) => {
    expect(only(text)).toEqual(target);
  });

  it.each([
    ['words', 'price list', 'neither a link nor a msg_id'],
    ['an account alone', APPID, 'neither a link nor a msg_id'],
    ['a msg_id without an account', '3147483661 1', 'without an account'],
    ['neither article nor all', `${APPID} 3147483661`, 'neither an article nor "all"'],
    ['article 0', `${APPID} 3147483661 0`, 'article 0 would be the whole message'],
    ['an article in words', `${APPID} 3147483661 second`, 'no number of an article'],
    ['more than is known', `${APPID} 3147483661 2 7`, 'may mean anything'],
    ['a shortened number', `${APPID},3.14748E+09,1`, 'a spreadsheet has shortened'],
    ['decimals that may have lost digits', `${APPID},9223372036854775807.0,1`, 'is no msg_id'],
    ['two accounts', `${APPID},wx0123456789abcdef,3147483661,1`, 'several appids'],
    ['two links', `${SHORT},${LONG}`, 'several links'],
    ['a link that a blank has torn', 'https://mp.weixin.qq.com/s/9pJL bTu4H9', 'text stands behind the link'],
    ['JSON that is cut off', `{"merchant":"${APPID}",`, 'not JSON'],
    ['JSON with a field twice', '{"msg_id":"1","msg_id":"2"}', 'not JSON'],
    ['a blank between values', `${APPID},3147483661,,2`, 'a blank cell between others'],
    ['a link and all', `${APPID},${SHORT},all`, 'the whole message'],
    ['JSON of a link and a msg_id', `{"url":"${SHORT}","msg_id":"1","article_idx":1}`, 'of another article'],
    ['JSON of a link and the whole message', `{"url":"${SHORT}","whole_message":"true"}`, 'the whole message'],
    [
      'JSON of a message that is not to go as a whole',
      `{"merchant":"${APPID}","msg_id":"1","whole_message":false}`,
      'no article either',
    ],
    ['JSON of nothing', `{"merchant":"${APPID}"}`, 'neither a url nor a msg_id'],
  ])('with %s is reported', (_what, text, why) => {
    expect(faultOf(text)).toContain(why);
  });

  it('gets what it does not say itself', () => {
    expect(only('3147483661', { merchant: APPID, article: 2 })).toEqual(article);
    expect(only('3147483661', { merchant: APPID, wholeMessage: true })).toEqual(whole);
    expect(only(`3147483661,2`, { merchant: APPID, wholeMessage: true })).toEqual(article);
    expect(only(SHORT, { wholeMessage: true })).toEqual({ url: SHORT });
    expect(faultOf(`${APPID} 3147483661 second`, { wholeMessage: true })).toContain('no number of an article');
  });

  it.each([`{"merchant":"${APPID}","msg_id":"1","whole_message":false}`, `merchant,msg_id,whole\n${APPID},1,否`])(
    'does not get what it says no to: %s',
    (text) => {
      for (const defaults of [{ wholeMessage: true }, { article: 1 }]) {
        expect(faultOf(text, defaults)).toContain('no article either');
      }
    },
  );

  it('keeps all digits of a msg_id', () => {
    expect(only(`{"merchant":"${APPID}","msg_id":9007199254740993,"article_idx":1}`)).toMatchObject({
      msg_id: '9007199254740993',
    });
  });
});

describe('a list', () => {
  it('counts its lines as an editor does, whatever ends them, and passes over what asks for nothing', () => {
    for (const end of ['\n', '\r\n', '\r']) {
      const lines = [
        '\ufeff# of Monday',
        '',
        '  ',
        ',,,',
        `${APPID} 3147483661 1`,
        'nonsense',
        `${APPID} 3147483662 1`,
      ];
      const { targets, faults, passedOver } = readTargets(lines.join(end));
      expect(targets.map(({ line }) => line)).toEqual([5, 7]);
      expect(faults).toMatchObject([{ line: 6, text: 'nonsense' }]);
      expect(passedOver).toBe(4);
    }
  });

  it('may name its columns, others included', () => {
    const list = `Title,Read,Msg ID,AppID,article_idx\n"a, b",1234567,3147483661,${APPID},2\nc,2,3147483662,${APPID},all`;
    expect(readTargets(list)).toMatchObject({
      targets: [
        { line: 2, target: { merchant: APPID, msg_id: '3147483661', article_idx: 2 } },
        { line: 3, target: { merchant: APPID, msg_id: '3147483662', whole_message: true } },
      ],
      faults: [],
    });
    expect(readTargets(`标题\t链接\t阅读\n春季\t${SHORT}\t7654321`).targets).toEqual([
      { line: 2, target: { url: SHORT } },
    ]);
  });

  it.each([
    ['a comma without quotes', 'msg_id,title,article_idx,merchant', `31474,Top, 3,2,${APPID}`, 'ambiguous_cell'],
    ['that comma, with a blank at the end', 'msg_id,title,article,reads', '31474,Top, 3,2,', 'ambiguous_cell'],
    ['a column twice', 'merchant,msg_id,article,article_idx', `${APPID},31474,1,2`, 'ambiguous_cell'],
    ['other delimiters than the names', 'merchant\tmsg_id\treads', `${APPID} 31474 2`, 'nothing_named'],
    ['the number of a row', 'idx,merchant,msg_id', `7,${APPID},31474`, 'article_missing'],
    ['a link and a msg_id', 'merchant,msg_id,url', `${APPID},31474,${LONG}`, 'target_named_twice'],
    ['a link of another article', 'merchant,msg_id,article,url', `${APPID},31474,1,${LONG}`, 'target_named_twice'],
    ['a link of nobody knows which', 'merchant,msg_id,article,url', `${APPID},31474,1,${SHORT}`, 'target_named_twice'],
    ['a link and another article', 'article,url', `3,${LONG}`, 'target_named_twice'],
    ['a link and all', 'article,url', `all,${LONG}`, 'target_named_twice'],
    ['a link and the whole message', 'whole,url', `yes,${SHORT}`, 'target_named_twice'],
    ['no, and all', 'merchant,msg_id,article,whole', `${APPID},31474,all,no`, 'article_and_whole_message'],
    ['yes, and an article', 'merchant,msg_id,article,whole', `${APPID},31474,2,是`, 'article_and_whole_message'],
    ['maybe', 'merchant,msg_id,article,whole', `${APPID},31474,2,maybe`, 'not_yes_or_no'],
    ['no, and no article', 'merchant,msg_id,whole', `${APPID},31474,No`, 'article_missing'],
  ])('that names its columns is not guessed at where a row has %s', (_what, names, row, code) => {
    const defaults = code === 'article_missing' ? {} : { wholeMessage: true };
    expect(readTargets(`${names}\n${row}`, defaults)).toMatchObject({ targets: [], faults: [{ line: 2, code }] });
  });

  it.each([
    ['merchant,msg_id,article,url', `${APPID},31474,2,"${LONG}"`, { merchant: APPID, msg_id: '31474', article_idx: 2 }],
    ['article,url', `2,${LONG.replaceAll('&', '&amp;')}`, { url: LONG.replaceAll('&', '&amp;') }],
    ['title,url', SHORT, { url: SHORT }],
    ['whole,url', `no,${SHORT}`, { url: SHORT }],
    ['merchant,msg_id,whole', `${APPID},31474,整条`, { merchant: APPID, msg_id: '31474', whole_message: true }],
    ['merchant,msg_id,article,whole', `${APPID},31474,2,否`, { merchant: APPID, msg_id: '31474', article_idx: 2 }],
  ])('that names its columns %s has the row %s', (names, row, target) => {
    expect(readTargets(`${names}\n${row}`)).toMatchObject({ targets: [{ line: 2, target }], faults: [] });
  });

  it('may have cells that go on over the end of their line', () => {
    const list = `title,url\n"spring\nsale",${SHORT}\n"never closed,${SHORT}\n`;
    const { targets } = readTargets(list);
    expect(targets[0]).toEqual({ line: 2, target: { url: SHORT } });
  });

  it('loses no line to a quote that is a slip', () => {
    const list = `"${APPID} 3147483661 1\n${APPID} 3147483662 1\n${APPID} 3147483663 1"\n`;
    expect(readTargets(list).targets.map(({ line }) => line)).toEqual([1, 2, 3]);
  });

  it.each([
    ['options', { items: [{ merchant: APPID, msg_id: '1', article_idx: 1 }], undo_seconds: 600 }],
    ['a dry run', { urls: [SHORT, LONG], dry_run: true }],
    ['two lists', { items: [{ merchant: APPID, msg_id: '1', article_idx: 1 }], urls: [SHORT] }],
    ['a list, and half of another', { items: null, urls: [SHORT] }],
  ])('is not understood at all as a body with %s', (_what, body) => {
    for (const text of [JSON.stringify(body), JSON.stringify(body, null, 2)]) {
      expect(readTargets(text)).toMatchObject({ targets: [], faults: [{ code: 'body_has_options' }] });
    }
  });

  it('is not understood at all as a body that is torn', () => {
    const body = JSON.stringify(
      { undo_seconds: 600, items: [{ merchant: APPID, msg_id: '1', article_idx: 1 }] },
      null,
      1,
    );
    const lines = body.replace(/\{\s+"merchant"[^}]*\}/, (item) => item.replace(/\s+/g, ''));
    for (const text of [`curl -d '${lines}'`, lines.slice(0, -1)]) {
      expect(readTargets(text)).toMatchObject({ targets: [], faults: [{ code: 'not_json' }] });
    }
  });

  it.each([
    ['a list of links', JSON.stringify([SHORT, LONG], null, 2), 2],
    ['a list of items', JSON.stringify([{ merchant: APPID, msg_id: '1', article_idx: 1 }], null, 2), 1],
    ['the body of a request', JSON.stringify({ urls: [SHORT] }, null, 2), 1],
    ['lines of a list', `[\n{"url":"${SHORT}"},\n{"url":"${LONG}"},\n]\n`, 2],
  ])('may be JSON: %s', (_what, text, count) => {
    const { targets, faults } = readTargets(text);
    expect(faults).toEqual([]);
    expect(targets).toHaveLength(count);
  });
});
