import { globSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Returns the files that match, as paths from the root with `/`. */
export const filesOf = (...patterns: string[]): string[] =>
  globSync(patterns, { cwd: root, exclude: (path) => /(^|\/)(node_modules|cdk\.out|dist|\.oncebox)(\/|$)/.test(path) })
    .map((path) => relative(root, join(root, path)).replaceAll('\\', '/'))
    .sort();

export const textOf = (file: string): string => readFileSync(join(root, file), 'utf8');
export const urlOf = (file: string): string => new URL(`../../${file}`, import.meta.url).href;

export interface Import {
  readonly from: string;
  /** A path from the root or the name of a package. */
  readonly to: string;
  readonly typeOnly: boolean;
}

/** `import … from '…'`, `export … from '…'`, `import '…'`, `import('…')`. */
const STATEMENT = /^[ \t]*(import|export)\s+(type\s)?(?:[\w*{}\s,$]*?\sfrom\s+)?['"]([^'"\n]+)['"]/gm;
const DYNAMIC = /(?<!typeof )\bimport\(\s*['"]([^'"\n]+)['"]/g;

export function importsIn(file: string, text: string): Import[] {
  const target = (specifier: string) =>
    specifier.startsWith('.') ? normalize(join(dirname(file), specifier)).replaceAll('\\', '/') : specifier;
  return [
    ...[...text.matchAll(STATEMENT)].map(([, , type, specifier = '']) => ({
      from: file,
      to: target(specifier),
      typeOnly: type !== undefined,
    })),
    ...[...text.matchAll(DYNAMIC)].map(([, specifier = '']) => ({
      from: file,
      to: target(specifier),
      typeOnly: false,
    })),
  ];
}

export const importsOf = (file: string): Import[] => importsIn(file, textOf(file));
