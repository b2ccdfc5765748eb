import { type Command, writeOptions } from './command.ts';

/** A command either only reads a stage, or may change it. One that may change a stage on AWS asks before it starts. */
export type Effect = 'reads' | 'writes';

export type CommandEntry = ReturnType<typeof entry>;
type Load = () => Promise<{ default: Command }>;

/**
 * Lists a command with what it does, in the imperative, without a full stop. Each command brings its own SDK clients,
 * so only the one that runs is loaded.
 */
const entry = (effect: Effect, name: string, summary: string, load: Load) => ({
  effect,
  name,
  summary,
  wordCount: name.split(' ').length,
  load: async (): Promise<Command> => {
    const { default: command } = await load();
    return effect === 'writes' ? { ...command, options: { ...command.options, ...writeOptions } } : command;
  },
});

const reads = (name: string, summary: string, load: Load) => entry('reads', name, summary, load);
const writes = (name: string, summary: string, load: Load) => entry('writes', name, summary, load);

export const commands: readonly CommandEntry[] = [
  reads('doctor', 'check a whole stage and show a remedy for each problem', () => import('./doctor.ts')),
  writes(
    'seed users',
    'create users with accounts, balances and membership in the update programme',
    () => import('./seed-users.ts'),
  ),
  reads('queues', 'count the messages and dead letters of each queue', () => import('./queues.ts')),
  reads('consumers', "show each queue's consumer and its state", () => import('./consumers.ts')),
  writes('consumers stop', 'stop the consumer of a queue', () => import('./consumers-stop.ts')),
  writes('consumers start', 'start the consumer of a queue', () => import('./consumers-start.ts')),
  reads('orders show', 'show one order', () => import('./orders-show.ts')),
  reads('orders workflow', 'show every step, event and delivery of one order', () => import('./orders-workflow.ts')),
  reads('rules show', 'show the valid price rules, or an earlier version', () => import('./rules-show.ts')),
  reads('rules history', 'list the versions of the price rules', () => import('./rules-history.ts')),
  reads('rules try', 'compare the prices of a cart by other rules with those of now', () => import('./rules-try.ts')),
  writes('rules set', 'replace the price rules by those of a file', () => import('./rules-set.ts')),
  writes(
    'rules rollback',
    'make an earlier version of the price rules valid again',
    () => import('./rules-rollback.ts'),
  ),
  reads(
    'balances count',
    'show the number of users, the number of balances, and the sum of all balances',
    () => import('./balances-count.ts'),
  ),
  reads('balances latest', 'show the latest balance changes', () => import('./balances-latest.ts')),
  writes(
    'balances sync',
    'compare the read model with the ledger and repair drift',
    () => import('./balances-sync.ts'),
  ),
  writes(
    'reports create',
    'request a report of orders, of the ledger or of balances',
    () => import('./reports-create.ts'),
  ),
  writes(
    'reports export',
    'request the daily exports of past days that are missing or have failed',
    () => import('./reports-export.ts'),
  ),
  reads('reports show', 'show the progress and the sums of one report', () => import('./reports-show.ts')),
  reads('reports list', 'list the latest reports', () => import('./reports-list.ts')),
  reads('reports download', 'download the file of a finished report', () => import('./reports-download.ts')),
  writes('publish', 'publish generated order documents over HTTP or on the event bus', () => import('./publish.ts')),
  writes(
    'cache clear',
    'delete all cached documents and products, so that each is read from its source again',
    () => import('./cache-clear.ts'),
  ),
  reads('dlq list', 'list dead letters with their reasons', () => import('./dlq-list.ts')),
  reads('dlq show', 'show one dead letter in full', () => import('./dlq-show.ts')),
  writes('dlq redrive', 'send dead letters back to their queue', () => import('./dlq-redrive.ts')),
  writes('outbox resend', 'send stored events to the bus again, with the same ids', () => import('./outbox-resend.ts')),
  reads('webhooks list', 'show all webhooks and their state', () => import('./webhooks-list.ts')),
  reads('webhooks secret', 'show the valid secrets of a webhook', () => import('./webhooks-secret.ts')),
  writes('webhooks test', 'send a test event to a webhook and show the response', () => import('./webhooks-test.ts')),
  writes('webhooks replay', 'send stored order events to a webhook again', () => import('./webhooks-replay.ts')),
  writes('webhooks enable', 'send events to a disabled webhook again', () => import('./webhooks-enable.ts')),
  reads('logs tail', 'show the logs of one function or of all functions', () => import('./logs-tail.ts')),
  reads('chaos show', 'show the settings for injected faults', () => import('./chaos-show.ts')),
  writes('chaos set', 'change the settings for injected faults', () => import('./chaos-set.ts')),
];

/** Names with more words come first, so that `consumers stop` is not taken for `consumers`. */
const byWordCount = commands.toSorted((a, b) => b.wordCount - a.wordCount);

/** Returns the command whose name the arguments begin with. */
export const findCommand = (args: readonly string[]): CommandEntry | undefined =>
  byWordCount.find(({ name, wordCount }) => args.slice(0, wordCount).join(' ') === name);
