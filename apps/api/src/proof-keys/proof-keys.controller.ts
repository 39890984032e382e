import { Controller, Get, Header, SerializeOptions } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { ProofKeys } from '@app/deletions';
import { Public } from '../http/access/access.guard.js';
import { keySetOf, keySetSchema } from './key-set.js';

@ApiTags('proof keys')
@Controller('.well-known')
export class ProofKeysController {
  constructor(private readonly keys: ProofKeys) {}

  @Get('jwks.json')
  @Public()
  @ApiOperation({
    description:
      'The public keys that exported proofs are signed with, as a JSON Web Key Set (RFC 7517), oldest first. It grows and never ' +
      'shrinks: what was signed long ago can be checked with the set of today. It is empty before the first export. Needs no API key.',
    security: [],
  })
  @Header('cache-control', 'public, max-age=300')
  @SerializeOptions({ schema: keySetSchema })
  async keySet() {
    return keySetOf(await this.keys.published());
  }
}
