/** What this demo's platform is at the simulated WeChat; nothing else knows it, so it is no secret. */
export const DEMO_PLATFORM = {
  component_appid: 'wx7a1f6f0e2c9b4d58',
  app_secret: '4f1c7d0a9be84d25b3a6f8e01c92d7b4',
  token: 'simulatorpushtoken',
  encoding_aes_key: 'q7Jm2Xv9Lr4Tn8Bc1Zk6Wp3Hs5Dg0FyQeUaRiOtMjCb',
};
