import { providerChangesOf, providerFaultsOf, type ProviderForm } from './provider-form.js';

const EMPTY: ProviderForm = { name: '', logo: undefined, returnUrl: '', returnUrls: '' };

describe('what is entered of the provider', () => {
  it('takes away what is empty, and leaves the logo that was not touched', () => {
    expect(providerChangesOf(EMPTY)).toEqual({ provider_name: null, return_url: null, return_urls: [] });
  });

  it('is sent as it is, line by line', () => {
    expect(
      providerChangesOf({
        name: ' 青禾科技 ',
        logo: 'aGk=',
        returnUrl: 'https://crm.example.com/wechat/done?x=1',
        returnUrls: 'https://crm.example.com/wechat\n\nhttps://b.example',
      }),
    ).toEqual({
      provider_name: '青禾科技',
      provider_logo: 'aGk=',
      return_url: 'https://crm.example.com/wechat/done?x=1',
      return_urls: ['https://crm.example.com/wechat', 'https://b.example'],
    });
    expect(providerChangesOf({ ...EMPTY, logo: null })).toHaveProperty('provider_logo', null);
  });

  it.each([
    ['returnUrl', { returnUrl: 'http://crm.example.com' }],
    ['returnUrl', { returnUrl: 'https://user@crm.example.com' }],
    ['returnUrls', { returnUrls: 'https://crm.example.com/?x=1' }],
    ['returnUrls', { returnUrls: 'https://crm.example.com/#x' }],
    ['returnUrls', { returnUrls: 'crm.example.com' }],
    ['returnUrls', { returnUrls: Array.from({ length: 21 }, (_, i) => `https://a.example/${i}`).join('\n') }],
  ])('has a fault in %s', (fault, entered) => {
    expect([...providerFaultsOf({ ...EMPTY, ...entered })]).toEqual([fault]);
  });

  it('has no fault where it is right', () => {
    expect(
      providerFaultsOf({ ...EMPTY, returnUrl: 'https://a.example/x?y', returnUrls: 'https://a.example/x' }).size,
    ).toBe(0);
  });
});
