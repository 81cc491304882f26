import { Server } from 'node:net';

// Portkey's gateway on loopback: by itself it listens on every address.

const listen = Server.prototype.listen;
Server.prototype.listen = function onLoopback(this: Server) {
  this.once('listening', () => console.log('"ready"'));
  return listen.call(this, { port: Number(process.env.PORT), host: '127.0.0.1' });
};
process.argv.push(`--port=${process.env.PORT}`, '--headless');
// @ts-expect-error: a bundle without types
await import('@portkey-ai/gateway/build/start-server.js');
process.on('SIGTERM', () => process.exit(0));
