import { Body, Controller, Get, Header, Headers, Post, Query, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { Simulation } from '../simulation/simulation.js';
import type { Merchant } from '../state/world.js';
import { checkParameters, checkRequest, type AuthorizationRequest, type Checked } from './authorization-request.js';
import { Html, html, page } from './html.js';

const linkSchema = z.record(z.string(), z.unknown());
type Link = z.infer<typeof linkSchema>;

const oneOrMany = z.union([z.string(), z.array(z.string())]).transform((value) => [value].flat());
const confirmationSchema = z.looseObject({
  component_appid: z.string(),
  pre_auth_code: z.string(),
  redirect_uri: z.string(),
  authorizer_appid: z.string().default(''),
  permission_sets: oneOrMany.default([]),
});
type Confirmation = z.infer<typeof confirmationSchema>;

/** More than a person would scroll through; the others can be pinned with biz_appid or found by the filter. */
const MAX_CHOICES = 200;
const PATHS = ['cgi-bin/componentloginpage', 'wxaopen/safe/bindcomponent', 'safe/bindcomponent'];
const CARRIED = ['component_appid', 'pre_auth_code', 'redirect_uri', 'auth_type', 'biz_appid', 'category_id_list'];

/**
 * The page on which an account's admin authorizes a platform, for PC and for phones. Here nothing is scanned: whoever
 * opens it plays the admin of the account chosen.
 */
@ApiExcludeController()
@Controller(PATHS)
export class AuthorizationPageController {
  constructor(private readonly simulation: Simulation) {}

  @Get()
  @Header('content-type', 'text/html; charset=utf-8')
  show(@Query({ schema: linkSchema }) link: Link, @Headers('referer') referer?: string): string {
    const checked = checkRequest(this.simulation, link, referer);
    return checked.ok ? this.form(checked.request, link) : problemPage(checked);
  }

  @Post()
  async confirm(@Body({ schema: confirmationSchema }) form: Confirmation, @Res() reply: FastifyReply): Promise<void> {
    const { authorizations, world } = this.simulation;
    const platform = world.platforms.get(form.component_appid);
    const checked: Checked = platform
      ? checkParameters(this.simulation, platform, form)
      : { ok: false, problem: 'component_appid 不存在 · there is no such platform' };
    if (!checked.ok) return sendPage(reply, problemPage(checked));

    const { request } = checked;
    const merchant = request.merchants.find(({ appid }) => appid === form.authorizer_appid);
    if (!merchant) return sendPage(reply, problemPage({ ok: false, problem: '请选择帐号 · choose an account' }));
    if (!authorizations.mayAuthorize(request.platform, merchant)) {
      return sendPage(
        reply,
        problemPage({
          ok: false,
          problem: '第三方平台未全网发布 · not published, and this is no test account (61028)',
        }),
      );
    }
    const offered = request.permissionSets.map(({ id }) => id);
    const sets = form.permission_sets.map(Number).filter((id) => offered.includes(id));
    const { authCode } = this.simulation.consent(request.platform, merchant, request.preAuthCode, sets);
    await reply.redirect(this.simulation.redirectUrl(request.redirectUri, authCode), 302);
  }

  private form({ platform, merchants, permissionSets }: AuthorizationRequest, link: Link): string {
    const shown = merchants.slice(0, MAX_CHOICES);
    return page(
      '公众平台帐号授权 Authorize',
      html`<h1>公众平台帐号授权 · Authorize ${platform.componentAppid}</h1>
        <p>Choose the account whose admin you are, and what the platform may do for it.</p>
        <form method="post" action="/cgi-bin/componentloginpage">
          ${CARRIED.map((name) => html`<input type="hidden" name="${name}" value="${carried(link, name)}" /> `)}
          <fieldset>
            <legend>帐号 · Account</legend>
            ${shown.map((merchant, i) => this.choice(merchant, i === 0))}
            ${merchants.length > shown.length ? html`<p>… and ${merchants.length - shown.length} more: pin one with biz_appid.</p>` : html``}
          </fieldset>
          <fieldset>
            <legend>权限集 · Permission sets</legend>
            ${permissionSets.map(({ id, name }) => this.checkbox(id, name, shown, platform))}
          </fieldset>
          <button type="submit">授权 · Authorize</button>
        </form>`,
    );
  }

  private choice(merchant: Merchant, isFirst: boolean): Html {
    return html`<label
      ><input type="radio" name="authorizer_appid" value="${merchant.appid}" ${isFirst ? html` checked` : html``} />
      ${merchant.nickName} <small>${merchant.appid} · ${merchant.userName}</small></label
    > `;
  }

  /** Greyed out when the only account to choose gave an exclusive set to another platform. */
  private checkbox(id: number, name: string, shown: Merchant[], platform: AuthorizationRequest['platform']): Html {
    const [only, ...others] = shown;
    const isTaken =
      only !== undefined && others.length === 0 && this.simulation.authorizations.isTaken(platform, only, id);
    return html`<label${isTaken ? html` class="taken"` : html``}><input type="checkbox" name="permission_sets" value="${id}"${
      isTaken ? html` disabled` : html` checked`
    }> ${id} ${name}</label>\n`;
  }
}

function carried(link: Link, name: string): string {
  const value = link[name];
  return typeof value === 'string' ? value : '';
}

const problemPage = ({ problem }: Extract<Checked, { ok: false }>): string =>
  page(
    '授权失败 Not authorized',
    html`<h1>授权失败 · Not authorized</h1>
      <p class="error">${problem}</p>`,
  );

async function sendPage(reply: FastifyReply, text: string): Promise<void> {
  await reply.code(200).type('text/html; charset=utf-8').send(text);
}
