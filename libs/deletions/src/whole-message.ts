/** `articleIdx` of a whole message. WeChat takes an absent one for the same; we never leave it out. */
export const WHOLE_MESSAGE = 0;

/** What `mass/get` says of a message that was taken back. */
export const DELETED = 'DELETE';
