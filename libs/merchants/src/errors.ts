/** Base of what this lib throws. `code` is stable; messages name the thing and the next step, never a secret. */
export class MerchantsError extends Error {
  constructor(
    readonly code: string,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = new.target.name;
  }
}

export class PlatformNotFound extends MerchantsError {
  constructor(componentAppid: string) {
    super('platform_not_found', `There is no platform ${componentAppid}: register it with POST /v1/platforms.`);
  }
}

export class PlatformExists extends MerchantsError {
  constructor(componentAppid: string) {
    super('platform_exists', `Platform ${componentAppid} is registered already: change it with PATCH.`);
  }
}

/** Merchants have authorized it, and what was done for them has to stay: it cannot be deleted. */
export class PlatformHasMerchants extends MerchantsError {
  constructor(componentAppid: string) {
    super(
      'platform_has_merchants',
      `Platform ${componentAppid} has merchants, whose deletions and proofs stay: it cannot be deleted.`,
    );
  }
}

export class MerchantNotFound extends MerchantsError {
  constructor(authorizerAppid: string) {
    super('merchant_not_found', `No merchant ${authorizerAppid} has authorized a platform of this deployment.`);
  }
}

/** The same account authorized several platforms: the caller must say through which one to act. */
export class PlatformRequired extends MerchantsError {
  constructor(authorizerAppid: string, componentAppids: string[]) {
    super(
      'platform_required',
      `Merchant ${authorizerAppid} has authorized ${componentAppids.join(' and ')}: name one as component_appid.`,
    );
  }
}

/** No ticket has arrived yet (or none for 12 h), so nothing can be minted: wait for WeChat's next push. */
export class TicketMissing extends MerchantsError {
  constructor(componentAppid: string) {
    super(
      'ticket_missing',
      `Platform ${componentAppid} has no valid component_verify_ticket yet: WeChat pushes one every 10 minutes.`,
    );
  }
}

/**
 * Nothing was asked of WeChat, and nothing speaks against asking at once: whoever was to mint had no turn in time, or
 * stops.
 */
export class MintPutOff extends MerchantsError {
  constructor() {
    super('mint_put_off', 'The token was not minted: its turn did not come in time.');
  }
}

/** The merchant's grant is gone: only the merchant's admin can help. */
export class GrantLost extends MerchantsError {
  constructor(
    authorizerAppid: string,
    readonly reason: 'unauthorized' | 'reauthorization_required',
    options?: ErrorOptions,
  ) {
    super(reason, `Merchant ${authorizerAppid} must authorize again (${reason}).`, options);
  }
}

/** Somebody else mints right now and has not finished, or minting failed a moment ago: try again shortly. */
export class TokenUnavailable extends MerchantsError {
  constructor(readonly failureCode: string) {
    super('token_unavailable', `An access token could not be had just now (${failureCode}): try again shortly.`);
  }
}

/** A key with limits changes only a name that was given within them. */
export class RefNotYours extends MerchantsError {
  constructor() {
    super('ref_not_yours', 'A key beyond these limits has given the merchant its ref: only such a key changes it.');
  }
}

/** The `state` of the redirect is not ours, too old, for another platform, or was used with another code. */
export class AuthorizationStateRefused extends MerchantsError {
  constructor(readonly reason: 'forged' | 'expired' | 'used') {
    super(`authorization_state_${reason}`, `This authorization link cannot be used (${reason}): open a new one.`);
  }
}

/** WeChat refused the authorization code: a new authorization is needed. */
export class AuthorizationCodeRefused extends MerchantsError {
  constructor(
    readonly failureCode: string,
    options?: ErrorOptions,
  ) {
    super('authorization_code_refused', 'WeChat did not accept the authorization code: authorize again.', options);
  }
}

/** The link is not one that was issued here for this platform, its time is over, or it was for one authorization. */
export class AuthorizationLinkRefused extends MerchantsError {
  constructor(
    readonly reason: 'forged' | 'expired' | 'used',
    message = `This authorization link cannot be used (${reason}): ask whoever sent it for a new one.`,
  ) {
    super(`authorization_link_${reason}`, message);
  }
}

/** Another account was authorized than the one that the link is for. */
export class AuthorizationLinkOfAnother extends MerchantsError {
  constructor(
    readonly authorized: string,
    readonly meant: string,
  ) {
    super(
      'authorization_link_of_another',
      `Account ${authorized} has authorized the platform, but the link is for account ${meant} and is still unused.`,
    );
  }
}

/** Only links that were issued lead to the authorization page. */
export class OpenAuthorizationOff extends MerchantsError {
  constructor() {
    super('open_authorization_off', 'This page takes a link: ask your service provider for one.');
  }
}

/** Clicks beyond this would spend what WeChat gives the platform for a day. */
export class TooManyAuthorizations extends MerchantsError {
  constructor(readonly retryAfterSeconds: number) {
    super('too_many_authorizations', `Authorization was begun too often from here: wait ${retryAfterSeconds} s.`);
  }
}

/** Merchants are sent only to where the operators allow it. */
export class ReturnUrlNotAllowed extends MerchantsError {
  constructor() {
    super(
      'return_url_not_allowed',
      'The return_url is not an https address that RETURN_ORIGINS or the return_urls of the platform allow.',
    );
  }
}
