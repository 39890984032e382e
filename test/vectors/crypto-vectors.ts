import published from './wechat-crypto-vectors.json' with { type: 'json' };

/** One published sample, recomputed independently. Which fields are there depends on its kind. */
export interface CryptoVector {
  id: string;
  kind: string;
  source: string;
  token?: string;
  encoding_aes_key?: string;
  appid_in_ciphertext?: string;
  timestamp?: string;
  nonce?: string;
  encrypt?: string;
  msg_signature?: string;
  signature?: string;
  random16?: string;
  plaintext?: string;
  pkcs7_pad?: number;
}

export const cryptoVectors: CryptoVector[] = published;
