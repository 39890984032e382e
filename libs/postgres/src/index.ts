export { SteadyClient, type SteadyClientConfig } from './steady-client.js';
