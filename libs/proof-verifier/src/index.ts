export { exitCodeOf, summaryOf, tellProof, type Language } from './proof-words.js';
export {
  KeySetUnreadable,
  readKeySet,
  verifyProof,
  type CheckOptions,
  type KeySet,
  type ProofFault,
  type ProofReport,
  type Verdict,
} from './verify-proof.js';
