export const hello: string = 'access';
