import {
  eligibilityWarnings,
  ineligibleReasons,
  mayTryAnyway,
  type IneligibleReason,
  type WarningCode,
} from './eligibility.js';

const sound = {
  state: 'authorized' as const,
  permissionSets: [1, 7, 15],
  isMiniProgram: false,
  serviceType: 2,
  verifyType: 0,
  accountStatus: 1,
  deniedReason: null,
  factsReadAt: new Date('2026-01-01T00:00:00Z'),
};
type Facts = Parameters<typeof eligibilityWarnings>[0];

const warnings = (facts: Facts) => eligibilityWarnings(facts).map(({ code }) => code);

describe('ineligibleReasons', () => {
  it('finds nothing against a verified service account that granted set 7', () => {
    expect(ineligibleReasons(sound)).toEqual([]);
    expect(warnings(sound)).toEqual([]);
  });

  it.each<[string, Partial<Facts>, IneligibleReason[]]>([
    ['set 7 was not granted', { permissionSets: [1, 15, 77] }, ['permission_set_7_not_granted']],
    ['it is known that nothing was granted', { permissionSets: [] }, ['permission_set_7_not_granted']],
    ['it is a mini program', { isMiniProgram: true }, ['not_an_official_account']],
    ['it is a mini program of any type', { isMiniProgram: true, serviceType: 12 }, ['not_an_official_account']],
    ['it is not verified', { verifyType: -1 }, ['not_verified']],
    ['it is cancelled', { accountStatus: 14 }, ['account_frozen']],
    ['it is banned', { accountStatus: 16 }, ['account_frozen']],
    ['it is frozen', { accountStatus: 19 }, ['account_frozen']],
    ['an answer said that it lacks the API', { deniedReason: 'not_verified' }, ['not_verified']],
    ['an answer said that it is limited', { deniedReason: 'account_frozen' }, ['account_frozen']],
    ['facts and an answer say the same', { verifyType: -1, deniedReason: 'not_verified' }, ['not_verified']],
    [
      'several things are wrong',
      { permissionSets: [], verifyType: -1 },
      ['permission_set_7_not_granted', 'not_verified'],
    ],
    [
      'it took the authorization back, whatever else is wrong',
      { state: 'unauthorized', permissionSets: [] },
      ['unauthorized'],
    ],
    ['its grant was lost', { state: 'reauthorization_required' }, ['reauthorization_required']],
  ])('names the reason when %s', (_when, facts, reasons) => {
    expect(ineligibleReasons({ ...sound, ...facts })).toEqual(reasons);
    expect(warnings({ ...sound, ...facts })).toEqual([]);
  });

  it.each<[string, Partial<Facts>, WarningCode[]]>([
    ['facts that were never read', { factsReadAt: null, permissionSets: null }, ['facts_unknown']],
    ['a grant whose account was never read', { factsReadAt: null }, ['facts_unknown']],
    ['permission sets that an answer left out', { permissionSets: null }, ['permission_sets_unknown']],
    ['a type that is not known', { serviceType: 4 }, ['account_type_unknown']],
    ['a Sina Weibo verification alone', { verifyType: 1 }, ['verification_doubtful']],
    ['a Tencent Weibo verification alone', { verifyType: 2 }, ['verification_doubtful']],
    ['a name that is pending', { verifyType: 3 }, ['verification_pending']],
    ['a name that is pending, with Sina Weibo', { verifyType: 4 }, ['verification_pending']],
    ['a name that is pending, with Tencent Weibo', { verifyType: 5 }, ['verification_pending']],
    ['a verification that is not known', { verifyType: 6 }, ['verification_doubtful']],
    ['a warning of WeChat', { accountStatus: 18 }, ['account_warned']],
    ['a state that is not known', { accountStatus: 0 }, ['account_status_unknown']],
    ['several doubts', { verifyType: 3, accountStatus: 18 }, ['verification_pending', 'account_warned']],
    [
      'facts that an answer left out',
      { isMiniProgram: null, serviceType: null, verifyType: null, accountStatus: null },
      [],
    ],
  ])('lets through, and warns of, %s', (_what, facts, codes) => {
    expect(ineligibleReasons({ ...sound, ...facts })).toEqual([]);
    expect(warnings({ ...sound, ...facts })).toEqual(codes);
  });

  it.each([0, 1, 2])('takes service type %i for an official account', (serviceType) => {
    expect(ineligibleReasons({ ...sound, serviceType })).toEqual([]);
    expect(warnings({ ...sound, serviceType })).toEqual([]);
  });

  it('says which number is doubted', () => {
    expect(eligibilityWarnings({ ...sound, accountStatus: 18 })).toEqual([
      { code: 'account_warned', detail: 'WeChat has warned the account (account_status 18).' },
    ]);
  });

  it('refuses for what is sure and warns of what is doubtful at once', () => {
    const both = { ...sound, verifyType: -1, accountStatus: 18 };
    expect(ineligibleReasons(both)).toEqual(['not_verified']);
    expect(warnings(both)).toEqual(['account_warned']);
  });

  it('does not warn of a merchant that has to authorize again', () => {
    expect(warnings({ ...sound, state: 'unauthorized', factsReadAt: null, accountStatus: 18 })).toEqual([]);
  });
});

describe('mayTryAnyway', () => {
  it.each<[IneligibleReason[], boolean]>([
    [[], true],
    [['permission_set_7_not_granted'], true],
    [['not_verified'], true],
    [['account_frozen'], true],
    [['permission_set_7_not_granted', 'not_verified', 'account_frozen'], true],
    [['unauthorized'], false],
    [['reauthorization_required'], false],
    [['not_an_official_account'], false],
    [['not_an_official_account', 'not_verified'], false],
  ])('of %j is %s', (reasons, may) => {
    expect(mayTryAnyway(reasons)).toBe(may);
  });
});
