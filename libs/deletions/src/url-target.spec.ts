import type { FoundArticle, MerchantCard } from '@app/merchants';
import type { AddressFacts } from './address-facts.js';
import { merchantAt, targetAt } from './url-target.js';

const card = (authorizerAppid: string, over: Partial<MerchantCard> = {}): MerchantCard => ({
  id: `${authorizerAppid}@P`,
  authorizerAppid,
  componentAppid: 'P',
  biz: null,
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
  ...over,
});

const facts = (over: Partial<AddressFacts>): AddressFacts => ({
  biz: 'B',
  sends: [],
  holders: [],
  owners: [],
  ...over,
});

describe('the merchant at an address', () => {
  const everybody = () => true;
  const other = card('C', { biz: 'C' });
  const unknown = card('U');
  const owner = card('B', { biz: 'B' });

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
  ])('is the one %s', (_what, over, appid) => {
    expect(merchantAt(facts(over), everybody)).toMatchObject({ authorizerAppid: appid });
  });

  it.each<[string, Partial<AddressFacts>, string]>([
    ['nobody is known', {}, 'url_not_resolved'],
    ['who has sent it is known to be another', { holders: [other] }, 'url_not_resolved'],
    ['two have sent it', { holders: [unknown, card('V')] }, 'url_ambiguous'],
    ['two have sent it, by a short address', { biz: undefined, holders: [unknown, other] }, 'url_ambiguous'],
    ['two are said to own it', { owners: [owner, card('D', { biz: 'B' })] }, 'url_ambiguous'],
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
    ['a long one', 'B', /in items, or import the message/],
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
