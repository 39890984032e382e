export const hello: string = 'vault';
