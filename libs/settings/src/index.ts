export { readSettings, SettingsInvalid } from './read-settings.js';
export { settings } from './settings.js';
