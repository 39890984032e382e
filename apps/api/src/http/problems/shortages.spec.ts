import { BadRequestException } from '@nestjs/common';
import { QueryFailedError } from 'typeorm';
import { QueueUnavailable } from '@app/queue';
import { toProblem } from '../server/error.filter.js';
import { describeProblem, type ProblemCode } from './problems.js';
import { describeShortage, isShortage, shortageOf } from './shortages.js';

const withCode = (code: string) => Object.assign(new Error('said by the server'), { code });

describe('the answer where there is too little of something', () => {
  it.each<[Error, ProblemCode]>([
    [withCode('ECONNREFUSED'), 'database_unavailable'],
    [new QueryFailedError('SELECT 1', [], withCode('57P01')), 'database_unavailable'],
    [new Error('timeout exceeded when trying to connect'), 'database_busy'],
    [withCode('53300'), 'database_busy'],
    [withCode('53100'), 'database_full'],
    [withCode('53200'), 'database_out_of_memory'],
    [withCode('25006'), 'database_read_only'],
    [new QueueUnavailable('add', { cause: withCode('ECONNREFUSED') }), 'queue_unavailable'],
    [new QueueUnavailable('add', { cause: withCode('53100') }), 'queue_full'],
    [new QueueUnavailable('add', { cause: new Error('READONLY a replica') }), 'queue_read_only'],
    [new QueueUnavailable('add', { cause: new Error('NOPERM no') }), 'queue_refused'],
  ])('to %s is 503 %s', (error, code) => {
    const problem = toProblem(error);
    expect(problem).toMatchObject({ status: 503, code });
    expect(problem.title).toBe(describeProblem(code).title);
    if (!isShortage(code)) throw new Error(`${code} has no Retry-After`);
    expect(describeShortage(code).retryAfterSeconds).toBeGreaterThan(0);
  });

  it('is not given to errors about the request, whatever their cause', () => {
    const cause = withCode('ECONNRESET');
    expect(shortageOf(new BadRequestException('no', { cause }))).toBeUndefined();
    expect(shortageOf(Object.assign(new Error('cut off', { cause }), { statusCode: 400 }))).toBeUndefined();
    expect(toProblem(withCode('23505'))).toMatchObject({ status: 500, code: 'internal_error' });
  });
});
