import 'tdesign-react/es/_util/react-19-adapter';
import 'tdesign-react/es/style/index.css';
import './console.css';
import { QueryClientProvider } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import { ConfigProvider } from 'tdesign-react';
import enUs from 'tdesign-react/es/locale/en_US';
import zhCn from 'tdesign-react/es/locale/zh_CN';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { queries } from './api/queries.js';
import { LanguageProvider, useSpeech } from './language/language.js';
import { router } from './router.js';
import { Gate } from './shell/gate.js';

/** The components' dark colours follow the browser, too. */
const dark = matchMedia('(prefers-color-scheme: dark)');
const followScheme = () => document.documentElement.setAttribute('theme-mode', dark.matches ? 'dark' : 'light');
dark.addEventListener('change', followScheme);
followScheme();

function Console() {
  const { language } = useSpeech();
  return (
    <ConfigProvider globalConfig={language === 'zh' ? zhCn : enUs}>
      <Gate>
        <RouterProvider router={router} />
      </Gate>
    </ConfigProvider>
  );
}

const root = document.getElementById('root');
if (root)
  createRoot(root).render(
    <StrictMode>
      <QueryClientProvider client={queries}>
        <LanguageProvider>
          <Console />
        </LanguageProvider>
      </QueryClientProvider>
    </StrictMode>,
  );
