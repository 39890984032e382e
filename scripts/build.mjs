// Installs what is missing and builds all apps and libs into dist/, unless they are built already.
import { ensureBuilt, ensureInstalled } from './lib.mjs';

ensureInstalled();
ensureBuilt();
