export { sameOriginPath } from '../../lib/same-origin-path.ts';
