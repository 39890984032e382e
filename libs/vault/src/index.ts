export { EnvelopeMalformed, MasterKeysInvalid, NotAuthentic, UnknownKey, VaultError } from './errors.js';
export { parseMasterKeys, type MasterKey } from './master-keys.js';
export { SecretBox } from './secret-box.js';
