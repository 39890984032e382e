import type { MassMessage } from '@app/client';
import { canPick, countsOf, keyOf, pickedOf, toggled, WHOLE, withAll, type Picked } from './picking.js';

const article = (article_idx: number, deleted_at: string | null = null) => ({
  article_idx,
  url: null,
  title: `title ${article_idx}`,
  deleted_at,
  deleted_by: null,
  source: null,
});

const message = (msg_id: string, given: Partial<MassMessage> = {}): MassMessage => ({
  merchant: 'A',
  component_appid: 'P',
  merchant_name: '茶馆',
  msg_id,
  status: 'send success',
  status_code: null,
  total_count: null,
  filter_count: null,
  sent_count: null,
  error_count: null,
  finished_at: null,
  label: null,
  title: null,
  deleted_at: null,
  deleted_by: null,
  articles: [article(1), article(2)],
  ...given,
});

const NOTHING: Picked = new Map();
const itemsOf = (picked: Picked) => [...picked.values()].map(({ item }) => item);
const named = (msg_id: string) => ({ merchant: 'A', component_appid: 'P', msg_id });

describe('what is picked', () => {
  it('is an article with its title, and left out by picking it again', () => {
    const picked = toggled(NOTHING, message('9223372036854775807'), 2);
    expect([...picked.values()]).toEqual([
      { item: { ...named('9223372036854775807'), article_idx: 2 }, title: 'title 2', account: '茶馆' },
    ]);
    expect(toggled(picked, message('9223372036854775807'), 2).size).toBe(0);
  });

  it('has no title of its own where the article has none', () => {
    const untitled = message('1', { title: 'Spring', articles: [article(1), { ...article(2), title: null }] });
    expect(toggled(NOTHING, untitled, 2).get(keyOf(untitled, 2))?.title).toBeNull();
  });

  it('is what was picked before, and more', () => {
    const picked = toggled(toggled(NOTHING, message('1'), 2), message('2'), WHOLE);
    const again = pickedOf(JSON.parse(JSON.stringify([...picked.values()])));
    expect(again).toEqual(picked);
    expect(itemsOf(toggled(toggled(again, message('1'), 2), message('3'), 1))).toEqual([
      { ...named('2'), whole_message: true },
      { ...named('3'), article_idx: 1 },
    ]);
  });

  it('is a whole message instead of its articles', () => {
    const one = message('1', { title: 'all of it' });
    const picked = toggled(toggled(toggled(NOTHING, one, 1), message('2'), 1), one, WHOLE);
    expect(itemsOf(picked)).toEqual([
      { ...named('2'), article_idx: 1 },
      { ...named('1'), whole_message: true },
    ]);
    expect(picked.get(keyOf(one, WHOLE))?.title).toBe('all of it');
    expect(itemsOf(withAll(picked, [one], 2))).toEqual(itemsOf(picked));
    expect(countsOf(picked)).toEqual({ articles: 1, messages: 1, merchants: 1 });
  });

  it('is the same part of many messages, where there is one to take down', () => {
    const messages = [
      message('1'),
      message('2', { articles: [article(1), article(2, 'gone')] }),
      message('3', { articles: [article(1)] }),
      message('4', { deleted_at: 'gone' }),
      message('5', { status: 'send fail' }),
      message('6', { status: 'imported', merchant: 'B' }),
    ];
    expect(itemsOf(withAll(NOTHING, messages, 2)).map(({ msg_id }) => msg_id)).toEqual(['1', '6']);
    expect(itemsOf(withAll(NOTHING, messages, WHOLE)).map(({ msg_id }) => msg_id)).toEqual(['1', '2', '3', '6']);
    expect(countsOf(withAll(NOTHING, messages, WHOLE)).merchants).toBe(2);
  });

  it.each([
    ['send success', true],
    ['sendsuccess', true],
    ['imported', true],
    ['send fail', false],
    ['err(30003)', false],
  ])('went out: %s', (status, isPickable) => {
    expect(canPick(message('1', { status }), 1)).toBe(isPickable);
    expect(canPick(message('1', { status }), WHOLE)).toBe(isPickable);
    expect(toggled(NOTHING, message('1', { status }), 1).size).toBe(isPickable ? 1 : 0);
  });
});
