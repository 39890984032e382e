import { useText } from '../language/language.js';
import { TextField } from '../ui/field.js';
import { faultsOf, type PlatformForm } from './platform-form.js';
import { platformTexts } from './texts.js';

/** They are written, and never shown. */
export function SecretFields({
  form,
  onChange,
}: {
  form: PlatformForm;
  onChange: (changes: Partial<PlatformForm>) => void;
}) {
  const t = useText();
  return (
    <>
      <TextField
        isSecret
        label={t(platformTexts.appSecret)}
        value={form.appSecret}
        onChange={(appSecret) => onChange({ appSecret })}
      />
      <TextField isSecret label={t(platformTexts.token)} value={form.token} onChange={(token) => onChange({ token })} />
      <TextField
        isSecret
        label={t(platformTexts.encodingAesKey)}
        value={form.encodingAesKey}
        onChange={(encodingAesKey) => onChange({ encodingAesKey })}
        error={faultsOf(form).has('encodingAesKey') ? t(platformTexts.wrongKey) : undefined}
      />
    </>
  );
}
