import { Link } from '@tanstack/react-router';
import { useText } from '../language/language.js';
import { webhookTexts } from './texts.js';

/** How a receiver verifies what is sent to it. */
export function GuideLink() {
  const t = useText();
  return (
    <Link to="/help" hash="webhooks">
      {t(webhookTexts.guide)}
    </Link>
  );
}
