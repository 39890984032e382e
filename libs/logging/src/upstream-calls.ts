import { Logger } from '@nestjs/common';

interface UpstreamCall {
  operation: string;
  outcome: string;
  host: string;
  unreachableHosts: string[];
  httpStatus: number | undefined;
  errcode: number | undefined;
  errmsg: string | undefined;
  rid: string | undefined;
  latencyMs: number;
}

const logger = new Logger('WeChat');

/** The transport's `onCall`: it writes one line per call, with the request id of what it was made for. */
export function logUpstreamCall(record: UpstreamCall): void {
  const { operation, outcome, host, unreachableHosts, httpStatus, errcode, errmsg, rid, latencyMs } = record;
  const facts = { operation, outcome, host, http_status: httpStatus, errcode, errmsg, rid, latency_ms: latencyMs };
  if (unreachableHosts.length > 0)
    logger.warn('upstream host unreachable', { operation, hosts: unreachableHosts, instead: host });
  if (outcome === 'done') logger.log('upstream call', facts);
  else logger.warn('upstream call failed', facts);
}
