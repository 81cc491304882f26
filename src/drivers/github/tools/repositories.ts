import { ServiceError, type Tool } from '../../driver.ts';
import { ask } from '../client.ts';
import { input, listOf, listPage, open, owner, paging, pick, repo, repositoryOf, shapes, text } from './shapes.ts';

const repository = pick(
  'id',
  'full_name',
  'description',
  'private',
  'archived',
  'default_branch',
  'language',
  'html_url',
  'pushed_at',
);
const path = text('Path', 'From the repository’s root, such as docs/readme.md.', 1_000);
const ref = text('Branch, tag or commit', 'The default branch when left out.', 255);

export const repositoryTools: Tool[] = [
  {
    slug: 'get_user',
    title: 'Get a user',
    description: 'Tells who somebody is on GitHub; the connected account when no login is given.',
    input: input({ login: text('Login', 'The connected account when left out.', 39) }),
    output: shapes.user,
    sideEffect: 'none',
    run: async (context, { login }) => {
      const { data } = login ? await ask(context, 'GET /users/{login}', { login }) : await ask(context, 'GET /user');
      return pick('id', 'login', 'name', 'email', 'company', 'type', 'html_url')({ ...(data as object) });
    },
  },
  {
    slug: 'list_repositories',
    title: 'List repositories',
    description: 'Lists the repositories that the connected account sees, or those of a user or organisation.',
    input: input({
      owner: text('Owner', 'A user or organisation; all that the account sees when left out.', 39),
      sort: {
        type: 'string',
        title: 'Sort',
        enum: ['full_name', 'created', 'updated', 'pushed'],
        default: 'full_name',
      },
      ...paging,
    }),
    output: listOf(shapes.repository),
    sideEffect: 'none',
    run: (context, { owner: login, ...rest }) =>
      login
        ? listPage(context, 'GET /users/{login}/repos', { login, ...rest }, repository)
        : listPage(context, 'GET /user/repos', rest, repository),
  },
  {
    slug: 'get_repository',
    title: 'Get a repository',
    description: 'Tells what a repository is: description, visibility, default branch, language.',
    input: input({ owner, repo }, ['repo']),
    output: shapes.repository,
    sideEffect: 'none',
    run: async (context, given) =>
      repository((await ask(context, 'GET /repos/{owner}/{repo}', repositoryOf(context, given))).data),
  },
  {
    slug: 'search',
    title: 'Search',
    description:
      'Searches issues and pull requests, repositories or code with GitHub’s search syntax, such as "is:open label:bug".',
    input: input(
      {
        kind: { type: 'string', title: 'Kind', enum: ['issues', 'repositories', 'code'], default: 'issues' },
        query: text('Query', 'GitHub’s search syntax; add repo:owner/name to stay within one.', 256),
        ...paging,
      },
      ['query'],
    ),
    output: listOf(open({ html_url: { type: 'string' } })),
    sideEffect: 'none',
    run: (context, { kind = 'issues', query, page, per_page }) => {
      const shape = {
        issues: pick('number', 'title', 'state', 'user', 'html_url', 'repository_url'),
        repositories: repository,
        code: pick('name', 'path', 'sha', 'html_url'),
      }[kind as 'issues' | 'repositories' | 'code'];
      return listPage(context, `GET /search/${kind}`, { q: query, page, per_page }, shape);
    },
  },
  {
    slug: 'get_file',
    title: 'Get a file',
    description: 'Reads a text file of up to 1 MB, with the SHA that an update of it needs.',
    input: input({ owner, repo, path, ref }, ['repo', 'path']),
    output: shapes.file,
    sideEffect: 'none',
    run: async (context, given) => {
      const { data } = await ask(context, 'GET /repos/{owner}/{repo}/contents/{+path}', {
        ...repositoryOf(context, given),
        path: safePath(given.path),
        ...(given.ref ? { ref: given.ref } : {}),
      });
      if (Array.isArray(data))
        throw new ServiceError('input', 'This path is a folder. Name a file in it.', { field: 'path' });
      const { content = '', encoding } = data as { content?: string; encoding?: string };
      if (encoding !== 'base64') throw new ServiceError('input', 'This file is larger than 1 MB.', { field: 'path' });
      return {
        ...pick('path', 'sha', 'size', 'html_url')(data),
        text: Buffer.from(content, 'base64').toString('utf8'),
      };
    },
  },
  {
    slug: 'create_or_update_file',
    title: 'Create or update a file',
    description:
      'Commits one text file. To change one that is there, send the SHA that get_file gave: somebody else’s change in between is refused, not overwritten.',
    input: input(
      {
        owner,
        repo,
        path,
        message: text('Commit message', 'What the commit does.', 1_000),
        text: text('Text', 'The whole new content.', 1_000_000),
        branch: text('Branch', 'The default branch when left out.', 255),
        sha: {
          type: 'string',
          title: 'SHA',
          description: 'Of the file that is replaced; left out for a new one.',
          pattern: '^[0-9a-f]{40,64}$',
          'x-pattern-hint': 'be the SHA that get_file gave',
        },
      },
      ['repo', 'path', 'message', 'text'],
    ),
    output: open({ path: { type: 'string' }, sha: { type: 'string' }, commit_url: { type: 'string' } }),
    sideEffect: 'write',
    scopes: [['repo', 'public_repo']],
    run: async (context, { message, text: content, branch, sha, ...given }) => {
      const { data } = await ask(context, 'PUT /repos/{owner}/{repo}/contents/{+path}', {
        ...repositoryOf(context, given),
        path: safePath(given.path),
        message,
        content: Buffer.from(String(content)).toString('base64'),
        ...(branch ? { branch } : {}),
        ...(sha ? { sha } : {}),
      });
      const { content: file, commit } = data as {
        content: { path: string; sha: string };
        commit: { html_url: string };
      };
      return { path: file.path, sha: file.sha, commit_url: commit.html_url };
    },
  },
];

/** Each part is encoded, slashes stay; dots that would climb out are refused. */
function safePath(value: unknown): string {
  const parts = String(value).split('/').filter(Boolean);
  if (!parts.length || parts.some((part) => part === '.' || part === '..'))
    throw new ServiceError('input', 'A path names a file from the repository’s root, without . and ..', {
      field: 'path',
    });
  return parts.map(encodeURIComponent).join('/');
}
