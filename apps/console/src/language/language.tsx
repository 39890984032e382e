import { createContext, use, useEffect, useMemo, useState, type ReactNode } from 'react';
import { preferredLanguage, type Language, type Words } from '@app/words';
import { formatsOf, type Formats } from './formats.js';
import { fill, type Say, type Value } from './text.js';

interface Speech {
  language: Language;
  setLanguage: (language: Language) => void;
  t: Say;
  formats: Formats;
}

const SpeechContext = createContext<Speech | undefined>(undefined);

const KEPT_AS = 'retract.language';

/** The language that the viewer chose, or else the first of the browser's that is ours. */
export function LanguageProvider({ children }: { children: ReactNode }) {
  const [language, choose] = useState(chosenLanguage);
  useEffect(() => {
    document.documentElement.lang = language === 'zh' ? 'zh-CN' : 'en';
  }, [language]);
  const speech = useMemo<Speech>(() => {
    const t = (words: Words, values: Readonly<Record<string, Value>> = {}) => fill(words[language], values, language);
    const setLanguage = (chosen: Language) => {
      localStorage.setItem(KEPT_AS, chosen);
      choose(chosen);
    };
    return { language, setLanguage, t, formats: formatsOf(language) };
  }, [language]);
  return <SpeechContext value={speech}>{children}</SpeechContext>;
}

function chosenLanguage(): Language {
  const asked = new URLSearchParams(location.search).get('lang') ?? localStorage.getItem(KEPT_AS);
  return asked === 'zh' || asked === 'en' ? asked : preferredLanguage(navigator.languages.join(','));
}

export function useSpeech(): Speech {
  const speech = use(SpeechContext);
  if (!speech) throw new Error('There is no LanguageProvider around this.');
  return speech;
}

/** Says texts in the viewer's language. */
export const useText = (): Say => useSpeech().t;

export const useFormats = (): Formats => useSpeech().formats;
