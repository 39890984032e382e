export { readTargets, type FaultCode, type TargetDefaults, type TargetLine, type TargetList } from './target-list.js';
