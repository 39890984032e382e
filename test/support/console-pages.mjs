/** The pages of the console that need nothing but a session, by the names of their screenshots. */
export const pages = {
  overview: '/',
  'take-down': '/take-down',
  takedowns: '/takedowns',
  deletions: '/deletions',
  merchants: '/merchants',
  onboard: '/onboard',
  messages: '/messages',
  platforms: '/settings/platforms',
  keys: '/settings/keys',
  webhooks: '/settings/webhooks',
  audit: '/settings/audit',
  help: '/help',
};
