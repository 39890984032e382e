import { PageHead } from '../ui/page.js';

export function Page() {
  return <PageHead title="messages" />;
}
