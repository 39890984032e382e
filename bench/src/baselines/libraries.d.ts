// What the benches use of libraries that bring no types.

declare module 'wechat-api' {
  export default class API {
    constructor(
      appid: string,
      secret: string,
      getToken: (callback: (error: Error | null, token: unknown) => void) => void,
      saveToken: (token: unknown, callback: (error: Error | null) => void) => void,
    );
    endpoint: string;
    getLatestToken(callback: (error: Error | null, token: unknown) => void): void;
  }
}

declare module 'co-wechat-api' {
  export default class API {
    constructor(
      appid: string,
      secret: string,
      getToken: () => Promise<unknown>,
      saveToken: (token: unknown) => Promise<void>,
    );
    prefix: string;
    ensureAccessToken(): Promise<unknown>;
  }
}
