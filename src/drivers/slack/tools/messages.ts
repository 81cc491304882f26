import { ServiceError, type Tool } from '../../driver.ts';
import { withSlack } from '../client.ts';
import { channel, channelOf, input, open, pick, posted, text, ts } from './shapes.ts';

const write = [['chat:write']];

export const messageTools: Tool[] = [
  {
    slug: 'post_message',
    title: 'Post a message',
    description: 'Posts a message to a channel that the app is in, or to a person by a direct-message channel.',
    input: input({ channel, text }, ['text']),
    output: posted,
    sideEffect: 'write',
    adds: true,
    scopes: write,
    run: async (context, given) => {
      const to = channelOf(context, given);
      const answer = await withSlack(context, (slack) =>
        slack.chat.postMessage({ channel: to, text: String(given.text) }),
      );
      return pick(answer, 'channel', 'ts');
    },
  },
  {
    slug: 'reply_in_thread',
    title: 'Reply in a thread',
    description: 'Answers a message in its thread; with broadcast also in the channel.',
    input: input(
      {
        channel,
        thread_ts: { ...ts, title: 'First message' },
        text,
        broadcast: { type: 'boolean', title: 'Show in the channel as well', default: false },
      },
      ['thread_ts', 'text'],
    ),
    output: posted,
    sideEffect: 'write',
    adds: true,
    scopes: write,
    run: async (context, given) => {
      const reply = {
        channel: channelOf(context, given),
        text: String(given.text),
        thread_ts: String(given.thread_ts),
      };
      const answer = await withSlack(context, (slack) =>
        slack.chat.postMessage(given.broadcast === true ? { ...reply, reply_broadcast: true } : reply),
      );
      return pick(answer, 'channel', 'ts');
    },
  },
  {
    slug: 'update_message',
    title: 'Change a message',
    description: 'Replaces the text of a message that the app posted.',
    input: input({ channel, ts, text }, ['ts', 'text']),
    output: posted,
    sideEffect: 'idempotent',
    scopes: write,
    run: async (context, given) => {
      const change = { channel: channelOf(context, given), ts: String(given.ts), text: String(given.text) };
      return pick(await withSlack(context, (slack) => slack.chat.update(change)), 'channel', 'ts');
    },
  },
  {
    slug: 'delete_message',
    title: 'Delete a message',
    description: 'Deletes a message that the app posted. It cannot be brought back.',
    input: input({ channel, ts }, ['ts']),
    output: posted,
    sideEffect: 'write',
    scopes: write,
    run: async (context, given) => {
      const message = { channel: channelOf(context, given), ts: String(given.ts) };
      return pick(await withSlack(context, (slack) => slack.chat.delete(message)), 'channel', 'ts');
    },
  },
  {
    slug: 'upload_file',
    title: 'Upload a file',
    description: 'Uploads a text, or a file as base64, of up to 5 MB, and shares it in a channel.',
    input: input(
      {
        channel,
        filename: { type: 'string', title: 'File name', minLength: 1, maxLength: 255 },
        title: { type: 'string', title: 'Title', maxLength: 255 },
        text: {
          type: 'string',
          title: 'Text',
          description: 'The content, when it is text.',
          maxLength: 1_000_000,
          'x-multiline': true,
        },
        base64: {
          type: 'string',
          title: 'Base64',
          description: 'The content, when it is not text.',
          maxLength: 7_000_000,
        },
        comment: { type: 'string', title: 'Comment', description: 'Posted with the file.', maxLength: 4_000 },
      },
      ['filename'],
    ),
    output: open({ id: { type: 'string' }, permalink: { type: ['string', 'null'] } as never }),
    sideEffect: 'write',
    adds: true,
    scopes: [['files:write']],
    run: async (context, given) => {
      const to = channelOf(context, given);
      const file = contentOf(given);
      const upload = {
        channel_id: to,
        file,
        filename: String(given.filename),
        ...(given.title ? { title: String(given.title) } : {}),
        ...(given.comment ? { initial_comment: String(given.comment) } : {}),
      };
      const answer = await withSlack(context, (slack) => slack.files.uploadV2(upload as never));
      const [first] = (answer as unknown as { files?: { files?: object[] }[] }).files?.[0]?.files ?? [];
      return pick(first, 'id', 'permalink');
    },
  },
];

function contentOf({ text: plain, base64 }: Record<string, unknown>): Buffer {
  if ((plain === undefined) === (base64 === undefined))
    throw new ServiceError('input', 'Give the content either as text or as base64.', { field: 'text' });
  return plain === undefined ? Buffer.from(String(base64), 'base64') : Buffer.from(String(plain));
}
