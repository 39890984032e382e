export { SteadyClient, type SteadyClientConfig } from './steady-client.js';
export { isAway } from './is-away.js';
