import type { Scalar } from '../schema/json-schema.ts';
import type { Block, Field } from './field.ts';
import { type Placed, pairHalves } from './groups.ts';
import { valuesOf } from './plan.ts';

/**
 * Moves every field with a condition below the control that it depends on, so that style sheets alone can show and hide
 * it, and so that it is read right after the choice that brings it up.
 */
export function attachDependents(placed: Placed[]): Placed[] {
  const controls = new Map(placed.map((one) => [one.member.key, one]));
  const controlOf = ({ member }: Placed) => {
    const control = controls.get(member.schema['x-visible-when']?.field ?? '');
    return isControl(control?.field) ? control : undefined;
  };
  const attach = (control: Placed): Placed => {
    const fields = placed.filter((one) => controlOf(one) === control).map(attach);
    return fields.length ? { ...control, field: withBlocks(control, fields) } : control;
  };
  return placed.filter((one) => !controlOf(one)).map(attach);
}

const isControl = (field: Field | undefined) => field?.kind === 'checkbox' || field?.kind === 'select';

function withBlocks(control: Placed, fields: Placed[]): Field {
  const blocks = new Map<string, { values: Scalar[]; block: Block }>();
  for (const one of fields) {
    const condition = one.member.schema['x-visible-when'];
    const values = condition ? valuesOf(condition) : [];
    const known = blocks.get(JSON.stringify(values));
    if (known) known.block.fields.push(one.field);
    else {
      const block = { token: String(blocks.size + 1), help: '', fields: [one.field] };
      blocks.set(JSON.stringify(values), { values, block });
    }
  }
  const dependents = [...blocks.values()].map(({ block }) => ({ ...block, fields: pairHalves(block.fields) }));
  return revealing({ ...control.field, half: false, dependents }, control, [...blocks.values()]);
}

function revealing(field: Field, control: Placed, blocks: { values: Scalar[]; block: Block }[]): Field {
  const tokensFor = (value: unknown) =>
    blocks
      .filter(({ values }) => values.includes(value as Scalar))
      .map(({ block }) => block.token)
      .join(' ');
  if (field.kind === 'checkbox') return { ...field, shows: tokensFor(true), hides: tokensFor(false) };
  if (field.kind !== 'select') return field;
  const choiceFor = (text: string) =>
    control.member.schema.enum?.find((option) => String(option) === text) ?? control.member.schema.default;
  return {
    ...field,
    options: field.options.map((option) => ({ ...option, shows: tokensFor(choiceFor(option.value)) })),
  };
}
