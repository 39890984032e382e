import { NotFoundException } from '@nestjs/common';
import type { Simulation } from '../simulation/simulation.js';
import type { Merchant, Platform } from '../state/world.js';

export function findPlatform(simulation: Simulation, appid: string): Platform {
  const platform = simulation.world.platforms.get(appid);
  if (!platform) throw new NotFoundException(`No platform ${appid}`);
  return platform;
}

export function findMerchant(simulation: Simulation, appid: string): Merchant {
  const merchant = simulation.world.merchants.get(appid);
  if (!merchant) throw new NotFoundException(`No account ${appid}`);
  return merchant;
}
