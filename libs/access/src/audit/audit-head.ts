import type { SecretBox } from '@app/vault';

/** The state of the chain at a moment. */
export interface AuditHead {
  at: Date;
  /** The number of rows. */
  rows: number;
  /** The hash of the last row. */
  hash: string;
  /** The master key that its signature is derived from. */
  keyId: string;
  signature: string;
}

const PURPOSE = 'audit-head';

const HEAD =
  /(?<at>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z)\/(?<rows>\d{1,15})\/(?<hash>[0-9a-f]{64})\/(?<keyId>[\w-]{1,32})\/(?<signature>[\w-]{43})(?![\w-])/;

/** One word, for a log line and a command line. */
export function writeHead({ at, rows, hash }: Pick<AuditHead, 'at' | 'rows' | 'hash'>, box: SecretBox): string {
  const signed = `${at.toISOString()}/${rows}/${hash}/${box.keyIds[0]}`;
  return `${signed}/${box.sign(PURPOSE, signed)}`;
}

/** @param text a head, or the log line that has it */
export function readHead(text: string): AuditHead | undefined {
  const { at = '', rows = '', hash = '', keyId = '', signature = '' } = HEAD.exec(text)?.groups ?? {};
  return at ? { at: new Date(at), rows: Number(rows), hash, keyId, signature } : undefined;
}

/** Whether a key of the box has signed it; undefined where the box has not the key that it names. */
export function isSigned({ at, rows, hash, keyId, signature }: AuditHead, box: SecretBox): boolean | undefined {
  if (!box.keyIds.includes(keyId)) return undefined;
  return box.verify(PURPOSE, `${at.toISOString()}/${rows}/${hash}/${keyId}`, signature);
}
