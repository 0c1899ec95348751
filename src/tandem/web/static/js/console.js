import './theme.js';
import './nav.js';
