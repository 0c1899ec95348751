// What every page of the console does; each behaviour is a module of its own.
import './theme.js';
import './framed.js';
import './nav.js';
import './toasts.js';
import './said.js';
import './dialogs.js';
import './refused.js';
import './kept.js';
import './conflict.js';
import './rows.js';
import './selection.js';
import './drawer.js';
import './inline.js';
import './keys.js';
import './palette.js';
import './live.js';
