interface Node {
  type: string;
  value?: unknown;
  quasis?: { value: { raw: string } }[];
  callee?: { name?: string };
}

interface Place {
  node: Node;
  parent?: Node | null;
}

const textOf = ({ type, value, quasis = [] }: Node): string => {
  if (type === 'StringLiteral') return String(value);
  return type === 'TemplateLiteral' ? quasis.map((part) => part.value.raw).join('…') : '';
};

const isError = ({ type, callee }: Node) => type === 'NewExpression' && /Error$/.test(callee?.name ?? '');

/** Leaves out how messages for people are worded: nobody is less safe when a sentence changes, and tests need not repeat it. */
export const strykerPlugins = [
  {
    kind: 'Ignore',
    name: 'sentences',
    value: {
      shouldIgnore({ node, parent }: Place): string | undefined {
        const text = textOf(node);
        const isSentence = text.includes(' ') && (text.endsWith('.') || (parent && isError(parent)));
        return isSentence ? 'a message for people' : undefined;
      },
    },
  },
];
