import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { deserialize, serialize } from 'node:v8';
import type { Simulation } from './simulation.js';
import type { SeededRandom } from '../behaviour/random.js';
import type { World } from '../state/world.js';

const SAVE_EVERY_MS = 250;

type Saved = Pick<World, 'platforms' | 'merchants' | 'tokens' | 'preAuthCodes' | 'authCodes' | 'customMessages'> & {
  randomPosition: number;
};

/**
 * Keeps a small world in a file, so that platforms and accounts survive a restart, even after a kill. Written as a
 * whole each time it has changed: for a demo, not for 20,000 accounts.
 */
export class StateFile {
  private saved: Buffer = Buffer.alloc(0);
  private readonly timer: NodeJS.Timeout;

  private constructor(
    private readonly path: string,
    private readonly world: World,
    private readonly random: SeededRandom,
  ) {
    this.timer = setInterval(() => this.save(), SAVE_EVERY_MS).unref();
  }

  /** Fills the simulation's world with what the file holds, if there is one, and keeps it from then on. */
  static open(path: string, simulation: Simulation): StateFile {
    const { world, random, tickets } = simulation;
    if (existsSync(path)) {
      // Written by save() below.
      const { randomPosition, ...kept } = deserialize(readFileSync(path)) as Saved;
      Object.assign(world, kept);
      // From the seed again it would repeat appids, codes and tokens that are in use.
      random.reseed(randomPosition);
      for (const platform of world.platforms.values()) if (platform.isTicketPushed) tickets.start(platform);
    }
    return new StateFile(path, world, random);
  }

  close(): void {
    clearInterval(this.timer);
    this.save();
  }

  private save(): void {
    const now = serialize({ ...this.world, randomPosition: this.random.position } satisfies Saved);
    if (now.equals(this.saved)) return;
    // The rename is one step: a kill leaves the old file or the new one.
    writeFileSync(`${this.path}.new`, now, { mode: 0o600 });
    renameSync(`${this.path}.new`, this.path);
    this.saved = now;
  }
}
