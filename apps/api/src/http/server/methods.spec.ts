import { allowedAt } from './methods.js';

describe('the methods of a path', () => {
  const routes = [
    ['/v1/takedowns', ['GET', 'HEAD', 'POST']],
    ['/v1/takedowns/:id', ['GET', 'HEAD']],
    ['/v1/takedowns/parse', ['POST']],
    ['/v1/takedowns/:id/cancel', ['POST']],
    ['/docs/*', ['GET', 'HEAD']],
    ['/docs/problems/:code', ['DELETE']],
  ].map(([pattern, methods]) => ({ pattern: String(pattern).split('/'), methods: new Set(methods) }));

  it.each([
    ['/v1/takedowns', ['GET', 'HEAD', 'POST']],
    ['/v1/takedowns/1', ['GET', 'HEAD']],
    ['/v1/takedowns/parse', ['GET', 'HEAD', 'POST']],
    ['/v1/takedowns/1/cancel', ['POST']],
    ['/docs/problems/x', ['DELETE', 'GET', 'HEAD']],
    ['/docs/', ['GET', 'HEAD']],
    ['/docs/a/b/c', ['GET', 'HEAD']],
    ['/docs', []],
    ['/v1/takedowns/', []],
    ['/v1//takedowns', []],
    ['/v1/takedowns/1/cancel/', []],
    ['/V1/takedowns', []],
    ['', []],
  ])('%s: %j', (path, methods) => {
    expect(allowedAt(path, routes)).toEqual(methods);
  });
});
