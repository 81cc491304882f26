import { execFile } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Eta } from 'eta';

const root = path.resolve(import.meta.dirname, '../..');
const eta = new Eta({ debug: true });

export interface TypeFault {
  template: string;
  line: number;
  message: string;
}

/**
 * Type-checks templates against their models.
 * @param templates sources by name, e.g. `catalog/_card`
 * @param dir an empty folder for what the compiler reads
 */
export async function checkTemplates(templates: Map<string, string>, dir: string): Promise<TypeFault[]> {
  mkdirSync(dir, { recursive: true });
  writeFileSync(path.join(dir, 'package.json'), '{ "type": "module" }');
  writeFileSync(path.join(dir, 'tsconfig.json'), JSON.stringify(settings));
  writeFileSync(path.join(dir, 'globals.d.ts'), globals);
  const names = [...templates.keys()];
  const sources = names.map((name) => functionOf(name, templates.get(name) ?? ''));
  for (const [index, source] of sources.entries()) writeFileSync(path.join(dir, `t${index}.ts`), source);
  const output = await compile(dir);
  return [...output.matchAll(/^t(\d+)\.ts\((\d+),\d+\): error \w+: (.*)$/gm)].map(([, index, line, message = '']) => ({
    template: names[Number(index)] ?? '',
    line: templateLine(sources[Number(index)] ?? '', Number(line)),
    message,
  }));
}

const settings = {
  extends: path.join(root, 'tsconfig.json'),
  compilerOptions: {
    noUnusedLocals: false,
    noUnusedParameters: false,
    typeRoots: [path.join(root, 'node_modules/@types')],
  },
  include: ['*.ts'],
};

/** What a compiled template finds around itself, with the model that each partial and layout is to be given. */
const globals = `
import type { FieldKind, Field } from '${root}/src/lib/forms/field.ts';
import type { Models, ViewGlobals } from '${root}/src/routes/view-models/models.ts';
import type { Partials } from '${root}/src/routes/view-models/partials.ts';
declare global {
  type Templates = Models & Partials;
  type Given<K extends keyof Templates> = Readonly<Templates[K] & ViewGlobals>;
  const __eta: { res: string; line: number; e(value: unknown): string };
  function include<K extends keyof Templates>(name: \`/\${K}\`, data: Templates[K] & Partial<ViewGlobals>): string;
  function include(name: \`/forms/_\${FieldKind}\`, data: { field: Field } & Partial<ViewGlobals>): string;
  function layout(name: '/layouts/app' | '/layouts/operator'): void;
  function layout(name: '/layouts/plain', data: Omit<Partials['layouts/plain'], 'body'>): void;
}
`;

const functionOf = (name: string, source: string) =>
  `export function template(it: Given<${JSON.stringify(name)}>) {\n${eta.compileBody(eta.parse(source))}}\n`;

/** The template's line at a line of the function: the compiled code notes it in front of each tag. */
function templateLine(source: string, line: number): number {
  const above = source.split('\n').slice(0, line).join('\n');
  return Number(above.match(/__eta\.line=(\d+)(?![\s\S]*__eta\.line=)/)?.[1] ?? 1);
}

const compile = (dir: string) =>
  new Promise<string>((resolve) => {
    const tsc = path.join(root, 'node_modules/typescript/bin/tsc');
    execFile(process.execPath, [tsc, '-p', dir, '--pretty', 'false'], { cwd: dir }, (_error, stdout, stderr) =>
      resolve(stdout + stderr),
    );
  });
