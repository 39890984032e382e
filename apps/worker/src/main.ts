import { constants } from 'node:os';

// The first process of a container ignores a signal that nobody listens to, and what it is made of takes seconds to load.
// Once it has started, Nest listens as well, and stops it in order.
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    if (process.listenerCount(signal) === 1) process.exit(128 + constants.signals[signal]);
  });
}
await import('./start.js');
