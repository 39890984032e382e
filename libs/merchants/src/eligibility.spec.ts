import { ineligibleReasons, type IneligibleReason } from './eligibility.js';

const sound = {
  state: 'authorized' as const,
  permissionSets: [1, 7, 15],
  isMiniProgram: false,
  serviceType: 2,
  verifyType: 0,
  accountStatus: 1,
  deniedReason: null,
};

describe('ineligibleReasons', () => {
  it('finds nothing against a verified service account that granted set 7', () => {
    expect(ineligibleReasons(sound)).toEqual([]);
  });

  it.each<[string, Partial<Parameters<typeof ineligibleReasons>[0]>, IneligibleReason[]]>([
    ['set 7 was not granted', { permissionSets: [1, 15, 77] }, ['permission_set_7_not_granted']],
    ['it is a mini program', { isMiniProgram: true }, ['not_an_official_account']],
    ['its type is not one of an official account', { serviceType: 4 }, ['not_an_official_account']],
    ['it is not verified', { verifyType: -1 }, ['not_verified']],
    ['it is verified by Weibo alone', { verifyType: 1 }, ['not_verified']],
    ['it is frozen', { accountStatus: 19 }, ['account_frozen']],
    ['it is banned', { accountStatus: 16 }, ['account_frozen']],
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
  });

  it.each([0, 1, 2])('takes service type %i for an official account', (serviceType) => {
    expect(ineligibleReasons({ ...sound, serviceType })).toEqual([]);
  });

  it.each([3, 4])('lets verification %i (name pending) try', (verifyType) => {
    expect(ineligibleReasons({ ...sound, verifyType })).toEqual([]);
  });

  it('does not hold facts against a merchant that were never read', () => {
    const unread = { isMiniProgram: null, serviceType: null, verifyType: null, accountStatus: null };
    expect(ineligibleReasons({ ...sound, ...unread })).toEqual([]);
  });
});
