import type { AccountKind } from '../state/world.js';

export interface TestAccount {
  group: number;
  appid: string;
  userName: string;
  kind: AccountKind;
}

/**
 * WeChat picks one of these groups at random for its check, so a platform has to serve them all.
 * https://developers.weixin.qq.com/doc/oplatform/Third-party_Platforms/2.0/operation/thirdparty/releases_instructions.html
 */
export const TEST_ACCOUNTS: readonly TestAccount[] = [
  official(1, 'wx570bc396a51b8ff8', 'gh_3c884a361561'),
  miniProgram(1, 'wxd101a85aa106f53e', 'gh_8dad206e9538'),
  official(2, 'wx9252c5e0bb1836fc', 'gh_c0f28a78b318'),
  miniProgram(2, 'wxc39235c15087f6f3', 'gh_905ae9d01059'),
  official(3, 'wx8e1097c5bc82cde9', 'gh_3f222ed8d140'),
  miniProgram(3, 'wx7720d01d4b2a4500', 'gh_393666f1fdf4'),
  official(4, 'wx14550af28c71a144', 'gh_26128078e9ab'),
  miniProgram(4, 'wx05d483572dcd5d8b', 'gh_39abb5d4e1b7'),
  official(5, 'wxa35b9c23cfe664eb', 'gh_2b3713f184a6'),
  miniProgram(5, 'wx5910277cae6fd970', 'gh_7818dcb60240'),
];

function official(group: number, appid: string, userName: string): TestAccount {
  return { group, appid, userName, kind: 'official' };
}

function miniProgram(group: number, appid: string, userName: string): TestAccount {
  return { group, appid, userName, kind: 'mini_program' };
}
