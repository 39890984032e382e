import { Controller, Get, Header, HttpCode, Query } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { z } from 'zod';
import { Simulation } from '../simulation/simulation.js';
import { html, page } from './html.js';

const oneText = z.union([z.string(), z.array(z.string()).transform((values) => values[0] ?? '')]).default('');
const articleSchema = z.looseObject({ __biz: oneText, mid: oneText, idx: oneText, sn: oneText });

/** An article as followers see it: the page that a mass message links to. A page that is deleted says so, as WeChat's do. */
@ApiExcludeController()
@Controller('s')
export class ArticlePageController {
  constructor(private readonly simulation: Simulation) {}

  @Get()
  @HttpCode(200)
  @Header('content-type', 'text/html; charset=utf-8')
  @Header('cache-control', 'no-store')
  show(@Query({ schema: articleSchema }) { __biz: biz, mid, idx, sn }: z.infer<typeof articleSchema>): string {
    const found = this.simulation.massMessages.articleAt(this.simulation.world, { biz, mid, idx, sn });
    if (!found) return page('参数错误', html`<h1>参数错误</h1>`);
    const { merchant, article, sentAt, url } = found;
    if (article.isDeleted) {
      return page(
        '该内容已被发布者删除',
        html`<p class="icon" aria-hidden="true">!</p>
          <h1>该内容已被发布者删除</h1>`,
      );
    }
    const sent = new Date(sentAt).toLocaleString('zh-CN', { timeZone: 'Asia/Shanghai' });
    return page(
      article.title,
      html`<h1>${article.title}</h1>
        <p class="small"><b>${merchant.nickName}</b> ${sent}</p>
        <p>这是模拟器中的一篇文章。撤回之后，关注者在这里看到的是“该内容已被发布者删除”。</p>
        <p lang="en">
          This is an article in the simulator. After it has been taken back, followers read here that its publisher has
          deleted it.
        </p>
        <p class="small" lang="en">Its address at WeChat, to paste where it is to be taken down:</p>
        <p><code class="whole">${url}</code></p>`,
    );
  }
}
