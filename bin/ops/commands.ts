import type { Command } from './command.ts';

export type CommandEntry = ReturnType<typeof entry>;

/**
 * Lists a command with what it does, in the imperative, without a full stop. Each command brings its own SDK clients,
 * so only the one that runs is loaded.
 */
const entry = (name: string, summary: string, load: () => Promise<Command | { default: Command }>) => ({
  name,
  summary,
  wordCount: name.split(' ').length,
  load: async (): Promise<Command> => {
    const loaded = await load();
    return 'default' in loaded ? loaded.default : loaded;
  },
});

export const commands: readonly CommandEntry[] = [
  entry('doctor', 'check a whole stage and show a remedy for each problem', () => import('./doctor.ts')),
  entry(
    'seed users',
    'create users with accounts, balances and membership in the update programme',
    () => import('./seed-users.ts'),
  ),
  entry('queues', 'count the messages and dead letters of each queue', () => import('./queues.ts')),
  entry(
    'consumers',
    "show each queue's consumer and its state",
    async () => (await import('./consumers.ts')).consumers,
  ),
  entry('consumers stop', 'stop the consumer of a queue', async () => (await import('./consumers.ts')).consumersStop),
  entry(
    'consumers start',
    'start the consumer of a queue',
    async () => (await import('./consumers.ts')).consumersStart,
  ),
  entry('orders show', 'show one order', () => import('./orders-show.ts')),
  entry('orders workflow', 'show every step, event and delivery of one order', () => import('./orders-workflow.ts')),
  entry(
    'balances count',
    'show the number of users, the number of balances, and the sum of all balances',
    () => import('./balances-count.ts'),
  ),
  entry('balances latest', 'show the latest balance changes', () => import('./balances-latest.ts')),
  entry('balances sync', 'compare the read model with the ledger and repair drift', () => import('./balances-sync.ts')),
  entry('publish', 'publish generated order documents over HTTP or on the event bus', () => import('./publish.ts')),
  entry(
    'cache clear',
    'delete all cached documents, so that each is looked up again',
    () => import('./cache-clear.ts'),
  ),
  entry('dlq list', 'list dead letters with their reasons', () => import('./dlq-list.ts')),
  entry('dlq show', 'show one dead letter in full', () => import('./dlq-show.ts')),
  entry('dlq redrive', 'send dead letters back to their queue', () => import('./dlq-redrive.ts')),
  entry('outbox resend', 'send stored events to the bus again, with the same ids', () => import('./outbox-resend.ts')),
  entry('logs tail', 'show the logs of one function or of all functions', () => import('./logs-tail.ts')),
  entry('chaos show', 'show the settings for injected faults', async () => (await import('./chaos.ts')).chaosShow),
  entry('chaos set', 'change the settings for injected faults', async () => (await import('./chaos.ts')).chaosSet),
];

/** Names with more words come first, so that `consumers stop` is not taken for `consumers`. */
const byWordCount = commands.toSorted((a, b) => b.wordCount - a.wordCount);

/** Returns the command whose name the arguments begin with. */
export const findCommand = (args: readonly string[]): CommandEntry | undefined =>
  byWordCount.find(({ name, wordCount }) => args.slice(0, wordCount).join(' ') === name);
