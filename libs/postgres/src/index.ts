export { firstContact } from './first-contact.js';
export { SteadyClient, type SteadyClientConfig } from './steady-client.js';
