export const hello: string = 'queue';
