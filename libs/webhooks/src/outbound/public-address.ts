import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';

/** All that the internet uses of IPv6 so far. Elsewhere lie forms that lead to IPv4 addresses, such as ::127.0.0.1. */
const GLOBAL_IPV6 = ipaddr.IPv6.parseCIDR('2000::/3');

/** Unicast addresses that are the cloud's own machines: Azure's WireServer, which hands out settings of the machine. */
const OF_CLOUDS = ['168.63.129.16'];

/**
 * Whether an IP address is one of the internet: not of this machine, of a private or carrier's network, of a cloud's
 * metadata service, a multicast group, a tunnel to any of these, or reserved.
 */
export function isPublicAddress(address: string): boolean {
  if (isIP(address) === 0) return false;
  // An IPv4 address written as an IPv6 one is what it is.
  const ip = ipaddr.process(address);
  if (ip.range() !== 'unicast' || OF_CLOUDS.includes(ip.toString())) return false;
  return ip.kind() === 'ipv4' || (ip as ipaddr.IPv6).match(GLOBAL_IPV6);
}
