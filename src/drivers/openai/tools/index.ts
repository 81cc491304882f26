import type { Tool } from '../../driver.ts';
import { checkConnection, listModels } from './account.ts';
import { complete, completeWithTools } from './chat.ts';
import { createEmbedding } from './embedding.ts';

export const tools: Tool[] = [complete, completeWithTools, createEmbedding, listModels, checkConnection];
