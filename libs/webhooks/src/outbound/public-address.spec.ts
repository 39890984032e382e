import { isPublicAddress } from './public-address.js';
import { hostOf, isWebhookUrl } from './webhook-url.js';

describe('a public address', () => {
  it.each(['8.8.8.8', '1.1.1.1', '172.15.0.1', '172.32.0.1', '100.63.0.1', '2606:4700:4700::1111', '::ffff:8.8.8.8'])(
    'is %s',
    (address) => expect(isPublicAddress(address)).toBe(true),
  );

  it.each([
    ['this machine', ['127.0.0.1', '127.255.255.254', '::1', '0.0.0.0', '0.1.2.3', '::']],
    ['a private network', ['10.0.0.1', '172.16.0.1', '172.31.255.255', '192.168.1.1', 'fd00::1', 'fc00::1', 'fec0::1']],
    ['the link, with a cloud’s metadata', ['169.254.169.254', 'fe80::1', 'fd00:ec2::254']],
    ['a cloud’s own machine', ['168.63.129.16', '::ffff:168.63.129.16']],
    ['a carrier’s network', ['100.64.0.1', '100.127.255.255', '100.100.100.200']],
    ['a multicast group or everyone', ['224.0.0.1', '239.255.255.255', 'ff02::1', '255.255.255.255']],
    [
      'reserved or for documents and benchmarks',
      ['192.0.2.1', '198.18.0.1', '203.0.113.1', '240.0.0.1', '2001:db8::1'],
    ],
    ['IPv4 in another dress', ['::ffff:127.0.0.1', '::ffff:10.0.0.1', '::127.0.0.1', '::7f00:1']],
    ['a tunnel', ['64:ff9b::7f00:1', '64:ff9b:1::a00:1', '2002:7f00:1::', '2001:0:4136:e378:8000:63bf:3fff:fdd2']],
    ['none', ['', 'localhost', '1.2.3', '999.1.1.1', 'fe80::1%lo']],
  ])('is not %s', (_what, addresses) => {
    expect(addresses.filter(isPublicAddress)).toEqual([]);
  });

  it.each([
    'http://127.1/',
    'http://2130706433/',
    'http://0x7f.0.0.1/',
    'http://0177.0.0.1/',
    'http://[::ffff:7f00:1]/',
  ])('is not what %s leads to', (url) => expect(isPublicAddress(hostOf(url))).toBe(false));
});

describe('the URL of an endpoint', () => {
  it.each(['https://example.com', 'http://example.com:8080/hooks?tenant=1', 'https://[2606:4700::1]/'])(
    'may be %s',
    (url) => expect(isWebhookUrl(url)).toBe(true),
  );

  it.each([
    'example.com',
    'ftp://example.com',
    'file:///etc/passwd',
    'https://user@example.com',
    'https://:password@example.com',
    'https://example.com/#part',
    `https://example.com/${'x'.repeat(2_000)}`,
  ])('may not be %s', (url) => expect(isWebhookUrl(url)).toBe(false));
});
