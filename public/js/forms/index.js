// Everything that forms do beyond plain HTML. All of it listens on the document, so that forms may come and go.
import './submit.js';
import './variants.js';
import './secret.js';
import './copy.js';
import './errors.js';
import './unsaved.js';
import './island/index.js';
