import { declared } from '../declarative.ts';
import service from './service.json' with { type: 'json' };

/** All of Medium that is plain HTTP. */
export const described = declared(service);
