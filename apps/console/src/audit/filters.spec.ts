import { exportPath, pageOf } from './filters.js';

describe('an export of the audit log', () => {
  it('has everything where nothing is filtered', () => {
    expect(exportPath({}, 'ndjson')).toBe('/v1/audit-events/export?format=ndjson');
  });

  it('goes by the filters of the page', () => {
    expect(
      exportPath({ action: 'deletion.accepted', subject: 'a&b', since: '2026-11-29T08:00:00.000Z', limit: 5 }, 'csv'),
    ).toBe(
      '/v1/audit-events/export?format=csv&action=deletion.accepted&subject=a%26b&since=2026-11-29T08%3A00%3A00.000Z',
    );
  });
});

it('leads to the page of what an act was done to, where there is one', () => {
  expect(pageOf({ type: 'platform', id: 'wx570bc396a51b8ff8' })).toBe('/settings/platforms/wx570bc396a51b8ff8');
  expect(pageOf({ type: 'api_key', id: 'x' })).toBe('/settings/keys');
  expect(pageOf({ type: 'proof_key', id: 'x' })).toBeUndefined();
});
