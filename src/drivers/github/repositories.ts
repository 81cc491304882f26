import type { ExecutionContext, RepositoryRecord } from '../driver.ts';
import { ask, hasNext } from './client.ts';

const maxPages = 100;

interface Repository {
  id: number;
  full_name: string;
  description: string | null;
  default_branch: string | null;
  private: boolean;
  archived?: boolean;
  html_url: string;
}

/** https://docs.github.com/en/rest/repos/repos#list-repositories-for-the-authenticated-user */
export async function* listRepositories(context: ExecutionContext): AsyncGenerator<RepositoryRecord[]> {
  for (let page = 1; page <= maxPages; page++) {
    const answer = await ask(context, 'GET /user/repos', { per_page: 100, page, sort: 'full_name' });
    yield (answer.data as Repository[]).map((each) => ({
      externalId: String(each.id),
      fullName: each.full_name,
      description: each.description,
      defaultBranch: each.default_branch,
      private: each.private,
      archived: each.archived ?? false,
      url: each.html_url,
    }));
    if (!hasNext(answer)) return;
  }
}
