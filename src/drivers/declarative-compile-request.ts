import { addressBelow } from '../lib/address-below.ts';
import { parseTree, type Reference, referencesIn, type Template, textWith } from '../lib/declarative/templates.ts';
import { compileHeaders, isCredential } from './declarative-compile-headers.ts';
import type { RequestDescription } from './declarative-format-tools.ts';
import type { At, Reading, Scope } from './declarative-reading.ts';
import type { Request } from './declarative-service.ts';

const bodiless = ['GET', 'HEAD'];

export function compileRequest(reading: Reading, given: RequestDescription, at: At, scope: Scope): Request {
  const { method = 'GET', json, form } = given;
  const before = reading.problems.length;
  const paths = requestPaths(reading, given.path, [...at, 'path'], scope);
  const query = Object.entries(given.query ?? {}).map(([name, value]): [string, Template] => {
    const place = [...at, 'query', name];
    if (isCredential(reading, 'query', name))
      reading.problem(place, 'This parameter carries the credential. Leave it out.');
    return [name, reading.template(String(value), place, scope)];
  });
  const headers = compileHeaders(reading, given.headers, [...at, 'headers'], scope);
  if (json !== undefined && form !== undefined)
    reading.problem([...at, 'form'], 'There is a body as json already. Keep one of the two.');
  const as = json !== undefined ? 'json' : 'form';
  const source = json !== undefined ? json : form;
  if (source !== undefined && bodiless.includes(method))
    reading.problem([...at, as], `A ${method} request has no body. Use query, or another method.`);
  const used: Reference[] = [];
  const tree =
    source === undefined
      ? null
      : parseTree(source, (text, inner) => {
          const template = reading.template(text, [...at, as, ...inner], scope);
          used.push(...referencesIn(template));
          return template;
        });
  const beside = [...query, ...headers].flatMap(([, each]) => referencesIn(each)).concat(used);
  if (reading.problems.length === before) unused(reading, scope, [...paths.flatMap(referencesIn), ...beside], at);
  const needsAccount = beside.some((each) => each.source === 'account');
  return { method, paths, query, headers, body: tree && { as, tree }, needsAccount };
}

function requestPaths(reading: Reading, given: string | string[], at: At, scope: Scope): Template[] {
  const texts = [given].flat();
  return texts.map((text, index) => {
    const place = Array.isArray(given) ? [...at, index] : at;
    const template = requestPath(reading, text, place, scope);
    const last = index === texts.length - 1;
    for (const part of template.parts)
      if (last && typeof part !== 'string' && !part.some((each) => reading.isGiven(each, scope)))
        mayBeMissing(reading, part, place);
    return template;
  });
}

function requestPath(reading: Reading, text: string, at: At, scope: Scope): Template {
  const template = reading.template(text, at, scope);
  const sample = textWith(template, {}, () => 'x');
  if (/[?#]/.test(sample)) reading.problem(at, 'A path has no ? and no #. Put parameters under query.');
  else if (/\s/.test(sample)) reading.problem(at, 'A path has no blanks; write %20.');
  else if (sample && !sample.startsWith('/'))
    reading.problem(at, 'A path begins with a slash, and goes below base_url.');
  else if (!addressBelow('https://example.com/base', sample))
    reading.problem(at, 'This path would lead out of base_url.');
  return template;
}

function mayBeMissing(reading: Reading, [reference]: readonly Reference[], at: At) {
  const { source = '', path = [] } = reference ?? {};
  reading.problem(
    at,
    `{${[source, ...path].join('.')}} stands in the path and may be missing: list it under required, or give it a default.`,
  );
}

function unused(reading: Reading, { input }: Scope, references: Reference[], at: At) {
  const used = new Set(references.filter(({ source }) => source === 'input').map(({ path }) => path[0]));
  for (const name of Object.keys(input ?? {}))
    if (!used.has(name))
      reading.problem(
        [...at.slice(0, -1), 'input', 'properties', name],
        `Nothing sends this argument. Use {input.${name}} in the request, or leave it out.`,
      );
}
