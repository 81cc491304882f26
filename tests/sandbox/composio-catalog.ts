// What the stand-in of Composio offers. Shapes follow the types of its SDK; nothing was copied from the service.

export interface ToolkitSeed {
  slug: string;
  name: string;
  description: string;
  category: string;
  schemes: string[];
  managed: boolean;
  /** What its tools are about. */
  nouns: string[];
}

export const categoryNames: Record<string, string> = {
  communication: 'Communication',
  crm: 'CRM',
  'developer-tools': 'Developer tools',
  'project-management': 'Project management',
  storage: 'Documents and storage',
  marketing: 'Marketing',
  finance: 'Finance',
  support: 'Customer support',
  analytics: 'Analytics',
  'human-resources': 'Human resources',
  search: 'Search and data',
};

const schemeOf: Record<string, string> = {
  m: 'OAUTH2',
  o: 'OAUTH2',
  k: 'API_KEY',
  b: 'BASIC',
  t: 'BEARER_TOKEN',
  n: 'NO_AUTH',
};

/** slug | name | category | ways to authenticate (m: OAuth with Composio's client, o: with one's own) | nouns | description */
const rows = `
gmail|Gmail|communication|m|email,draft,label|Reads, searches and sends e-mail of a Google account.
notion|Notion|project-management|mk|page,database,comment|Pages, databases and comments of a Notion workspace.
linear|Linear|project-management|mk|issue,project,cycle|Issues, projects and cycles of a Linear team.
hubspot|HubSpot|crm|mt|contact,company,deal|Contacts, companies and deals in HubSpot.
airtable|Airtable|storage|mt|record,base,table|Records and tables of Airtable bases.
jira|Jira|project-management|mb|issue,sprint,board|Issues, sprints and boards of a Jira site.
googlecalendar|Google Calendar|communication|m|event,calendar|Events and calendars of a Google account.
googledrive|Google Drive|storage|m|file,folder,permission|Files, folders and who may see them.
googlesheets|Google Sheets|storage|m|spreadsheet,row|Spreadsheets and their rows.
googledocs|Google Docs|storage|m|document|Documents of a Google account.
outlook|Outlook|communication|m|message,event,contact|Mail, calendar and contacts of Microsoft 365.
microsoft_teams|Microsoft Teams|communication|m|chat,channel|Chats and channels of a Microsoft Teams organisation.
one_drive|OneDrive|storage|m|file,folder|Files and folders in OneDrive.
asana|Asana|project-management|mt|task,project|Tasks and projects in Asana.
trello|Trello|project-management|k|card,board|Cards and boards in Trello.
clickup|ClickUp|project-management|mk|task,list|Tasks and lists in ClickUp.
monday|Monday|project-management|ok|item,board|Items and boards in Monday.
salesforce|Salesforce|crm|m|account,opportunity,lead|Accounts, opportunities and leads in Salesforce.
pipedrive|Pipedrive|crm|mk|deal,person|Deals and people in Pipedrive.
zoho|Zoho CRM|crm|o|lead,contact|Leads and contacts in Zoho CRM.
attio|Attio|crm|mt|record,note|Records and notes in Attio.
gitlab|GitLab|developer-tools|mt|merge_request,issue,pipeline|Merge requests, issues and pipelines in GitLab.
bitbucket|Bitbucket|developer-tools|m|pull_request,repository|Pull requests and repositories in Bitbucket.
sentry|Sentry|developer-tools|t|issue,event|Errors and events in Sentry.
datadog|Datadog|developer-tools|k|monitor,dashboard|Monitors and dashboards in Datadog.
pagerduty|PagerDuty|developer-tools|ok|incident,service|Incidents and services in PagerDuty.
vercel|Vercel|developer-tools|t|deployment,project|Deployments and projects in Vercel.
supabase|Supabase|developer-tools|mk|project,function|Projects and functions in Supabase.
zendesk|Zendesk|support|ob|ticket,user|Tickets and users in Zendesk.
intercom|Intercom|support|mt|conversation,contact|Conversations and contacts in Intercom.
freshdesk|Freshdesk|support|b|ticket,agent|Tickets and agents in Freshdesk.
stripe|Stripe|finance|k|customer,invoice,refund|Customers, invoices and refunds in Stripe.
quickbooks|QuickBooks|finance|o|invoice,bill|Invoices and bills in QuickBooks.
xero|Xero|finance|o|invoice,contact|Invoices and contacts in Xero.
mailchimp|Mailchimp|marketing|mk|campaign,audience|Campaigns and audiences in Mailchimp.
klaviyo|Klaviyo|marketing|k|profile,campaign|Profiles and campaigns in Klaviyo.
sendgrid|SendGrid|marketing|k|message,template|Messages and templates in SendGrid.
typeform|Typeform|marketing|mt|form,response|Forms and responses in Typeform.
calendly|Calendly|communication|mt|event,invitee|Events and invitees in Calendly.
zoom|Zoom|communication|m|meeting,recording|Meetings and recordings in Zoom.
dropbox|Dropbox|storage|m|file,folder|Files and folders in Dropbox.
box|Box|storage|m|file,folder|Files and folders in Box.
figma|Figma|developer-tools|mt|file,comment|Files and comments in Figma.
mixpanel|Mixpanel|analytics|b|event,cohort|Events and cohorts in Mixpanel.
posthog|PostHog|analytics|k|insight,flag|Insights and feature flags in PostHog.
bamboohr|BambooHR|human-resources|b|employee,time_off|Employees and time off in BambooHR.
greenhouse|Greenhouse|human-resources|b|candidate,job|Candidates and jobs in Greenhouse.
hackernews|Hacker News|search|n|story,comment|Stories and comments of Hacker News.
weathermap|Weather map|search|k|forecast|Forecasts for places.`;

export const toolkitSeeds: ToolkitSeed[] = rows
  .trim()
  .split('\n')
  .map((row) => {
    const [slug = '', name = '', category = '', ways = '', nouns = '', description = ''] = row.split('|');
    const schemes = [...ways].map((way) => schemeOf[way] ?? 'NO_AUTH');
    return { slug, name, description, category, schemes, managed: ways.includes('m'), nouns: nouns.split(',') };
  });

const version = '20251101_00';
const at = '2025-11-01T09:00:00.000Z';

/** As lists show it. */
export const toolkitItem = (seed: ToolkitSeed) => ({
  slug: seed.slug,
  name: seed.name,
  type: 'native',
  is_local_toolkit: false,
  auth_schemes: seed.schemes,
  composio_managed_auth_schemes: seed.managed ? ['OAUTH2'] : [],
  no_auth: seed.schemes.includes('NO_AUTH'),
  auth_guide_url: null,
  deprecated: { toolkitId: `tk_${seed.slug}` },
  meta: {
    ...metaOf(seed),
    categories: [{ id: seed.category, name: categoryNames[seed.category] }],
  },
});

const metaOf = ({ slug, description, nouns }: ToolkitSeed) => ({
  description,
  logo: `https://logos.composio.dev/api/${slug}`,
  tools_count: nouns.length * verbs.length,
  triggers_count: 0,
  created_at: at,
  updated_at: at,
  version,
  app_url: `https://${slug.replaceAll('_', '-')}.example.com`,
});

export const toolkitDetail = (seed: ToolkitSeed) => ({
  slug: seed.slug,
  name: seed.name,
  type: 'native',
  is_local_toolkit: false,
  enabled: true,
  deprecated: { toolkitId: `tk_${seed.slug}`, rawProxyInfoByAuthSchemes: [] },
  composio_managed_auth: seed.managed ? [{ mode: 'OAUTH2', scopes: { available: ['read', 'write'] } }] : [],
  composio_managed_auth_schemes: seed.managed ? ['OAUTH2'] : [],
  auth_config_details: seed.schemes.map((mode) => ({
    mode,
    name: `${seed.slug}_${mode.toLowerCase()}`,
    auth_hint_url: `https://docs.example.com/${seed.slug}/${mode.toLowerCase()}`,
    proxy: { base_url: `https://api.${seed.slug.replaceAll('_', '-')}.example.com` },
    fields: fieldsOf(mode),
  })),
  base_url: `https://api.${seed.slug.replaceAll('_', '-')}.example.com`,
  auth_guide_url: null,
  meta: {
    ...metaOf(seed),
    available_versions: ['20251001_00', version],
    categories: [{ slug: seed.category, name: categoryNames[seed.category] }],
  },
});

interface Field {
  name: string;
  displayName: string;
  description: string;
  type: string;
  required: boolean;
  default?: string | null;
  is_secret?: boolean;
}

const field = (name: string, displayName: string, more: Partial<Field> = {}): Field => ({
  name,
  displayName,
  description: `${displayName}, as the service shows it.`,
  type: 'string',
  required: true,
  default: null,
  ...more,
});
const none = { required: [] as Field[], optional: [] as Field[] };

/** What a toolkit asks for, by the scheme. */
export function fieldsOf(mode: string) {
  const initiation: Record<string, typeof none> = {
    API_KEY: {
      required: [field('generic_api_key', 'API key', { is_secret: true })],
      optional: [field('region', 'Region', { required: false, default: 'eu' })],
    },
    BASIC: {
      required: [field('username', 'User name'), field('password', 'Password', { is_secret: true })],
      optional: [],
    },
    BEARER_TOKEN: { required: [field('token', 'Access token')], optional: [] },
  };
  const creation = {
    required: [field('client_id', 'Client id'), field('client_secret', 'Client secret', { is_secret: true })],
    optional: [
      field('scopes', 'Scopes', { required: false, default: 'read,write' }),
      field('verification_token', 'Verification token', { required: false }),
    ],
  };
  return {
    auth_config_creation: mode === 'OAUTH2' ? creation : none,
    connected_account_initiation: initiation[mode] ?? none,
  };
}

const verbs = [
  { verb: 'list', tags: ['readOnlyHint', 'important'] },
  { verb: 'get', tags: ['readOnlyHint'] },
  { verb: 'create', tags: ['createHint', 'important'] },
  { verb: 'update', tags: ['updateHint', 'idempotentHint'] },
  { verb: 'delete', tags: ['destructiveHint'] },
];

export interface ToolSeed {
  slug: string;
  toolkit: ToolkitSeed;
  verb: string;
  noun: string;
  tags: string[];
  input: Record<string, unknown>;
}

export const toolSeedsOf = (toolkit: ToolkitSeed): ToolSeed[] =>
  toolkit.nouns.flatMap((noun) =>
    verbs.map(({ verb, tags }) => ({
      slug: `${toolkit.slug}_${verb}_${noun}${verb === 'list' ? 's' : ''}`.toUpperCase(),
      toolkit,
      verb,
      noun,
      tags,
      input: inputOf(verb, noun),
    })),
  );

const humanised = (noun: string) => noun.replaceAll('_', ' ');

function inputOf(verb: string, noun: string) {
  const id = { type: 'string', title: 'Id', description: `The ${humanised(noun)}’s id.`, examples: ['item_1'] };
  const title = { type: 'string', title: 'Title', description: 'What it is called.', maxLength: 200 };
  const notes = {
    anyOf: [{ type: 'string' }, { type: 'null' }],
    title: 'Notes',
    default: null,
    human_parameter_name: 'Notes',
  };
  const properties: Record<string, Record<string, unknown>> = {
    list: {
      query: { type: 'string', title: 'Query', default: '' },
      limit: { type: 'integer', title: 'Limit', minimum: 1, maximum: 100, default: 20 },
    },
    get: { id },
    create: { title, notes },
    update: { id, title },
    delete: { id },
  };
  const required: Record<string, string[]> = { get: ['id'], create: ['title'], update: ['id'], delete: ['id'] };
  return {
    type: 'object',
    title: `${verb} ${noun} request`,
    properties: properties[verb] ?? {},
    ...(required[verb] && { required: required[verb] }),
  };
}

export const toolItem = ({ slug, toolkit, verb, noun, tags, input }: ToolSeed) => ({
  slug,
  name: `${verb.charAt(0).toUpperCase()}${verb.slice(1)} ${humanised(noun)}${verb === 'list' ? 's' : ''}`,
  description: `${verb} ${humanised(noun)} in ${toolkit.name}.`,
  human_description: `${verb.charAt(0).toUpperCase()}${verb.slice(1)}s ${humanised(noun)}s in ${toolkit.name}.`,
  toolkit: { slug: toolkit.slug, name: toolkit.name, logo: `https://logos.composio.dev/api/${toolkit.slug}` },
  version,
  available_versions: ['20251001_00', version],
  input_parameters: input,
  output_parameters: {
    type: 'object',
    properties: {
      data: { type: 'object', title: 'Data', additionalProperties: true },
      successful: { type: 'boolean', title: 'Successful' },
      error: { anyOf: [{ type: 'string' }, { type: 'null' }], default: null },
    },
    required: ['data', 'successful'],
  },
  tags,
  scopes: tags.includes('readOnlyHint') ? ['read'] : ['write'],
  scope_requirements: null,
  no_auth: toolkit.schemes.includes('NO_AUTH'),
  is_deprecated: false,
  deprecated: {
    available_versions: [version],
    displayName: slug,
    is_deprecated: false,
    toolkit: { logo: '' },
    version,
  },
});
