/**
 * What the open API can do, by the names that WeChat's documents give. Faults, limits, latencies and the log use them.
 */
export const OPERATION_NAMES = [
  'api_start_push_ticket',
  'api_component_token',
  'api_create_preauthcode',
  'api_query_auth',
  'api_authorizer_token',
  'api_get_authorizer_info',
  'api_get_authorizer_list',
  'api_get_authorizer_option',
  'api_set_authorizer_option',
  'get_authorizer_option',
  'set_authorizer_option',
  'mass/delete',
  'mass/get',
  'mass/sendall',
  'mass/send',
  'message/custom/send',
  'openapi/quota/get',
  'openapi/quota/clear',
  'clear_quota',
  'component/clear_quota/v2',
  'openapi/rid/get',
  'getcallbackip',
  'get_api_domain_ip',
  'callback/check',
  'token',
] as const;

export type OperationName = (typeof OPERATION_NAMES)[number];
