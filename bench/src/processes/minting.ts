// One process of a deployment that wants a merchant's token.
import { AuthorizerTokens, type TokenHolder } from '@app/merchants';
import { callAtOnce } from './at-once.js';
import { merchantsApp } from './merchants-app.js';

const { HOLDER = '' } = process.env;
// The bench wrote it.
const holder = JSON.parse(HOLDER) as TokenHolder;

const tokens = (await merchantsApp()).get(AuthorizerTokens);
await callAtOnce(() => tokens.current(holder));
