import type { Grant } from './grants.ts';

interface Row {
  readonly function: string;
  readonly resource: string;
  readonly usedBy: 'handler' | 'Lambda';
}

interface PermissionTableProps {
  readonly stage: string;
  readonly grants: readonly Grant[];
  /** The grants that Lambda uses. All others are used by the handlers. */
  readonly forLambda: readonly Grant[];
}

const ALL = 'each function';

const keyOf = ({ function: name, action, resource }: Grant): string => `${name} ${action} ${resource}`;

/** Returns the grants as a Markdown table: what each function may do, on which resource, and who uses it. */
export function permissionTable({ stage, grants, forLambda }: PermissionTableProps): string {
  const functionCount = new Set(grants.map(({ function: name }) => name)).size;
  const lambdaKeys = new Set(forLambda.map(keyOf));
  const rows = grants.map((grant) => ({
    row: toRow(grant, stage, lambdaKeys.has(keyOf(grant)) ? 'Lambda' : 'handler'),
    action: grant.action,
  }));
  // What every function may do on its own log group, for example, is one line and not one for each function.
  const common = [
    ...Map.groupBy(rows, ({ row, action }) => JSON.stringify([action, row.resource, row.usedBy])).values(),
  ]
    .filter(({ length }) => length === functionCount)
    .flat();
  const isCommon = new Set(common);
  const merged = rows.map((entry) =>
    isCommon.has(entry) ? { ...entry, row: { ...entry.row, function: ALL } } : entry,
  );
  const lines = [...Map.groupBy(merged, ({ row }) => JSON.stringify(row)).values()].map((entries) => {
    const actions = [...new Set(entries.map(({ action }) => action))].sort();
    return { ...(entries[0] as (typeof entries)[number]).row, actions };
  });
  return [
    '| function | actions | resource | used by |',
    '| --- | --- | --- | --- |',
    ...lines.toSorted(compareLines).map((line) => {
      const actions = line.actions.map((action) => `\`${action}\``).join(', ');
      return `| ${line.function} | ${actions} | \`${line.resource}\` | ${line.usedBy} |`;
    }),
  ].join('\n');
}

function toRow({ function: name, resource }: Grant, stage: string, usedBy: Row['usedBy']): Row {
  const short = name.replace(`oncebox-${stage}-`, '');
  const named = resource
    .replace(/^arn:aws:[a-z]+:[a-z0-9-]+:\d+:/, '')
    // The name of a bucket contains account and region, because it is unique in the world.
    .replace(/^arn:aws:s3:::(.*)-\d{12}-[a-z0-9-]+\//, '$1-<account>-<region>/')
    // A function's own log group has its name, which is the same for no two functions.
    .replace(name, 'oncebox-<stage>-<function>')
    .replaceAll(new RegExp(`\\boncebox(-|/)${stage}\\b`, 'g'), 'oncebox$1<stage>');
  return { function: short, resource: named, usedBy };
}

function compareLines(a: Row, b: Row): number {
  const keyOfLine = ({ function: name, usedBy, resource }: Row) =>
    [name === ALL ? '' : name, usedBy === 'handler' ? 0 : 1, resource].join(' ');
  return keyOfLine(a) < keyOfLine(b) ? -1 : 1;
}
