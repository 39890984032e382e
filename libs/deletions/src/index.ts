export const hello: string = 'deletions';
