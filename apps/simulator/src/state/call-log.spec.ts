import { CallLog, fingerprint, withoutSecrets, type Call } from './call-log.js';

const aCall = (change: Partial<Call> = {}): Omit<Call, 'seq'> => ({
  at: 0,
  operation: 'mass/delete',
  method: 'POST',
  path: '/cgi-bin/message/mass/delete',
  componentAppid: 'wxp',
  authorizerAppid: 'wxa',
  token: undefined,
  clientIp: '127.0.0.1',
  requestBody: {},
  httpStatus: 200,
  errcode: 0,
  responseBody: {},
  rid: '',
  latencyMs: 1,
  fault: undefined,
  ...change,
});

describe('the call log', () => {
  it('keeps the last calls and counts them all', () => {
    const log = new CallLog(3);
    for (const errcode of [0, 0, 45009, 40059, 0]) log.add(aCall({ errcode }));
    log.add(aCall({ operation: 'mass/get', errcode: undefined, httpStatus: undefined, fault: '#1 reset' }));
    expect(log.find().map(({ seq }) => seq)).toEqual([4, 5, 6]);
    expect(log.total).toBe(6);
    expect(log.counts()).toEqual({
      'mass/delete': { '0': 3, '45009': 1, '40059': 1 },
      'mass/get': { '#1 reset': 1 },
    });
  });

  it('finds by operation, account, errcode and time', () => {
    const log = new CallLog(10);
    log.add(aCall());
    log.add(aCall({ authorizerAppid: 'wxb' }));
    log.add(aCall({ operation: 'mass/get' }));
    log.add(aCall({ errcode: -1, rid: '1-2-3' }));
    const seqs = (filter: object) => log.find(filter).map(({ seq }) => seq);
    expect(seqs({ operation: 'mass/delete' })).toEqual([1, 2, 4]);
    expect(seqs({ authorizer_appid: 'wxb' })).toEqual([2]);
    expect(seqs({ errcode: -1 })).toEqual([4]);
    expect(seqs({ since: 2 })).toEqual([3, 4]);
    expect(seqs({ limit: 2 })).toEqual([3, 4]);
    expect(log.findByRid('1-2-3')?.seq).toBe(4);
  });
});

it('shows secrets as short fingerprints, wherever they are', () => {
  const secret = 'refreshtoken@@@abc';
  expect(
    withoutSecrets({
      authorizer_refresh_token: secret,
      list: [{ refresh_token: secret }, { refresh_token: '' }],
      authorization_code: 'queryauthcode@@@x',
      text: { content: 'QUERY_AUTH_CODE:queryauthcode@@@x' },
      errcode: 0,
      msg_id: 9_007_199_254_740_993n,
    }),
  ).toEqual({
    authorizer_refresh_token: fingerprint(secret),
    list: [{ refresh_token: fingerprint(secret) }, { refresh_token: '' }],
    authorization_code: fingerprint('queryauthcode@@@x'),
    text: { content: fingerprint('QUERY_AUTH_CODE:queryauthcode@@@x') },
    errcode: 0,
    msg_id: '9007199254740993',
  });
  expect(fingerprint(secret)).toMatch(/^sha256:[0-9a-f]{8}$/);
});
