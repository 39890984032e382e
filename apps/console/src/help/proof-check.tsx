import { useMutation } from '@tanstack/react-query';
import { Alert } from 'tdesign-react';
import { tellProof, verifyProof, type ProofReport } from '@app/proof-verifier';
import { retract } from '../api/retract.js';
import { useSpeech } from '../language/language.js';
import { Copyable } from '../ui/copy.js';
import { Fault } from '../ui/fault.js';
import { helpTexts } from './texts.js';

const THEMES = { signed: 'success', chain_only: 'warning', refused: 'error' } as const;

/** Checks a proof in the browser: the file goes nowhere. */
export function ProofCheck() {
  const { t } = useSpeech();
  const { mutate, isPending, data, error } = useMutation({
    mutationFn: async (file: File) => verifyProof(textOf(file), await retract.proofKeys.get()),
  });
  // Only then there is crypto.subtle.
  const canCheck = globalThis.isSecureContext;
  return (
    <>
      <p>{t(helpTexts.proofsLead)}</p>
      {canCheck ? (
        <label className="file">
          {t(helpTexts.proofFile)}
          <input
            type="file"
            accept=".ndjson,.csv,.json,application/x-ndjson,text/csv,application/json"
            onChange={({ target }) => {
              const [file] = target.files ?? [];
              if (file) mutate(file);
              target.value = '';
            }}
          />
        </label>
      ) : (
        <Alert theme="warning" message={t(helpTexts.notSecure)} />
      )}
      <div role="status">{isPending ? t(helpTexts.checking) : data && <Verdict report={data} />}</div>
      {error && <Fault error={error} />}
      <p className="soft">{t(helpTexts.elsewhere)}</p>
      <Copyable text="npm run verify-proof -- proof.ndjson --jwks jwks.json" />
    </>
  );
}

function Verdict({ report }: { report: ProofReport }) {
  const { language } = useSpeech();
  const { heading, sentences } = tellProof(report, language);
  return (
    <Alert
      theme={THEMES[report.verdict]}
      title={heading}
      message={sentences.map((one) => (
        <p key={one}>{one}</p>
      ))}
    />
  );
}

/** Piece by piece: a proof may be large. */
async function* textOf(file: File): AsyncGenerator<string> {
  const reader = file
    .stream()
    .pipeThrough(new TextDecoderStream('utf-8', { ignoreBOM: true }))
    .getReader();
  for (let piece = await reader.read(); !piece.done; piece = await reader.read()) yield piece.value;
}
