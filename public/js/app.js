// All of it listens on the document, so that parts of the page may come and go.
import './forms/index.js';
import './answer.js';
import './dialog.js';
import './failures.js';
import './filters.js';
import './palette.js';
import './search-shortcut.js';
import './theme-switch.js';
import './times.js';
import './toasts.js';
