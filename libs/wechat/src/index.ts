export { messageSignature, plainSignature, signatureMatches } from './signature.js';
export {
  decodeAesKey,
  decryptMessage,
  encryptMessage,
  EnvelopeError,
  type DecryptedMessage,
  type EnvelopeErrorCode,
  type MessageToEncrypt,
} from './envelope.js';
export {
  buildXml,
  parseXml,
  XmlError,
  type XmlFields,
  type XmlInput,
  type XmlInputFields,
  type XmlValue,
} from './xml.js';
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
} from './push.js';
export { refuseForAge, type AgeRefusal } from './push-age.js';
export { classify, describeErrcode, documentedWaitMs, errcodes, type OutcomeClass } from './errcodes.js';
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
} from './errors.js';
export { WechatTransport, type CallRecord, type WechatCall, type WechatTransportOptions } from './transport.js';
export {
  ComponentApi,
  type AuthorizerInfo,
  type AuthorizerList,
  type AuthorizerToken,
  type ComponentToken,
  type PreAuthCode,
  type QueriedAuthorization,
} from './component-api.js';
export { AuthorizerApi, type ApiQuota, type MassDeleteTarget, type MassMessageStatus } from './authorizer-api.js';
export { authorizationLinks, type AuthorizationLinkOptions } from './authorization-page.js';
export { MASS_AND_NOTIFICATION, permissionSetName, type PermissionSetName } from './permission-sets.js';
export {
  canonicalArticleUrl,
  readArticleAddress,
  readArticleLink,
  readShortArticleId,
  type ArticleAddress,
  type ArticleLink,
} from './article-address.js';
export { readMassSendFinish, type MassSendFinish } from './mass-send-finish.js';
export { releaseCheckAnswer, releaseCheckTask, textReply, type ReleaseCheckTask } from './release-check.js';
