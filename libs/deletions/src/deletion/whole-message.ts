/** `articleIdx` of a whole message. WeChat takes an absent one for the same; we never leave it out. */
export const WHOLE_MESSAGE = 0;

/** What `mass/get` says of a message that was taken back. */
export const DELETED = 'DELETE';
/** What it says of one that went out, and of one of whose articles only some were taken back. */
export const SENT = 'SEND_SUCCESS';
