import { inspect } from 'node:util';
import pg from 'pg';
import { QueryFailedError } from 'typeorm';
import './data-source.js';

it('shows a failed query without its parameters', () => {
  const error = new QueryFailedError('SELECT $1', ['what a client sent'], new Error('connection terminated'));
  expect(inspect({ error })).toContain('connection terminated');
  expect(inspect({ error })).not.toContain('what a client sent');
});

it('shows an error of pg without the row that it was about', () => {
  const error = new pg.DatabaseError('null value in column "id"', 0, 'error');
  error.detail = 'Failing row contains (what a client sent).';
  expect(inspect({ error })).toContain('null value in column');
  expect(inspect({ error })).not.toContain('what a client sent');
});
