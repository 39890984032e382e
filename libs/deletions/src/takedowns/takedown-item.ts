import type { Scope } from '@app/scope';
import type { Target } from '../deletion/target.js';

export interface NewTakedown {
  isUrgent: boolean;
  reason: string | null;
  metadata: Record<string, string>;
  undoSeconds: number;
  requestedBy: string;
  requestId: string;
  scope: Scope;
}

/** One deletion that a takedown asks for. */
export interface TakedownItem {
  /** 1-based, of the NDJSON body or in the list. */
  line: number;
  merchantId: string;
  target: Target;
  /** The address that was asked for, where the inventory turned it into a message. */
  askedUrl?: string | undefined;
  /** Call although the target is known to be gone. */
  again?: boolean | undefined;
  /** Although the merchant is not eligible, where facts may have it wrong. */
  tryAnyway?: boolean | undefined;
}

/** A line that asks for nothing that could be done. `code` is stable. */
export interface TakedownRejection {
  line: number;
  code: string;
  detail: string;
  excerpt: string;
}

/** Some lines of a takedown, decided. */
export interface TakedownBatch {
  items: TakedownItem[];
  rejections: TakedownRejection[];
}
