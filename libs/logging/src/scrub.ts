import { secretNames } from './secret-names.js';

const REDACTED = '[REDACTED]';

// Values end at white space, quotes and what closes a URL or a tag. No replacement eats a quote or a backslash, so that
// a line of JSON stays JSON.
const value = String.raw`[^\s"'\\&<>#]+`;
const anyName = secretNames.join('|');

const replacements: readonly [pattern: RegExp, replacement: string][] = [
  // WeChat's own marks: ticket@@@…, preauthcode@@@…, queryauthcode@@@…, refreshtoken@@@…, also percent-encoded.
  [new RegExp(`(ticket|preauthcode|queryauthcode|refreshtoken)(?:@|%40){3}${value}`, 'gi'), `$1@@@${REDACTED}`],
  // Our API keys.
  [/\brk_[\w-]{4,}/g, `rk_${REDACTED}`],
  // Query parameters and key=value pairs, also inside a percent-encoded URL.
  [new RegExp(String.raw`(?:(?<!\w)|(?<=%(?:3F|26)))(${anyName}|state)(=|%3D)${value}`, 'gi'), `$1$2${REDACTED}`],
  // JSON within a text, its quotes escaped any number of times.
  [new RegExp(String.raw`(?<!\w)(${anyName})(\\*"\s*:\s*\\*")[^"\\]+`, 'gi'), `$1$2${REDACTED}`],
  // postgres://user:password@host, redis://:password@host. Up to the last @, which a password may contain.
  [/\b(postgres(?:ql)?|rediss?):\/\/([^:@\s"\\/]*):[^\s"\\]*@/gi, `$1://$2:${REDACTED}@`],
  [/\bBearer\s+[\w.~+/=-]+/gi, `Bearer ${REDACTED}`],
];

/** The text without the values of secrets: what is left of a message, a stack or an upstream's words may be logged. */
export function scrub(text: string): string {
  return replacements.reduce((scrubbed, [pattern, replacement]) => scrubbed.replace(pattern, replacement), text);
}
