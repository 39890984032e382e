export { messageSignature, plainSignature, signatureMatches } from './pushes/signature.js';
export {
  decodeAesKey,
  decryptMessage,
  encryptMessage,
  EnvelopeError,
  type DecryptedMessage,
  type EnvelopeErrorCode,
  type MessageToEncrypt,
} from './pushes/envelope.js';
export {
  buildXml,
  parseXml,
  XmlError,
  type XmlFields,
  type XmlInput,
  type XmlInputFields,
  type XmlValue,
} from './pushes/xml.js';
export {
  openPush,
  openReply,
  sealPush,
  sealReply,
  type OpenedPush,
  type PushFlaw,
  type PushRefusal,
  type PushToOpen,
  type PushToSeal,
  type ReplyToOpen,
  type SealedPush,
} from './pushes/push.js';
export { refuseForAge, type AgeRefusal } from './pushes/push-age.js';
export { classify, documentedWaitMs, errcodes, type OutcomeClass } from './calls/errcodes.js';
export {
  AdminMustConfirm,
  AlreadyGone,
  AuthorizationCodeInvalid,
  ConnectFailed,
  CredentialExpired,
  errorForErrcode,
  MerchantMustAct,
  PlatformBroken,
  QuotaSpent,
  RefreshTokenInvalid,
  Refused,
  splitErrmsg,
  TicketInvalid,
  TooFast,
  UnknownOutcome,
  WechatError,
  type CallFacts,
  type UnknownOutcomeReason,
  type WechatErrorCode,
} from './calls/errors.js';
export {
  WechatTransport,
  type CallRecord,
  type ClockTold,
  type WechatCall,
  type WechatTransportOptions,
} from './calls/transport.js';
export {
  ComponentApi,
  type AuthorizerInfo,
  type AuthorizerList,
  type AuthorizerToken,
  type ComponentToken,
  type PreAuthCode,
  type QueriedAuthorization,
} from './calls/component-api.js';
export { AuthorizerApi, type ApiQuota, type MassDeleteTarget, type MassMessageStatus } from './calls/authorizer-api.js';
export { authorizationLinks, type AuthorizationLinkOptions } from './addresses/authorization-page.js';
export { MASS_AND_NOTIFICATION } from './calls/permission-sets.js';
export {
  canonicalArticleUrl,
  readArticleAddress,
  readArticleLink,
  readShortArticleId,
  type ArticleAddress,
  type ArticleLink,
} from './addresses/article-address.js';
export { peelPastedText } from './addresses/pasted-text.js';
export { readMassSendFinish, type MassSendFinish } from './pushes/mass-send-finish.js';
export { readMsgId } from './pushes/msg-id.js';
export { releaseCheckAnswer, releaseCheckTask, textReply, type ReleaseCheckTask } from './pushes/release-check.js';
