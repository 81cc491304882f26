import type { JsonSchema } from '../../../lib/schema/json-schema.ts';
import type { Tool } from '../../driver.ts';
import { ask } from '../client.ts';
import { input, listOf, listPage, number, owner, paging, pick, repo, repositoryOf, shapes, text } from './shapes.ts';

const issue = pick(
  'id',
  'number',
  'title',
  'state',
  'body',
  'user',
  'comments',
  'html_url',
  'created_at',
  'updated_at',
);
const pull = pick('id', 'number', 'title', 'state', 'draft', 'body', 'user', 'html_url', 'created_at', 'merged_at');
const state: JsonSchema = { type: 'string', title: 'State', enum: ['open', 'closed', 'all'], default: 'open' };
const labels: JsonSchema = {
  type: 'array',
  title: 'Labels',
  maxItems: 100,
  items: { type: 'string', minLength: 1, maxLength: 50 },
};
const scopes = [['repo', 'public_repo']];

export const issueTools: Tool[] = [
  {
    slug: 'list_issues',
    title: 'List issues',
    description: 'Lists the issues of a repository, newest first. Pull requests are left out.',
    input: input({ owner, repo, state, labels, ...paging }, ['repo']),
    output: listOf(shapes.issue),
    sideEffect: 'none',
    run: async (context, given) => {
      const { state: wanted, labels: wantedLabels, page, per_page } = given;
      const list = await listPage(
        context,
        'GET /repos/{owner}/{repo}/issues',
        {
          ...repositoryOf(context, given),
          state: wanted,
          page,
          per_page,
          ...(Array.isArray(wantedLabels) && wantedLabels.length ? { labels: wantedLabels.join(',') } : {}),
        },
        (record) => ({ ...issue(record), pull: 'pull_request' in (record as object) }),
      );
      return {
        ...list,
        items: list.items.filter(({ pull: isPull }) => !isPull).map(({ pull: _pull, ...rest }) => rest),
      };
    },
  },
  {
    slug: 'get_issue',
    title: 'Get an issue',
    description: 'Reads one issue with its text.',
    input: input({ owner, repo, number }, ['repo', 'number']),
    output: shapes.issue,
    sideEffect: 'none',
    run: async (context, given) =>
      issue(
        (
          await ask(context, 'GET /repos/{owner}/{repo}/issues/{number}', {
            ...repositoryOf(context, given),
            number: given.number,
          })
        ).data,
      ),
  },
  {
    slug: 'create_issue',
    title: 'Create an issue',
    description: 'Opens an issue in a repository.',
    input: input({ owner, repo, title: text('Title', 'One line.', 256), body: text('Text', 'Markdown.'), labels }, [
      'repo',
      'title',
    ]),
    output: shapes.issue,
    sideEffect: 'write',
    adds: true,
    scopes,
    run: async (context, { title, body, labels: given, ...rest }) =>
      issue(
        (
          await ask(context, 'POST /repos/{owner}/{repo}/issues', {
            ...repositoryOf(context, rest),
            title,
            ...(body === undefined ? {} : { body }),
            ...(given === undefined ? {} : { labels: given }),
          })
        ).data,
      ),
  },
  {
    slug: 'comment_issue',
    title: 'Comment on an issue',
    description: 'Adds a comment to an issue or a pull request.',
    input: input({ owner, repo, number, body: text('Text', 'Markdown.') }, ['repo', 'number', 'body']),
    output: shapes.comment,
    sideEffect: 'write',
    adds: true,
    scopes,
    run: async (context, { number: at, body, ...rest }) =>
      pick(
        'id',
        'html_url',
        'created_at',
      )(
        (
          await ask(context, 'POST /repos/{owner}/{repo}/issues/{number}/comments', {
            ...repositoryOf(context, rest),
            number: at,
            body,
          })
        ).data,
      ),
  },
  {
    slug: 'list_pull_requests',
    title: 'List pull requests',
    description: 'Lists the pull requests of a repository, newest first.',
    input: input({ owner, repo, state, ...paging }, ['repo']),
    output: listOf(shapes.issue),
    sideEffect: 'none',
    run: (context, given) =>
      listPage(
        context,
        'GET /repos/{owner}/{repo}/pulls',
        { ...repositoryOf(context, given), state: given.state, page: given.page, per_page: given.per_page },
        pull,
      ),
  },
  {
    slug: 'create_pull_request',
    title: 'Create a pull request',
    description: 'Proposes the commits of one branch for another one.',
    input: input(
      {
        owner,
        repo,
        title: text('Title', 'One line.', 256),
        head: text('From branch', 'With the commits; owner:branch for a fork.', 255),
        base: text('Into branch', 'Such as main.', 255),
        body: text('Text', 'Markdown.'),
        draft: { type: 'boolean', title: 'Draft', default: false },
      },
      ['repo', 'title', 'head', 'base'],
    ),
    output: shapes.issue,
    sideEffect: 'write',
    adds: true,
    scopes,
    run: async (context, { title, head, base, body, draft, ...rest }) =>
      pull(
        (
          await ask(context, 'POST /repos/{owner}/{repo}/pulls', {
            ...repositoryOf(context, rest),
            title,
            head,
            base,
            draft: draft ?? false,
            ...(body === undefined ? {} : { body }),
          })
        ).data,
      ),
  },
];
