import { changesOf, wrongFields, type LimitsForm } from './limits-form.js';

const BEFORE: LimitsForm = { ref: 'shop 7', ratePerMinute: '60', dailyLimit: '10' };

describe('the changes of limits', () => {
  it.each<[Partial<LimitsForm>, object]>([
    [{}, {}],
    [{ ref: ' shop 7 ' }, {}],
    [{ ref: '' }, { ref: null }],
    [{ ref: '茶馆' }, { ref: '茶馆' }],
    [{ ratePerMinute: '' }, { rate_per_minute: null }],
    [{ dailyLimit: ' 20 ' }, { daily_limit: 20 }],
    [
      { ref: 'x', ratePerMinute: '1', dailyLimit: '0' },
      { ref: 'x', rate_per_minute: 1, daily_limit: 0 },
    ],
  ])('%p', (typed, changes) => expect(changesOf(BEFORE, { ...BEFORE, ...typed })).toEqual(changes));
});

describe('wrong fields', () => {
  it.each<[Partial<LimitsForm>, string[]]>([
    [{}, []],
    [{ ratePerMinute: '', dailyLimit: '' }, []],
    [{ ratePerMinute: '0' }, ['ratePerMinute']],
    [{ ratePerMinute: '100000' }, []],
    [{ ratePerMinute: '100001' }, ['ratePerMinute']],
    [{ dailyLimit: '0' }, []],
    [{ dailyLimit: '1.5' }, ['dailyLimit']],
    [{ dailyLimit: '-1', ratePerMinute: 'many' }, ['ratePerMinute', 'dailyLimit']],
    [{ dailyLimit: '10000001' }, ['dailyLimit']],
  ])('of %p', (typed, wrong) => expect(wrongFields({ ...BEFORE, ...typed })).toEqual(wrong));
});
