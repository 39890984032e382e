import { Body, Controller, HttpCode, Post, SerializeOptions } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Needs } from '../http/access/access.guard.js';
import { parsedTakedownSchema, parseLines, parseTakedownSchema, type ParseTakedown } from './parse-lines.js';

@ApiTags('takedowns')
@Controller('v1/takedowns')
export class TakedownLinesController {
  /**
   * Says what pasted lines were understood as, and what is wrong with the others. Nothing is stored or looked up:
   * whether there is such an article, and whose it is, a dry run of the items says.
   */
  @Post('parse')
  @HttpCode(200)
  @Needs('operator', 'works')
  @SerializeOptions({ schema: parsedTakedownSchema })
  parse(@Body({ schema: parseTakedownSchema }) body: ParseTakedown) {
    return parseLines(body);
  }
}
