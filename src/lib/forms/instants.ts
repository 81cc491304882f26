const local = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,3})?)?$/;
const stated = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/i;

/** What a datetime-local control says, as an RFC 3339 instant: the form's times are UTC. Other text stays as it is. */
export function instantOf(text: string): string {
  const instant = local.test(text) ? new Date(`${text}Z`) : stated.test(text) ? new Date(text) : undefined;
  if (!instant || Number.isNaN(instant.getTime())) return text;
  return instant.toISOString().replace('.000Z', 'Z');
}

/** An RFC 3339 instant as a datetime-local control takes it; undefined for text that is none. */
export function localTimeOf(text: string): string | undefined {
  if (local.test(text)) return text;
  const instant = stated.test(text) ? instantOf(text) : '';
  return instant.endsWith('Z') ? instant.slice(0, -1) : undefined;
}
