import { HostOrder } from './host-order.js';

const order = () => new HostOrder(['first', 'second', 'third'], 30_000);

/** The host that a call at this moment would begin with. */
const first = (hosts: HostOrder<string>, now: number) => hosts.tries(now).next().value;

describe('HostOrder', () => {
  it('is as configured while all is well', () => {
    expect([...order().tries(0)]).toEqual(['first', 'second', 'third']);
  });

  it('puts a host last that did not connect, and takes it back to its place after a while', () => {
    const hosts = order();
    hosts.missed('first', 1_000);
    expect([...hosts.tries(1_001)]).toEqual(['second', 'third', 'first']);
    const later = order();
    later.missed('first', 1_000);
    expect([...later.tries(31_000)]).toEqual(['first', 'second', 'third']);
  });

  it('lets one call find out whether a host is back, while others go elsewhere', () => {
    const hosts = order();
    hosts.missed('first', 0);
    expect(first(hosts, 30_000)).toBe('first');
    expect(first(hosts, 30_001)).toBe('second');
    hosts.reached('first');
    expect(first(hosts, 30_002)).toBe('first');
  });

  it('asks again after each while when the host stays away', () => {
    const hosts = order();
    hosts.missed('first', 0);
    expect(first(hosts, 30_000)).toBe('first');
    hosts.missed('first', 35_000);
    expect(first(hosts, 64_999)).toBe('second');
    expect(first(hosts, 65_000)).toBe('first');
  });

  it('does not count as a try what was not reached in the row', () => {
    const hosts = order();
    hosts.missed('second', 0);
    expect(first(hosts, 30_000)).toBe('first');
    expect([...hosts.tries(30_001)]).toEqual(['first', 'second', 'third']);
  });

  it('names every host even when none has connected of late', () => {
    const hosts = order();
    for (const host of ['first', 'second', 'third']) hosts.missed(host, 0);
    expect([...hosts.tries(1)]).toEqual(['first', 'second', 'third']);
  });

  it('never leaves out the only host', () => {
    const single = new HostOrder(['only'], 30_000);
    single.missed('only', 0);
    expect([...single.tries(1)]).toEqual(['only']);
  });
});
