export type { Census } from './census/census.js';
export { MerchantCensus } from './census/merchant-census.js';
export { readBuild, type Build } from './health/build.js';
export { telemetryEntities } from './entities.js';
export { Liveness, type Live } from './health/liveness.js';
export { NotReady, Readiness, type PartStates, type Ready } from './health/readiness.js';
export { Exposition } from './metrics/exposition.js';
export { ProcessMetrics } from './metrics/process-metrics.js';
export { TelemetryModule } from './telemetry.module.js';
