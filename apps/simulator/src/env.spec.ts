import { readEnv } from './env.js';

it('has a default for everything, which an empty value does not replace', () => {
  expect(readEnv({ SIMULATOR_PORT: '' })).toEqual({
    SIMULATOR_PORT: 3999,
    SIMULATOR_HOST: '127.0.0.1',
    SIMULATOR_SEED: 1,
  });
});

it('tells every problem at once', () => {
  const read = () => readEnv({ SIMULATOR_PORT: 'http', SIMULATOR_SEED: '-1', SIMULATOR_EVENTS_URL: 'nowhere' });
  expect(read).toThrow(/SIMULATOR_PORT: .*\n.*SIMULATOR_SEED: .*\n.*SIMULATOR_EVENTS_URL: /);
});
