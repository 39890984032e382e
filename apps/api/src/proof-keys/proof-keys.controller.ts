import { Controller, Get, Header, SerializeOptions } from '@nestjs/common';
import { ApiSecurity, ApiTags } from '@nestjs/swagger';
import { ProofKeys } from '@app/deletions';
import { Public } from '../http/access/access.guard.js';
import { keySetOf, keySetSchema } from './key-set.js';

@ApiTags('proof keys')
@Controller('.well-known')
export class ProofKeysController {
  constructor(private readonly keys: ProofKeys) {}

  /**
   * The public keys that exports are signed with, as a JSON Web Key Set (RFC 7517), oldest first. It grows and never shrinks: a file
   * that was signed long ago can be checked with the set of today. Needs no API key, and is empty before the first export.
   */
  @Get('jwks.json')
  @Public()
  @ApiSecurity({})
  @Header('cache-control', 'public, max-age=300')
  @SerializeOptions({ schema: keySetSchema })
  async keySet() {
    return keySetOf(await this.keys.published());
  }
}
