import { Retract } from '@app/client';

/** The path before `/console/`: empty, unless a proxy gives the service a path of its own. */
export const basePath = new URL(document.baseURI).pathname.replace(/\/console\/$/, '');

/** The address of something that the api serves, such as `/v1/deletions/…/proof`. */
export const addressOf = (path: string): string => basePath + path;

/** The api as the one who is signed in may use it: the browser sends the session's cookie with each call. */
export const retract = new Retract({ baseUrl: location.origin + basePath, apiKey: null, retryForMs: 10_000 });
