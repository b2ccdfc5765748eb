import { globSync } from 'node:fs';
import { join, sep } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { EventDefinition } from '../../events/envelope.ts';

export const root = fileURLToPath(new URL('../..', import.meta.url));

export interface DeclaredEvent {
  /** The name of the export. */
  readonly name: string;
  readonly file: string;
  readonly event: EventDefinition;
}

/** Returns the events that `events/` declares, in the order of their files. */
export async function findDeclaredEvents(): Promise<DeclaredEvent[]> {
  const files = globSync('events/*/*.ts', { cwd: root }).map((file) => file.replaceAll(sep, '/'));
  const declared = await Promise.all(
    files.sort().map(async (file) => {
      const module = (await import(pathToFileURL(join(root, file)).href)) as Record<string, unknown>;
      return Object.entries(module).flatMap(([name, event]) => (isEvent(event) ? [{ name, file, event }] : []));
    }),
  );
  return declared.flat();
}

const isEvent = (value: unknown): value is EventDefinition =>
  typeof value === 'object' && value !== null && 'make' in value && 'pattern' in value && 'schema' in value;

export const kebabCase = (name: string): string => name.replaceAll(/(?<!^)([A-Z])/g, '-$1').toLowerCase();
