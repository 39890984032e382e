import { languages, type Language } from '@app/words';
import { useSpeech } from './language.js';

const NAMES: Record<Language, string> = { zh: '简体中文', en: 'English' };

/** The other language, by its own name. */
export function LanguageSwitch() {
  const { language, setLanguage } = useSpeech();
  return languages
    .filter((other) => other !== language)
    .map((other) => (
      <button
        key={other}
        type="button"
        className="link"
        lang={other === 'zh' ? 'zh-CN' : 'en'}
        onClick={() => setLanguage(other)}
      >
        {NAMES[other]}
      </button>
    ));
}
