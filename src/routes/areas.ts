const areas = /^\/(api|v1|mcp|\.well-known|oauth(?=\/(?:register|token|revoke)$))(?:\/|$)/;

/**
 * Which programs ask there, each of which is told in its own way what went wrong; null where people look at pages.
 * @param path below the hub's own
 */
export function areaOf(path: string): 'v1' | 'oauth' | 'api' | null {
  const area = areas.exec(path)?.[1];
  if (area === 'v1' || area === 'oauth') return area;
  return area ? 'api' : null;
}
