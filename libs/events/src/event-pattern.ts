import { eventTypes, type EventType } from './event-types.js';

/** A type, all of a subject (`deletion.*`), or everything (`*`). */
export function isEventPattern(text: string): boolean {
  return eventTypes.some((type) => matchesPattern(text, type));
}

export function matchesPattern(pattern: string, type: string): boolean {
  if (pattern === '*' || pattern === type) return true;
  return pattern.endsWith('.*') && type.startsWith(pattern.slice(0, -1));
}

export const typesOf = (patterns: readonly string[]): EventType[] =>
  eventTypes.filter((type) => patterns.some((pattern) => matchesPattern(pattern, type)));
