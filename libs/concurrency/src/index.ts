export { Batcher, type BatchWindow } from './batcher.js';
export { Loop, pause, type LoopOptions } from './loop.js';
export { Remembered, type RememberedOptions } from './remembered.js';
