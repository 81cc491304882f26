/** Which origins each stand-in answers for. */
const origins = {
  github: ['https://github.com', 'https://api.github.com'],
  slack: ['https://slack.com', 'https://files.slack.com'],
  oauth: ['https://oauth.demo.example'],
  openai: ['https://api.openai.com'],
  composio: ['https://backend.composio.dev', 'https://connect.composio.dev'],
  wordpress: ['https://blog.demo.example'],
  x: ['https://api.x.com'],
  linkedin: ['https://api.linkedin.com', 'https://www.linkedin.com'],
  medium: ['https://api.medium.com'],
  tickets: ['https://tickets.demo.example'],
};

/** The variables that send a hub to stand-ins instead of to the services; those that are not given stay out of reach. */
export function wiring(urls: Partial<Record<keyof typeof origins, string>>) {
  const pairs = Object.entries(urls).flatMap(([name, url]) =>
    origins[name as keyof typeof origins].map((origin) => [origin, url]),
  );
  return {
    UPSTREAM_OVERRIDES: JSON.stringify(Object.fromEntries(pairs)),
    ALLOWED_PRIVATE_HOSTS: Object.values(urls)
      .map((url) => new URL(url).host)
      .join(','),
  };
}
