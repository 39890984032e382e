import { Link } from '@tanstack/react-router';
import { useState, type ReactNode } from 'react';
import type { Words } from '@app/words';
import { addressOf } from '../api/retract.js';
import { useText } from '../language/language.js';
import { SearchField } from '../ui/filter-fields.js';
import { PageHead, Section } from '../ui/page.js';
import { search } from './glossary.js';
import { ProofCheck } from './proof-check.js';
import { helpTexts } from './texts.js';

const PARTS: readonly (readonly [id: string, title: Words, Part: () => ReactNode])[] = [
  ['api', helpTexts.api, Api],
  ['webhooks', helpTexts.webhooks, Webhooks],
  ['proofs', helpTexts.proofs, ProofCheck],
  ['words', helpTexts.words, Glossary],
  ['keyboard', helpTexts.keyboard, Keyboard],
  ['worker', helpTexts.worker, Worker],
];

export function Page() {
  const t = useText();
  return (
    <>
      <PageHead title={t(helpTexts.title)} />
      <nav aria-label={t(helpTexts.contents)}>
        <ul className="contents">
          {PARTS.map(([id, title]) => (
            <li key={id}>
              <Link to="." hash={id}>
                {t(title)}
              </Link>
            </li>
          ))}
        </ul>
      </nav>
      {PARTS.map(([id, title, Part]) => (
        <div key={id} id={id} className="part">
          <Section title={t(title)}>
            <Part />
          </Section>
        </div>
      ))}
    </>
  );
}

function Api() {
  const t = useText();
  const links: readonly (readonly [path: string, words: Words])[] = [
    ['/docs', helpTexts.apiPage],
    ['/docs/problems', helpTexts.problems],
    ['/openapi.json', helpTexts.apiFile],
    ['/.well-known/jwks.json', helpTexts.proofKeys],
  ];
  return (
    <>
      <p>{t(helpTexts.apiLead)}</p>
      <ul className="bullets">
        {links.map(([path, words]) => (
          <li key={path}>
            <a href={addressOf(path)} target="_blank" rel="noreferrer">
              {t(words)}
            </a>{' '}
            <span className="soft code">{path}</span>
          </li>
        ))}
      </ul>
    </>
  );
}

const RECEIVER = `import { Webhook } from 'standardwebhooks';

const webhook = new Webhook(process.env.RETRACT_WEBHOOK_SECRET); // whsec_…

app.post('/retract', express.raw({ type: 'application/json' }), async (request, response) => {
  let event;
  try {
    event = webhook.verify(request.body, request.headers);
  } catch {
    return response.sendStatus(401);
  }
  await inbox.addOnce(event.id, event); // it may come twice
  response.sendStatus(204);
});`;

function Webhooks() {
  const t = useText();
  return (
    <>
      <p>{t(helpTexts.webhooksLead)}</p>
      <p>{t(helpTexts.verify)}</p>
      <pre className="payload" tabIndex={0}>
        {RECEIVER}
      </pre>
      <p>{t(helpTexts.byHand)}</p>
      <ul className="bullets">
        {[helpTexts.atLeastOnce, helpTexts.retries, helpTexts.gone, helpTexts.again].map((words) => (
          <li key={words.en}>{t(words)}</li>
        ))}
      </ul>
    </>
  );
}

function Glossary() {
  const t = useText();
  const [text, setText] = useState<string>();
  const found = search(text ?? '');
  return (
    <>
      <div className="filters">
        <SearchField label={t(helpTexts.search)} value={text} onChange={setText} />
      </div>
      <p role="status">{found.length === 0 && t(helpTexts.foundNothing)}</p>
      {found.map(({ title, words }) => (
        <details key={title.en} open={text !== undefined}>
          <summary>
            {t(title)} <span className="soft">({Object.keys(words).length})</span>
          </summary>
          <dl className="glossary">
            {Object.entries(words).map(([code, meaning]) => (
              <div key={code}>
                <dt className="code soft">{code}</dt>
                <dd>{t(meaning)}</dd>
              </div>
            ))}
          </dl>
        </details>
      ))}
    </>
  );
}

/** Where the alarm of a worker that is silent leads to. */
function Worker() {
  const t = useText();
  return (
    <>
      <p>{t(helpTexts.workerLead)}</p>
      <p>{t(helpTexts.workerStart)}</p>
      <pre className="payload" tabIndex={0}>
        {'docker compose up -d worker\nnpm run start:worker'}
      </pre>
      <p>{t(helpTexts.workerLog)}</p>
    </>
  );
}

function Keyboard() {
  const t = useText();
  const keys: readonly (readonly [keys: string, words: Words])[] = [
    ['Tab, Shift+Tab', helpTexts.keyTab],
    ['Enter', helpTexts.keyEnter],
    ['Space', helpTexts.keySpace],
    ['↑ ↓', helpTexts.keyArrows],
    ['Esc', helpTexts.keyEscape],
    ['Tab', helpTexts.keySkip],
  ];
  return (
    <dl className="glossary">
      {keys.map(([name, words]) => (
        <div key={name}>
          <dt>
            <kbd>{name}</kbd>
          </dt>
          <dd>{t(words)}</dd>
        </div>
      ))}
    </dl>
  );
}
