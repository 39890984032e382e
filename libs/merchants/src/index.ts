export const hello: string = 'merchants';
