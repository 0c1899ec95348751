// What every page of the console does; each behaviour is a module of its own.
import './theme.js';
import './nav.js';
import './toasts.js';
import './dialogs.js';
import './rows.js';
import './keys.js';
import './palette.js';
import './live.js';
