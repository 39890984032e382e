import { Injectable } from '@nestjs/common';
import { SecretBox } from '@app/vault';

/**
 * Where a secret lives. It is bound to the ciphertext, so that a value copied to another row or column does not open.
 */
export interface SealedCell {
  table: string;
  column: string;
  rowId: string;
}

/** Secrets at rest: repositories seal what they write and open what they read; tables never hold a plain secret. */
@Injectable()
export class SealedColumns {
  constructor(private readonly box: SecretBox) {}

  seal(place: SealedCell, plaintext: string): string {
    return this.box.seal(plaintext, boundTo(place));
  }

  /** @throws VaultError when the value was not sealed for this place or under an unknown key */
  unseal(place: SealedCell, sealed: string): string {
    return this.box.open(sealed, boundTo(place));
  }
}

const boundTo = ({ table, column, rowId }: SealedCell) => `${table}/${column}/${rowId}`;
