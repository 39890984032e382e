import { queryOf, wrongAmong } from './deletion-filters.js';

describe('filters of deletions', () => {
  it('are handed on as the api takes them', () => {
    const filters = { state: 'failed', merchant: 'wx1', errcode: '-1', created_after: '2026-11-01T08:00:00Z' };
    expect(wrongAmong(filters)).toEqual([]);
    expect(queryOf(filters)).toEqual({
      state: 'failed',
      merchant: 'wx1',
      errcode: -1,
      created_after: '2026-11-01T08:00:00.000Z',
    });
    expect(queryOf({})).toEqual({});
  });

  it('keep all digits of a msg_id', () => {
    expect(queryOf({ msg_id: '9223372036854775807' })).toEqual({ msg_id: '9223372036854775807' });
  });

  it('are refused where they mean nothing', () => {
    const wrong = {
      state: 'gone',
      merchant: '茶馆',
      component_appid: 'a b',
      msg_id: '3.1e9',
      errcode: 'ok',
      takedown: '7',
      created_after: 'yesterday',
      created_before: '',
    };
    expect(wrongAmong(wrong)).toEqual([
      'state',
      'merchant',
      'component_appid',
      'msg_id',
      'errcode',
      'takedown',
      'created_after',
      'created_before',
    ]);
  });
});
