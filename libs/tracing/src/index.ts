export { currentTraceId, currentTraceparent, jobTelemetry, startTracing, stopTracing } from './tracing.js';
export type { TracingOptions } from './tracing.js';
export { TracingModule } from './tracing.module.js';
