import { withoutBase } from './base-path.js';

const OURS = new Set(['v1', 'wechat', 'authorize', 'console', 'docs', 'health', 'metrics', 'openapi.json']);

describe('an address behind a proxy', () => {
  it.each([
    // Without a path in PUBLIC_URL, nothing is taken away.
    ['', '/v1/merchants?limit=1', '/v1/merchants?limit=1'],
    // The proxy leaves the base there.
    ['/retract', '/retract/v1/merchants?limit=1', '/v1/merchants?limit=1'],
    ['/retract', '/retract/', '/'],
    ['/retract', '/retract', '/'],
    ['/retract', '/retract?x=1', '/?x=1'],
    ['/retract', '/retract//wechat/wx1/events', '//wechat/wx1/events'],
    ['/retract', '/retract/nothing', '/nothing'],
    ['/tools/retract', '/tools/retract/console/', '/console/'],
    // It has taken the base away.
    ['/retract', '/v1/merchants', '/v1/merchants'],
    ['/retract', '/', '/'],
    ['/retract', '/console/retract/', '/console/retract/'],
    ['/tools/retract', '/retract/v1/merchants', '/retract/v1/merchants'],
    // Another path that begins with the same letters.
    ['/retract', '/retracted/v1', '/retracted/v1'],
    ['/retract', '*', '*'],
    // A base that begins like a path of ours: left there, and taken away.
    ['/wechat', '/wechat/wechat/wx1/events', '/wechat/wx1/events'],
    ['/wechat', '/wechat/v1/merchants', '/v1/merchants'],
    ['/wechat', '/wechat/wx1/events', '/wechat/wx1/events'],
    ['/v1', '/v1/v1/merchants', '/v1/merchants'],
    ['/v1', '/v1/merchants', '/v1/merchants'],
    ['/docs/retract', '/docs/retract/docs/problems', '/docs/problems'],
    ['/docs/retract', '/docs/problems', '/docs/problems'],
    ['/console', '/console/console/help', '/console/help'],
    ['/console', '/console/', '/console/'],
  ])('with the base "%s", %s is %s', (base, url, path) => {
    expect(withoutBase(url, base, OURS)).toBe(path);
  });
});
