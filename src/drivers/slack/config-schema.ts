import { object } from '../driver.ts';

export const configSchema = object({
  default_channel: {
    type: 'string',
    title: 'Default channel',
    description: 'The channel’s ID: open the channel, click its name, and copy it at the bottom of “About”.',
    maxLength: 21,
    pattern: '^[CDG][A-Z0-9]{8,20}$',
    'x-pattern-hint': 'be a channel ID such as C024BE91L, not the channel’s name',
    'x-placeholder': 'C024BE91L',
    'x-help-url': 'https://slack.com/help/articles/221769328-Locate-your-Slack-URL-or-ID',
  },
  team_id: {
    type: 'string',
    title: 'Workspace ID',
    description: 'Needed only for a token of an Enterprise organisation that covers several workspaces.',
    maxLength: 21,
    pattern: '^T[A-Z0-9]{8,20}$',
    'x-pattern-hint': 'be a workspace ID that starts with T, such as T024BE7LD',
    'x-placeholder': 'T024BE7LD',
    'x-group': 'Enterprise',
  },
  environment: {
    type: 'string',
    title: 'Environment',
    description: 'GovSlack runs at an address of its own.',
    enum: ['commercial', 'gov'],
    'x-enum-titles': ['Slack', 'GovSlack'],
    default: 'commercial',
    'x-group': 'Enterprise',
  },
});
