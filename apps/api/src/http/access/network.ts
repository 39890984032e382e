import type { FastifyRequest } from 'fastify';
import ipaddr from 'ipaddr.js';

/** The range from which one client can choose its address: an IPv6 client has all of its /64. */
export function networkOf(ip: string): string {
  if (!ip.includes(':') || !ipaddr.isValid(ip)) return ip;
  const address = ipaddr.process(ip);
  if (!(address instanceof ipaddr.IPv6)) return address.toString();
  return `${new ipaddr.IPv6([...address.parts.slice(0, 4), 0, 0, 0, 0]).toString()}/64`;
}

/** What proxies add of where a request came from. */
const FORWARDED = ['forwarded', 'x-forwarded-for', 'x-real-ip'];

/**
 * Whether a client is on this machine. A proxy that is here as well, and is not trusted, gives away that it is one by
 * what it adds: `ips` has more than the connection's own address where a trusted one told the others.
 */
export const isFromHere = ({ ip, ips, headers }: Pick<FastifyRequest, 'ip' | 'ips' | 'headers'>): boolean =>
  isLoopback(ip) && ((ips?.length ?? 1) > 1 || FORWARDED.every((name) => headers[name] === undefined));

const isLoopback = (ip: string): boolean => ipaddr.isValid(ip) && ipaddr.process(ip).range() === 'loopback';
