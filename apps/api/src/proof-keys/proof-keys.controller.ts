import { Controller, Get, Header, SerializeOptions } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { ProofKeys } from '@app/deletions';
import { Public } from '../http/access/access.guard.js';
import { Operation } from '../http/open-api/operation.js';
import { keySetOf, keySetSchema } from './key-set.js';

@ApiTags('proof keys')
@Controller('.well-known')
export class ProofKeysController {
  constructor(private readonly keys: ProofKeys) {}

  @Get('jwks.json')
  @Public()
  @Header('cache-control', 'public, max-age=300')
  @SerializeOptions({ schema: keySetSchema })
  @Operation({
    summary: 'Read the keys that proofs are signed with',
    description:
      'The public keys that exported proofs are signed with, as a JSON Web Key Set (RFC 7517), oldest first. It grows ' +
      'and never shrinks: what was signed long ago can be checked with the set of today. It is empty before the first ' +
      'export. Needs no API key.',
    answers: { 200: { description: 'All keys there ever were.' } },
  })
  async get() {
    return keySetOf(await this.keys.published());
  }
}
