import type { Simulation } from '../simulation/simulation.js';
import type { OperationName } from '../behaviour/operation-names.js';
import type { Grant, Platform } from '../state/world.js';
import type { JsonObject } from './body.js';

/** A call whose token, address and limits are in order. */
export interface OpenApiCall {
  simulation: Simulation;
  body: JsonObject;
  query: Readonly<Record<string, unknown>>;
  clientIp: string;
}

export interface ComponentCall extends OpenApiCall {
  platform: Platform;
}

export interface AuthorizerCall extends OpenApiCall {
  grant: Grant;
}

export interface EitherCall extends OpenApiCall {
  platform: Platform;
  /** Undefined if the token is the component's. */
  grant: Grant | undefined;
}

export type Answer = JsonObject;

interface OperationFacts {
  /** As the documents call it; control API, log and quotas use it too. */
  name: OperationName;
  paths: readonly string[];
  method?: 'GET' | 'POST';
  /** One of these sets must be granted (61007). */
  permissionSets?: readonly number[];
  /** Only Official and Service accounts that WeChat verified own it (48001). */
  isForVerified?: boolean;
}

/** `token` says which token the operation takes and so whose quota a call uses. */
export type Operation = OperationFacts &
  (
    | { token: 'none'; handle(call: OpenApiCall): Answer }
    | { token: 'component'; handle(call: ComponentCall): Answer }
    | { token: 'authorizer'; handle(call: AuthorizerCall): Answer }
    | { token: 'either'; handle(call: EitherCall): Answer }
  );

export const OK: Answer = Object.freeze({ errcode: 0, errmsg: 'ok' });
