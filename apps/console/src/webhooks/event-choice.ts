import { eventTypeWords } from '@app/words';

export type EventType = keyof typeof eventTypeWords;

/** As in the api: `*`, `deletion.*`, or a type. */
export type Pattern = string;

export const EVERYTHING = '*';

const types = Object.keys(eventTypeWords) as EventType[];

/** The types by their subject, in the order of the catalogue. */
export const typesBySubject: ReadonlyMap<string, readonly EventType[]> = new Map(
  [...new Set(types.map(subjectOf))].map((subject) => [subject, types.filter((type) => subjectOf(type) === subject)]),
);

function subjectOf(type: string): string {
  return type.split('.')[0] ?? '';
}

const allOf = (subject: string): Pattern => `${subject}.*`;

export const isWhole = (patterns: readonly Pattern[], subject: string): boolean =>
  patterns.includes(EVERYTHING) || patterns.includes(allOf(subject));

export const isChosen = (patterns: readonly Pattern[], type: EventType): boolean =>
  isWhole(patterns, subjectOf(type)) || patterns.includes(type);

/** All of a subject, or none of it. */
export function toggleSubject(patterns: readonly Pattern[], subject: string): Pattern[] {
  const others = spelledOut(patterns).filter((one) => subjectOf(one) !== subject);
  return isWhole(patterns, subject) ? others : [...others, allOf(subject)];
}

/** With the type, or without it; a whole subject that loses one is its other types from then on. */
export function toggleType(patterns: readonly Pattern[], type: EventType): Pattern[] {
  const subject = subjectOf(type);
  const inSubject = (typesBySubject.get(subject) ?? []).filter((one) => isChosen(patterns, one));
  const others = spelledOut(patterns).filter((one) => subjectOf(one) !== subject);
  return [...others, ...(isChosen(patterns, type) ? inSubject.filter((one) => one !== type) : [...inSubject, type])];
}

/** Everything as all of each subject. */
const spelledOut = (patterns: readonly Pattern[]): Pattern[] =>
  patterns.includes(EVERYTHING) ? [...typesBySubject.keys()].map(allOf) : [...patterns];
