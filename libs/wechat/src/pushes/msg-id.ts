const MAX_INT64 = 2n ** 63n - 1n;

/** @returns undefined unless the text is a msg_id in decimal digits, from 1 to 2^63 - 1, without a leading zero */
export function readMsgId(text: string): bigint | undefined {
  const msgId = /^[1-9]\d{0,18}$/.test(text) ? BigInt(text) : undefined;
  return msgId !== undefined && msgId <= MAX_INT64 ? msgId : undefined;
}
