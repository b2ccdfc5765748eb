import { readFile } from 'node:fs/promises';
import { UserError } from '../../tools/user-error.ts';

/** Reads a file that holds one JSON object. */
export async function readJsonObject(path: string): Promise<Record<string, unknown>> {
  const text = await readFile(path, 'utf8').catch((error: Error) => {
    throw new UserError(`The file ${path} cannot be read: ${error.message}`, 'Check the path.');
  });
  const value = parse(path, text);
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new UserError(`The file ${path} holds no JSON object.`, 'Correct the file.');
  return value as Record<string, unknown>;
}

function parse(path: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new UserError(`The file ${path} is not JSON: ${(error as Error).message}`, 'Correct the file.');
  }
}
