export const hello: string = 'logging';
