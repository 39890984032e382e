import { changesOf, EMPTY_FORM, faultsOf, isComplete, requestOf } from './endpoint-form.js';

const FILLED = { ...EMPTY_FORM, url: ' https://hooks.example.com/retract ', patterns: ['*'] };

describe('what is entered of an endpoint', () => {
  it('is sent without what is empty', () => {
    expect(requestOf(FILLED)).toEqual({
      url: 'https://hooks.example.com/retract',
      event_types: ['*'],
      description: null,
    });
  });

  it('limits the endpoint to what was listed', () => {
    expect(requestOf({ ...FILLED, description: ' CRM ', merchants: 'wx570bc396a51b8ff8' })).toEqual({
      url: 'https://hooks.example.com/retract',
      event_types: ['*'],
      description: 'CRM',
      merchants: ['wx570bc396a51b8ff8'],
    });
  });

  it('never changes the limits', () => {
    expect(changesOf({ ...FILLED, merchants: 'wx570bc396a51b8ff8' })).not.toHaveProperty('merchants');
  });

  it('is complete with a URL and events', () => {
    expect(isComplete(FILLED)).toBe(true);
    expect(isComplete({ ...FILLED, url: '' })).toBe(false);
    expect(isComplete({ ...FILLED, patterns: [] })).toBe(false);
    expect(isComplete({ ...FILLED, merchants: 'wx!' })).toBe(false);
  });

  it.each([
    ['url', { url: 'hooks.example.com' }],
    ['platforms', { platforms: 'wx!' }],
    ['merchants', { merchants: 'wx!' }],
  ])('has a fault in %s', (fault, entered) => {
    expect([...faultsOf({ ...FILLED, ...entered })]).toEqual([fault]);
  });
});
