import { inspect } from 'node:util';
import { QueryFailedError } from 'typeorm';
import './data-source.js';

it('shows a failed query without its parameters', () => {
  const error = new QueryFailedError('SELECT $1', ['what a client sent'], new Error('connection terminated'));
  expect(inspect({ error })).toContain('connection terminated');
  expect(inspect({ error })).not.toContain('what a client sent');
});
