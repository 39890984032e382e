import { isFromHere, networkOf } from './network.js';

describe('the network of a client', () => {
  it.each([
    ['192.0.2.1', '192.0.2.1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:db8:1:2::1', '2001:db8:1:2::/64'],
    ['2001:db8:1:3::1', '2001:db8:1:3::/64'],
    ['::1', '::/64'],
    ['', ''],
  ])('of %s is %s', (ip, network) => {
    expect(networkOf(ip)).toBe(network);
  });
});

describe('this machine', () => {
  it.each(['127.0.0.1', '127.8.8.8', '::1', '::ffff:127.0.0.1'])('is where %s is', (ip) => {
    expect(isFromHere({ ip, headers: {} })).toBe(true);
  });

  it.each(['192.168.0.1', '10.0.0.1', '0.0.0.0', '::', '2001:db8::1', '::ffff:192.0.2.1', 'localhost', ''])(
    'is not where %s is',
    (ip) => {
      expect(isFromHere({ ip, headers: {} })).toBe(false);
    },
  );

  const ip = '127.0.0.1';
  it.each(['x-forwarded-for', 'forwarded', 'x-real-ip'])('is not where a proxy forwards from that adds %s', (name) => {
    expect(isFromHere({ ip, headers: { [name]: '127.0.0.1' } })).toBe(false);
    // Proxies are trusted, but not this one.
    expect(isFromHere({ ip, ips: [ip], headers: { [name]: '127.0.0.1' } })).toBe(false);
  });

  it('is where a trusted proxy says that the client is', () => {
    const headers = { 'x-forwarded-for': '127.0.0.1', 'x-real-ip': '127.0.0.1' };
    expect(isFromHere({ ip, ips: [ip, '127.0.0.1'], headers })).toBe(true);
    expect(isFromHere({ ip: '192.0.2.1', ips: [ip, '192.0.2.1'], headers })).toBe(false);
  });
});
