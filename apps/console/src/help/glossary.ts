import {
  deletionStateWords,
  eligibilityWarningWords,
  errcodeWords,
  eventTypeWords,
  holdReasonWords,
  ineligibleReasonWords,
  outcomeWords,
  problemWords,
  proofWords,
  roleWords,
  takedownStateWords,
  waitingForWords,
  type Words,
} from '@app/words';
import { helpTexts } from './texts.js';

export interface Chapter {
  title: Words;
  words: Readonly<Record<string, Words>>;
}

export const chapters: readonly Chapter[] = [
  { title: helpTexts.deletionStates, words: deletionStateWords },
  { title: helpTexts.waiting, words: waitingForWords },
  { title: helpTexts.outcomes, words: outcomeWords },
  { title: helpTexts.proofDegrees, words: proofWords },
  { title: helpTexts.takedownStates, words: takedownStateWords },
  { title: helpTexts.ineligible, words: ineligibleReasonWords },
  { title: helpTexts.warnings, words: eligibilityWarningWords },
  { title: helpTexts.holds, words: holdReasonWords },
  { title: helpTexts.roles, words: roleWords },
  { title: helpTexts.events, words: eventTypeWords },
  { title: helpTexts.problemCodes, words: problemsInWords() },
  { title: helpTexts.errcodes, words: errcodeWords },
];

/** What each problem is, and what to do about it. */
function problemsInWords(): Readonly<Record<string, Words>> {
  return Object.fromEntries(
    Object.entries(problemWords).map(([code, { title, next }]) => [
      code,
      { zh: `${title.zh}。${next.zh}`, en: `${title.en}. ${next.en}` },
    ]),
  );
}

/** What has the text in its code or its words, of either language; chapters without any are left out. */
export function search(text: string, of: readonly Chapter[] = chapters): Chapter[] {
  const wanted = text.trim().toLowerCase();
  if (wanted === '') return [...of];
  return of
    .map(({ title, words }) => ({
      title,
      words: Object.fromEntries(
        Object.entries(words).filter(([code, { zh, en }]) =>
          [code, zh, en].some((said) => said.toLowerCase().includes(wanted)),
        ),
      ),
    }))
    .filter(({ words }) => Object.keys(words).length > 0);
}
