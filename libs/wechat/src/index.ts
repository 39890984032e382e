export const hello: string = 'wechat';
