import { createServer } from 'node:http';

// The upstream of the gateways: it answers as a model server would, as quickly as Node can.

const answer = JSON.stringify({
  id: 'chatcmpl-bench',
  object: 'chat.completion',
  created: 1,
  model: 'gpt-4o-mini-2024-07-18',
  choices: [{ index: 0, message: { role: 'assistant', content: 'Four words of answer.' }, finish_reason: 'stop' }],
  usage: { prompt_tokens: 12, completion_tokens: 5, total_tokens: 17 },
});
const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(answer) };

createServer((request, response) => {
  request.resume().once('end', () => response.writeHead(200, headers).end(answer));
}).listen(Number(process.env.PORT), '127.0.0.1', () => console.log('"ready"'));
process.on('SIGTERM', () => process.exit(0));
