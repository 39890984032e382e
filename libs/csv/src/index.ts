export { BYTE_ORDER_MARK, cellOf, csvRow } from './csv.js';
