import { Body, Controller, HttpCode, Post, SerializeOptions } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Needs } from '../http/access/access.guard.js';
import { Operation } from '../http/open-api/operation.js';
import { parsedTakedownSchema, parseLines, parseTakedownSchema, type ParseTakedown } from './parse-lines.js';

@ApiTags('takedowns')
@Controller('v1/takedowns')
export class TakedownsLinesController {
  @Post('parse')
  @HttpCode(200)
  @Needs('operator', 'works')
  @SerializeOptions({ schema: parsedTakedownSchema })
  @Operation({
    summary: 'Read pasted lines',
    description:
      'Says what pasted lines were understood as, and what is wrong with the others. Nothing is stored or looked up: ' +
      'whether there is such an article, and whose it is, a dry run of the items says.',
    answers: { 200: { description: 'The lines, each with an item or with what is wrong.' } },
  })
  parse(@Body({ schema: parseTakedownSchema }) body: ParseTakedown) {
    return parseLines(body);
  }
}
