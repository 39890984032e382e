/**
 * The order in which WeChat's hosts are tried: as configured, but one that did not connect comes last for a while,
 * so that not every call waits for it in vain. After that, one call tries it at its place again and finds out for
 * all others. Moments are ms of any one clock.
 */
export class HostOrder<Host> {
  private readonly downUntil = new Map<Host, number>();

  constructor(
    private readonly hosts: readonly Host[],
    private readonly downForMs: number,
  ) {}

  /** Every host once; what happened with one is told by `reached` or `missed` before the next is taken. */
  *tries(now: number): Generator<Host> {
    const isDown = (host: Host) => (this.downUntil.get(host) ?? now) > now;
    const order = [...this.hosts.filter((host) => !isDown(host)), ...this.hosts.filter(isDown)];
    for (const host of order) {
      // Calls that begin while this one finds out go elsewhere.
      if (this.downUntil.has(host)) this.missed(host, now);
      yield host;
    }
  }

  reached(host: Host): void {
    this.downUntil.delete(host);
  }

  missed(host: Host, now: number): void {
    this.downUntil.set(host, now + this.downForMs);
  }
}
