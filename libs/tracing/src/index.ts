export {
  currentTraceId,
  currentTraceparent,
  jobTelemetry,
  requestTracing,
  startTracing,
  stopTracing,
} from './tracing.js';
export type { TracingOptions } from './tracing.js';
export { TracingModule } from './tracing.module.js';
