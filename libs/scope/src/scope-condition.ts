import type { Bind } from '@app/database';
import { isEverything, type Scope } from './scope.js';

/** SQL: whether a joined merchant and platform, by their aliases, are within the scope. */
export function inScope(scope: Scope, { merchant, platform }: { merchant: string; platform: string }, bind: Bind) {
  const limits = [
    scope.merchants && `${merchant}.authorizer_appid = ANY(${bind(scope.merchants)})`,
    scope.platforms && `${platform}.component_appid = ANY(${bind(scope.platforms)})`,
  ].filter((limit) => limit !== null);
  return limits.length > 0 ? `(${limits.join(' AND ')})` : 'TRUE';
}

/** SQL: whether the key whose id this is has no wider limits than the caller. Keys stay in their table when they are revoked. */
export const askedWithin = (scope: Scope, keyId: string, bind: Bind): string =>
  isEverything(scope)
    ? 'TRUE'
    : `asked_within(${keyId}, ${bind(scope.platforms)}::text[], ${bind(scope.merchants)}::text[])`;
