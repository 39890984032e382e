import { permissionSetName } from './permission-sets.js';

describe('permissionSetName', () => {
  it('names the set that deletion needs', () => {
    expect(permissionSetName(7)).toEqual({
      en: 'Mass messages and notifications',
      zh: '群发与通知',
    });
  });

  it('calls a set it does not know by its number', () => {
    expect(permissionSetName(172)).toEqual({ en: 'Permission set 172', zh: '权限集 172' });
  });
});
