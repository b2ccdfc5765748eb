/** `npm run permissions` writes the table of all grants into docs/security.md. A test fails if it is outdated. */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { App } from 'aws-cdk-lib';
import cdkJson from '../cdk.json' with { type: 'json' };
import { configOf } from '../lib/config.ts';
import { Platform } from '../lib/platform.ts';
import { grantsForLambda, grantsIn } from '../tools/grants.ts';
import { permissionTable } from '../tools/permission-table.ts';
import type { Template } from '../tools/template-values.ts';

/** A stage on AWS with faults, so that its templates contain every grant of any stage. */
export const DOCUMENTED_STAGE = 'dev';

const FILE = fileURLToPath(new URL('../docs/security.md', import.meta.url));
const TABLE = /(?<=<!-- The table is written by `npm run permissions`\. -->\n\n)\|[\s\S]*?\|\n(?=\n|$)/;

/** Returns the document with the table of these templates in place of its own. */
export function withTable(document: string, templates: readonly Template[]): string {
  if (!TABLE.test(document)) throw new Error(`${FILE} has no table of permissions.`);
  const grants = grantsIn(templates);
  const table = permissionTable({ stage: DOCUMENTED_STAGE, grants, forLambda: grantsForLambda(templates) });
  return document.replace(TABLE, () => `${table}\n`);
}

function synthesize(): Template[] {
  const app = new App({ context: cdkJson.context, analyticsReporting: false });
  // The stage is not deployed, so its queues need no limit. The limit does not change any grant.
  new Platform(app, configOf(DOCUMENTED_STAGE, { ownAccount: 'on' }));
  return app.synth().stacks.map(({ template }) => template as Template);
}

if (import.meta.main) writeFileSync(FILE, withTable(readFileSync(FILE, 'utf8'), synthesize()));
