import { EMPTY_FORM, faultsOf, registrationOf, secretsOf, linesOf } from './platform-form.js';

const FILLED = {
  appid: ' wx6b2f9d40c3a1e875 ',
  appSecret: '0c79eb6a5c9b4c1a8d2e3f4a5b6c7d8e\n',
  token: 'aTokenForPushes',
  encodingAesKey: 'abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG',
  forwardUrls: '',
};

describe('what is entered of a platform', () => {
  it('is sent as it is, without what copying put around it', () => {
    expect(registrationOf({ ...FILLED, forwardUrls: ' https://a.example/$APPID$ \n\nhttp://b.example/x' })).toEqual({
      component_appid: 'wx6b2f9d40c3a1e875',
      app_secret: '0c79eb6a5c9b4c1a8d2e3f4a5b6c7d8e',
      token: 'aTokenForPushes',
      encoding_aes_key: 'abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG',
      forward_urls: ['https://a.example/$APPID$', 'http://b.example/x'],
    });
  });

  it.each(['appid', 'appSecret', 'token', 'encodingAesKey'] as const)('is not sent without %s', (name) => {
    expect(registrationOf({ ...FILLED, [name]: ' ' })).toBeUndefined();
  });

  it('has no fault while nothing was entered', () => {
    expect([...faultsOf(EMPTY_FORM)]).toEqual([]);
  });

  it.each([
    ['appid', { appid: 'wx 6b' }],
    ['appid', { appid: 'wx' }],
    ['encodingAesKey', { encodingAesKey: 'short' }],
    ['encodingAesKey', { encodingAesKey: 'abcdefghijklmnopqrstuvwxyz0123456789ABCDEF=' }],
    ['forwardUrls', { forwardUrls: 'ftp://a.example' }],
    ['forwardUrls', { forwardUrls: 'https://user:pass@a.example' }],
    ['forwardUrls', { forwardUrls: 'https://a.example/#x' }],
    ['forwardUrls', { forwardUrls: 'https://a.example\nhttps://a.example' }],
    ['forwardUrls', { forwardUrls: Array.from({ length: 11 }, (_, i) => `https://a.example/${i}`).join('\n') }],
  ])('has a fault in %s: %p', (fault, entered) => {
    expect([...faultsOf({ ...FILLED, ...entered })]).toEqual([fault]);
    expect(registrationOf({ ...FILLED, ...entered })).toBeUndefined();
  });

  it('replaces only those secrets that were entered', () => {
    expect(secretsOf({ ...EMPTY_FORM, token: 'another' })).toEqual({ token: 'another' });
    expect(secretsOf(EMPTY_FORM)).toEqual({});
  });

  it('reads URLs line by line', () => {
    expect(linesOf('\n a \n\n b')).toEqual(['a', 'b']);
  });
});
