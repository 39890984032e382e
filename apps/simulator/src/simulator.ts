import { StandardSchemaValidationPipe } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { publishControlApi } from './control/open-api-document.js';
import { Gateway } from './open-api/gateway.js';
import { openApiRoutes } from './open-api/routes.js';
import { Simulation } from './simulation/simulation.js';
import { SimulatorModule } from './simulator.module.js';
import { StateFile } from './simulation/state-file.js';
import type { SettingsChange } from './behaviour/settings.js';
import type { Clock } from './state/timeline.js';

export interface SimulatorOptions {
  /** 0, the default: any free port. */
  port?: number;
  host?: string;
  /** The same seed and the same calls in the same order give the same tokens, delays and losses. */
  seed?: number;
  clock?: Clock;
  settings?: SettingsChange;
  callLogSize?: number;
  /** Keeps what WeChat would remember over restarts. */
  stateFile?: string;
}

export interface RunningSimulator {
  /** The address of all three of WeChat's hosts: api, mp and open. */
  url: string;
  /** The same state and rules that the control API works on. */
  simulation: Simulation;
  close(): Promise<void>;
}

const MAX_BODY_BYTES = 4 * 1024 * 1024;

/**
 * Starts a simulated WeChat. Several may run in one process; they share nothing but Nest's logger, of which there is
 * one to a process: an app with a logger of its own should start after the simulator.
 */
export async function createSimulator(options: SimulatorOptions = {}): Promise<RunningSimulator> {
  const simulation = new Simulation({
    seed: options.seed ?? 1,
    clock: options.clock ?? { now: () => Date.now() },
    settings: options.settings ?? {},
    callLogSize: options.callLogSize ?? 10_000,
  });
  const state = options.stateFile === undefined ? undefined : StateFile.open(options.stateFile, simulation);
  // Calls that a fault withholds would otherwise keep the server from closing.
  const adapter = new FastifyAdapter({ bodyLimit: MAX_BODY_BYTES, forceCloseConnections: true });
  const app = await NestFactory.create<NestFastifyApplication>(SimulatorModule.of(simulation), adapter, {
    logger: ['warn', 'error'],
    abortOnError: false,
  });
  app.useGlobalPipes(new StandardSchemaValidationPipe());
  await adapter.getInstance().register(openApiRoutes(new Gateway(simulation)));
  publishControlApi(app);
  await app.listen(options.port ?? 0, options.host ?? '127.0.0.1');
  return {
    url: (await app.getUrl()).replace('[::1]', '127.0.0.1'),
    simulation,
    close: async () => {
      await simulation.close();
      await app.close();
      state?.close();
    },
  };
}
