import type { FoundArticle, MerchantCard } from '@app/merchants';
import type { AddressFacts } from './address-facts.js';
import { merchantAt, targetAt } from './url-target.js';

const card = (authorizerAppid: string, over: Partial<MerchantCard> = {}): MerchantCard => ({
  id: `${authorizerAppid}@P`,
  authorizerAppid,
  componentAppid: 'P',
  biz: null,
  bizSource: over.biz == null ? null : 'wechat',
  ineligibleReasons: [],
  ...over,
});

const send = (merchantId: string, msgId: string, over: Partial<FoundArticle> = {}): FoundArticle => ({
  merchantId,
  msgId,
  articleIdx: 1,
  mid: '1',
  idx: 1,
  sn: 'x',
  shortId: null,
  status: 'send success',
  source: 'wechat',
  ...over,
});

/** Unless told otherwise, WeChat told that the holders have sent it. */
const facts = (over: Partial<AddressFacts>): AddressFacts => ({
  biz: 'B',
  sends: (over.holders ?? []).map(({ id }) => send(id, '1')),
  holders: [],
  owners: [],
  ...over,
});

const BY_IMPORT = { source: 'import' as const };
const BY_LIMITED = { source: 'limited_import' as const };

describe('the merchant at an address', () => {
  const everybody = () => true;
  const other = card('C', { biz: 'C' });
  const unknown = card('U');
  const owner = card('B', { biz: 'B' });
  const imported = card('I', { biz: 'B', bizSource: 'import' });

  it.each<[string, Partial<AddressFacts>, string]>([
    ['who owns it, though nothing of it is in the inventory', { owners: [owner] }, 'B'],
    [
      'who owns it, and not who has it in the inventory by mistake',
      { owners: [owner], holders: [other, unknown] },
      'B',
    ],
    ['who alone has sent it, while nobody is known to own it', { holders: [unknown] }, 'U'],
    ['who has sent it and is not known to be another', { holders: [unknown, other] }, 'U'],
    ['who has sent it, by a short address', { biz: undefined, holders: [other] }, 'C'],
    ['who owns it by what WeChat told, and not by an import', { owners: [imported, owner] }, 'B'],
    [
      'who has sent it by what WeChat told, whoever owns it by an import',
      { owners: [imported], holders: [unknown] },
      'U',
    ],
    [
      'who has sent it by what WeChat told, whoever imported it',
      { biz: undefined, holders: [other, unknown], sends: [send('C@P', '9', BY_IMPORT), send('U@P', '1')] },
      'U',
    ],
    [
      'who has sent it by what WeChat told, though an import gave it another name',
      { holders: [card('C', { biz: 'C', bizSource: 'import' })] },
      'C',
    ],
  ])('is the one %s', (_what, over, appid) => {
    expect(merchantAt(facts(over), everybody)).toMatchObject({ authorizerAppid: appid });
  });

  it.each<[string, Partial<AddressFacts>, string]>([
    ['nobody is known', {}, 'url_not_resolved'],
    ['who has sent it is known to be another', { holders: [other] }, 'url_not_resolved'],
    ['two have sent it', { holders: [unknown, card('V')] }, 'url_ambiguous'],
    ['two have sent it, by a short address', { biz: undefined, holders: [unknown, other] }, 'url_ambiguous'],
    ['two are said to own it', { owners: [owner, card('D', { biz: 'B' })] }, 'url_ambiguous'],
    ['an import alone tells who owns it', { owners: [imported] }, 'url_ambiguous'],
    [
      'an import alone tells who sent it',
      { holders: [unknown], sends: [send('U@P', '1', BY_IMPORT)] },
      'url_ambiguous',
    ],
    [
      'an import alone tells who sent it, by a short address',
      { biz: undefined, holders: [other], sends: [send('C@P', '1', BY_IMPORT)] },
      'url_ambiguous',
    ],
    [
      'an import with limits alone tells who sent it',
      { holders: [unknown], sends: [send('U@P', '1', BY_LIMITED)] },
      'url_ambiguous',
    ],
  ])('is not guessed where %s', (_what, over, code) => {
    expect(merchantAt(facts(over), everybody)).toMatchObject({ code });
  });

  it('names those between whom it is not guessed, as far as the caller may know of them', () => {
    const among = facts({ owners: [owner, card('D', { biz: 'B' }), card('E', { biz: 'B' })] });
    const mayReach = ({ authorizerAppid }: MerchantCard) => authorizerAppid !== 'E';
    expect(merchantAt(among, mayReach)).toMatchObject({ detail: expect.stringContaining('(B, D)') });
  });

  it('is nobody when the caller may not reach the owner, though it reaches one who has it by mistake', () => {
    const mayReach = ({ authorizerAppid }: MerchantCard) => authorizerAppid === 'U';
    expect(merchantAt(facts({ owners: [owner], holders: [unknown] }), mayReach)).toMatchObject({
      code: 'url_not_resolved',
    });
  });

  it.each([
    ['a short link', undefined, /in items, or open the link in a browser and paste the long address/],
    ['a long one', 'B', /in items\. To have it deleted by its msg_id, import the message/],
  ])('that is not known by %s is told how to name it', (_what, biz, way) => {
    expect(merchantAt(facts({ biz }), everybody)).toMatchObject({ detail: expect.stringMatching(way) });
  });

  it('of an account on two platforms is the one that can delete, and before others the one that has the send', () => {
    const lost = card('B', { biz: 'B', ineligibleReasons: ['permission_set_7_not_granted'] });
    const second = card('B', { id: 'B@Q', componentAppid: 'Q' });
    const third = card('B', { id: 'B@R', componentAppid: 'R', biz: 'B' });
    expect(merchantAt(facts({ owners: [lost, third], holders: [lost, second] }), everybody)).toBe(second);
    expect(merchantAt(facts({ owners: [lost] }), everybody)).toBe(lost);
  });
});

describe('the target at an address', () => {
  const url = 'https://mp.weixin.qq.com/s?__biz=B&mid=1&idx=1&sn=x';
  const merchant = card('B', { biz: 'B' });

  it('is the newest send of this merchant', () => {
    const sends = [send('B@P', '9'), send('B@P', '10', { articleIdx: 2 }), send('X@P', '11')];
    expect(targetAt(url, merchant, facts({ sends }))).toEqual({ msgId: 10n, articleIdx: 2 });
  });

  it('is the newest that went out', () => {
    const sends = [send('B@P', '9', { status: 'imported' }), send('B@P', '10', { status: 'send fail' })];
    expect(targetAt(url, merchant, facts({ sends }))).toEqual({ msgId: 9n, articleIdx: 1 });
  });

  it.each<[string, FoundArticle[], bigint]>([
    ['WeChat told of', [send('B@P', '9'), send('B@P', '10', BY_IMPORT), send('B@P', '11', BY_LIMITED)], 9n],
    [
      'WeChat told of, though later ones did not go out',
      [send('B@P', '9'), send('B@P', '10', { status: 'send fail' })],
      9n,
    ],
    ['a key without limits imported', [send('B@P', '10', BY_IMPORT), send('B@P', '11', BY_LIMITED)], 10n],
    ['a key with limits imported, where nothing else is known', [send('B@P', '11', BY_LIMITED)], 11n],
    [
      'was imported, where what WeChat told of did not go out',
      [send('B@P', '9', { status: 'send fail' }), send('B@P', '10', { ...BY_IMPORT, status: 'imported' })],
      10n,
    ],
  ])('is the newest that %s', (_what, sends, msgId) => {
    expect(targetAt(url, merchant, facts({ sends, owners: [merchant] }))).toMatchObject({ msgId });
  });

  it.each<[string, Partial<AddressFacts>]>([
    [
      'is its owner by an import, and WeChat told of another',
      { owners: [card('I', { biz: 'B', bizSource: 'import' }), merchant] },
    ],
    [
      'has it by an import, and WeChat told that another sent it',
      { holders: [card('I'), card('U')], sends: [send('U@P', '1'), send('I@P', '9', BY_IMPORT)] },
    ],
    [
      'has it by an import, and WeChat told that another sent it, by a short address',
      { biz: undefined, holders: [card('I'), card('U')], sends: [send('U@P', '1'), send('I@P', '9', BY_IMPORT)] },
    ],
  ])('is none when the merchant %s', (_what, over) => {
    expect(targetAt(url, card('I'), facts(over))).toMatchObject({ code: 'url_of_another_merchant' });
  });

  it('is none when none went out', () => {
    const sends = [send('B@P', '10', { status: 'err(10001)' })];
    expect(targetAt(url, merchant, facts({ sends }))).toMatchObject({ code: 'message_not_sent' });
  });

  it('is the address where no send is known', () => {
    expect(targetAt(url, merchant, facts({ owners: [merchant] }))).toEqual({ url });
    expect(targetAt(url, card('U'), facts({}))).toEqual({ url });
  });

  it.each<[string, MerchantCard, Partial<AddressFacts>]>([
    ['has another biz', card('C', { biz: 'C' }), {}],
    ['is not the one who is known by it', card('U'), { owners: [merchant] }],
  ])('is none when the merchant %s', (_what, named, over) => {
    const sends = [send(named.id, '10')];
    expect(targetAt(url, named, facts({ sends, ...over }))).toMatchObject({ code: 'url_of_another_merchant' });
  });
});
