import { bodyOf, firstLines, linesOf, partsOf, readPasted, refusalsIn } from './lines.js';

const MERCHANT = 'wx570bc396a51b8ff8';
const LINK = 'https://mp.weixin.qq.com/s/9pJLbTu4H9Wq8PcHxyzABC';

const read = (text: string, rest: { merchant?: string; article?: string } = {}) =>
  readPasted({ text, merchant: '', article: '', ...rest });

describe('pasted lines', () => {
  it('are each shown with what they were understood as or what is wrong', () => {
    const list = read(`“${LINK}”,\n\nso what?\n${MERCHANT}\t3147483661\t2\n${MERCHANT},3147483662,all`);
    expect(linesOf(list, new Map())).toEqual({
      lines: [
        { line: 1, kind: 'link', item: { url: LINK } },
        { line: 3, fault: 'nothing_named', detail: expect.any(String), excerpt: 'so what?' },
        { line: 4, kind: 'article', item: { merchant: MERCHANT, msg_id: '3147483661', article_idx: 2 } },
        { line: 5, kind: 'whole', item: { merchant: MERCHANT, msg_id: '3147483662', whole_message: true } },
      ],
      understood: 3,
      faulty: 1,
      whole: 1,
      passedOver: 1,
    });
  });

  it('have what was said for all of them', () => {
    const { targets } = read('3147483661\n3147483662,3', { merchant: ` ${MERCHANT}`, article: '1' });
    expect(targets.map(({ target }) => target)).toEqual([
      { merchant: MERCHANT, msg_id: '3147483661', article_idx: 1 },
      { merchant: MERCHANT, msg_id: '3147483662', article_idx: 3 },
    ]);
    expect(read(`${MERCHANT} 3147483661`, { article: 'all' }).targets[0]?.target).toMatchObject({
      whole_message: true,
    });
  });

  it('are told of a refusal at their own line, in whichever part they were sent', () => {
    const list = read(`${'\n'.repeat(2)}${`${LINK}\n`.repeat(5_000)}`);
    expect(partsOf(list).map(({ length }) => length)).toEqual([4_000, 1_000]);
    const refusal = { line: 2, code: 'url_not_an_article', detail: '', excerpt: '' };
    const refusals = refusalsIn([
      { items: [], errors: [], passed_over: 0 },
      { items: [], errors: [refusal], passed_over: 0 },
    ]);
    const { lines, understood, faulty } = linesOf(list, refusals);
    expect({ understood, faulty }).toEqual({ understood: 4_999, faulty: 1 });
    expect(lines.find((line) => 'fault' in line)).toMatchObject({ line: 4_004, fault: 'url_not_an_article' });
  });

  it('are the first ones of a long file, without the one that is torn', () => {
    const csv = `merchant,msg_id,article_idx,whole_message\n${MERCHANT},3147483661,2,\n${MERCHANT},3147483662,,true\n`;
    const named = [
      { line: 2, item: { merchant: MERCHANT, msg_id: '3147483661', article_idx: 2 } },
      { line: 3, item: { merchant: MERCHANT, msg_id: '3147483662', whole_message: true } },
    ];
    expect(firstLines(csv, false)).toEqual(named);
    expect(firstLines(`${csv}${MERCHANT},31474836`, true)).toEqual(named);
    expect(firstLines(`{"url":"${LINK}"}\n{"url":"https://mp`, true)).toEqual([{ line: 1, item: { url: LINK } }]);
  });

  it('are sent as a target each', () => {
    expect(bodyOf([{ url: LINK }, { merchant: MERCHANT, msg_id: '9007199254740993', article_idx: 1 }])).toBe(
      `{"url":"${LINK}"}\n{"merchant":"${MERCHANT}","msg_id":"9007199254740993","article_idx":1}\n`,
    );
  });
});
