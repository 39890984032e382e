const BASE64URL = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
const ALPHANUMERIC = 'abcdefghijklmnopqrstuvwxyz0123456789';
const HEX = '0123456789abcdef';

/**
 * All chance in the simulator (tokens, latency, lost pushes) comes from one seed, so that a run can be repeated. It is
 * no source of secrets: whoever knows the seed knows every token.
 */
export class SeededRandom {
  private state = 0;

  constructor(seed: number) {
    this.reseed(seed);
  }

  reseed(seed: number): void {
    this.state = seed >>> 0;
  }

  /** The present position: reseeding with it goes on from here. */
  get position(): number {
    return this.state;
  }

  /** Uniform in [0, 1): Mulberry32. */
  next(): number {
    this.state = (this.state + 0x6d2b79f5) >>> 0;
    let t = this.state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  }

  /** Whole number in [min, max]. */
  int(min: number, max: number): number {
    return min + Math.floor(this.next() * (max - min + 1));
  }

  chance(probability: number): boolean {
    return probability > 0 && this.next() < probability;
  }

  /** Standard normal, by Box and Muller. */
  normal(): number {
    return Math.sqrt(-2 * Math.log(1 - this.next())) * Math.cos(2 * Math.PI * this.next());
  }

  hex(length: number): string {
    return this.text(length, HEX);
  }

  alphanumeric(length: number): string {
    return this.text(length, ALPHANUMERIC);
  }

  base64url(length: number): string {
    return this.text(length, BASE64URL);
  }

  private text(length: number, alphabet: string): string {
    // Through bytes: text grown by += would keep each of its characters as an object, ten times the memory.
    const bytes = Buffer.allocUnsafe(length);
    for (let i = 0; i < length; i++) bytes[i] = alphabet.charCodeAt(Math.floor(this.next() * alphabet.length));
    return bytes.toString('latin1');
  }
}
