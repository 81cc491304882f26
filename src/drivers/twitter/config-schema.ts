import { object } from '../driver.ts';

export const configSchema = object({
  username: {
    type: 'string',
    title: 'Account name',
    description: 'The account that posts, for the card only: who is connected is always asked from X.',
    maxLength: 16,
    pattern: '^@?[A-Za-z0-9_]{1,15}$',
    'x-pattern-hint': 'be an account name of up to 15 letters, digits and underscores, such as @northwind',
    'x-placeholder': '@northwind',
  },
  long_posts: {
    type: 'boolean',
    title: 'Allow long posts',
    description: 'Only for accounts with X Premium: up to 25,000 characters instead of 280.',
    default: false,
  },
  reply_settings: {
    type: 'string',
    title: 'Who may reply',
    description: 'Applies to posts that do not say it themselves.',
    enum: ['everyone', 'following', 'mentionedUsers', 'subscribers', 'verified'],
    'x-enum-titles': [
      'Everyone',
      'Accounts you follow',
      'Only accounts you mention',
      'Your subscribers',
      'Verified accounts',
    ],
    default: 'everyone',
  },
});
