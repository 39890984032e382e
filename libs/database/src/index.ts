export const hello: string = 'database';
