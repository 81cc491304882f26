import type { JsonSchema } from '../schema/json-schema.ts';

export type Method = 'GET' | 'HEAD' | 'PUT' | 'DELETE' | 'POST' | 'PATCH';

/** How one argument goes into the request (OpenAPI 3.1, “Parameter Object”). */
export interface OperationParameter {
  /** The argument's name in the tool's input. */
  argument: string;
  in: 'path' | 'query' | 'header';
  /** What the service calls it. */
  name: string;
  /** Lists and objects: `explode` repeats the name, `join` puts commas between, `deep` is `name[key]`, `json` is JSON text. */
  style: 'explode' | 'join' | 'deep' | 'json';
}

/** All that is needed to make a request from arguments. */
export interface OperationRequest {
  method: Method;
  /** Below the base URL, with `{name}` where a path parameter goes. */
  path: string;
  parameters: OperationParameter[];
  /** The argument `body` goes into the body in this way. */
  body: 'json' | 'form' | null;
}

/** An operation of a document, ready to become a tool. */
export interface ReadOperation {
  operationId: string | null;
  title: string;
  description: string;
  request: OperationRequest;
  input: JsonSchema;
  output: JsonSchema;
}

export interface OpenApiReading {
  title: string;
  version: string;
  /** Where the document says that the service is. */
  servers: string[];
  operations: ReadOperation[];
  /** What cannot become a tool, with the reason. */
  refused: { method: string; path: string; reason: string }[];
}

export const openApiLimits = {
  bytes: 5 * 1024 * 1024,
  operations: 1_000,
  parameters: 40,
};
