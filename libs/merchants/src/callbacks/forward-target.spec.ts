import { forwardTarget, isForwardUrl } from './forward-target.js';

const APPID = 'wx570bc396a51b8ff8';

describe('forwardTarget', () => {
  it.each([
    ['http://crm.example', '', 'http://crm.example', '/'],
    ['http://crm.example:8080/wechat', 'a=1', 'http://crm.example:8080', '/wechat?a=1'],
    ['https://crm.example/in?key=7', 'a=1&b=2', 'https://crm.example', '/in?key=7&a=1&b=2'],
    ['https://crm.example/in?key=7', '', 'https://crm.example', '/in?key=7'],
    ['https://crm.example/$APPID$/in', 'a=1', 'https://crm.example', `/${APPID}/in?a=1`],
    ['https://crm.example/in?from=$APPID$', 'a=1', 'https://crm.example', `/in?from=${APPID}&a=1`],
    ['https://$APPID$.example/in', '', `https://${APPID}.example`, '/in'],
  ])('sends a push for %s with the query "%s" to the right place', (url, query, origin, path) => {
    expect(forwardTarget(url, APPID, query)).toEqual({ origin, path });
  });

  it('leaves every character of the query as it came', () => {
    const query = 'signature=%7E~&nonce=a+b%20c&&msg_signature=%e4%BD%a0&timestamp';
    expect(forwardTarget('http://crm.example/in', APPID, query).path).toBe(`/in?${query}`);
  });

  it('lets no appid reach beyond its place in the path', () => {
    expect(forwardTarget('http://crm.example/$APPID$/in', '../x?y#$&', '').path).toBe('/..%2Fx%3Fy%23%24%26/in');
  });
});

describe('isForwardUrl', () => {
  it.each(['http://10.0.0.7:8080/x', 'https://crm.example/wechat/$APPID$?key=1'])('takes %s', (url) => {
    expect(isForwardUrl(url)).toBe(true);
  });

  it.each([
    '',
    'crm.example/in',
    'ftp://crm.example/in',
    'file:///etc/passwd',
    'http://user:password@crm.example/in',
    'http://user@crm.example/in',
    'http://crm.example/in#part',
    `http://crm.example/${'x'.repeat(2_000)}`,
  ])('refuses %s', (url) => {
    expect(isForwardUrl(url)).toBe(false);
  });
});
