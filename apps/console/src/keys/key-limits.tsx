import { useText } from '../language/language.js';
import { keyTexts } from './texts.js';

interface Limits {
  platforms: string[] | null;
  merchants: string[] | null;
}

/** What a key is limited to; a long list by its first. */
export function KeyLimits({ platforms, merchants }: Limits) {
  const t = useText();
  const told = (appids: string[]) =>
    appids.length <= 2 ? appids.join(', ') : t(keyTexts.andMore, { first: appids[0] ?? '', count: appids.length });
  if (platforms === null && merchants === null) return t(keyTexts.noLimits);
  return (
    <>
      {platforms && (
        <span className="line" title={platforms.join(' ')}>
          {t(keyTexts.onPlatforms, { appids: told(platforms) })}
        </span>
      )}
      {merchants && (
        <span className="line" title={merchants.join(' ')}>
          {t(keyTexts.onMerchants, { appids: told(merchants) })}
        </span>
      )}
    </>
  );
}
