import { lookup } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import { Agent, buildConnector } from 'undici';

/** A connection that was not made, because it would have gone into the own network. */
export class PrivateAddress extends Error {
  readonly code = 'private_address';

  constructor() {
    super('The host has no public address.');
    this.name = new.target.name;
  }
}

/**
 * Connects to allowed addresses only. The check is made on the very addresses that the connection then goes to: a name
 * that resolves to a public address now and to a private one a moment later gains nothing.
 */
export function guardedAgent({
  isAllowed,
  timeoutMs,
}: {
  isAllowed: (address: string) => boolean;
  timeoutMs: number;
}): Agent {
  const connect = buildConnector({ timeout: timeoutMs, lookup: lookupAllowed(isAllowed) });
  return new Agent({
    connect: (options, callback) => {
      // An address is not looked up.
      const host = options.hostname.replace(/^\[(.*)\]$/, '$1');
      if (isIP(host) !== 0 && !isAllowed(host)) callback(new PrivateAddress(), null);
      else connect(options, callback);
    },
  });
}

const lookupAllowed =
  (isAllowed: (address: string) => boolean): LookupFunction =>
  (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, found) => {
      if (error) return callback(error, []);
      const addresses = found.filter(({ address }) => isAllowed(address));
      const [first] = addresses;
      if (!first) return callback(new PrivateAddress(), []);
      if (options.all) callback(null, addresses);
      else callback(null, first.address, first.family);
    });
  };
