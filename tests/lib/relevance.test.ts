import { describe, expect, it } from 'vitest';
import { mostRelevant } from '../../src/lib/relevance.ts';

const tools = {
  create_issue: 'Opens an issue in a repository.',
  list_issues: 'The issues of a repository, newest first.',
  comment_on_issue: 'Adds a comment to an issue.',
  get_repository: 'One repository by its name.',
  send_message: 'Sends a message to a channel.',
  update_user: 'Changes the profile of a person.',
  delete_file: 'Removes a file for good.',
  search_code: 'Finds code by its words.',
};
const weighed = Object.entries(tools).map(([item, text]) => ({
  item,
  texts: [
    { text: item, weight: 3 },
    { text, weight: 1 },
  ],
}));

describe('mostRelevant', () => {
  it.each([
    ['open a ticket about the outage', 'create_issue'],
    ['creating issues', 'create_issue'],
    ['Which tickets are there? Please list all', 'list_issues'],
    ['reply to a bug', 'comment_on_issue'],
    ['show me the repo', 'get_repository'],
    ['chat with somebody: send it', 'send_message'],
    ['edit account', 'update_user'],
    ['erase the attachments', 'delete_file'],
    ['look for code', 'search_code'],
    ['déléte_File', 'delete_file'],
  ])('%s', (sentence, best) => {
    expect(mostRelevant(weighed, sentence)[0]).toBe(best);
  });

  it('leaves out what has nothing to do with it, and all when nothing does', () => {
    expect(mostRelevant(weighed, 'delete file')).toEqual(['delete_file']);
    expect(mostRelevant(weighed, 'quantum')).toEqual([]);
    expect(mostRelevant([], 'file')).toEqual([]);
    expect(mostRelevant(weighed, ' the of ')).toEqual(Object.keys(tools));
  });
});
