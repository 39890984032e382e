export { endStart } from './end-start.js';
export { readSettings, SettingsInvalid } from './read-settings.js';
export { checkRetention } from './retention.js';
export { settings } from './settings.js';
export { reach, Unreachable, type ReachOptions } from './reach.js';
export { SettingsModule } from './settings.module.js';
export { tlsFault } from './tls-fault.js';
export { Unfit } from './unfit.js';
