import { hello } from '@app/wechat';
console.log(hello);
