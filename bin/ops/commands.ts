import type { Command } from './command.ts';

export interface Listed {
  readonly name: string;
  readonly summary: string;
  /** How many words of the command line are its name. */
  readonly words: number;
  /** Loaded when it is called: each brings its own SDK clients. */
  load(): Promise<Command>;
}

const list = (name: string, summary: string, load: () => Promise<{ default: Command }>): Listed => ({
  name,
  summary,
  words: name.split(' ').length,
  load: async () => (await load()).default,
});

/** In the order of the help. */
export const commands: readonly Listed[] = [
  list('doctor', 'check the whole stage, one thing after the other', () => import('./doctor.ts')),
  list(
    'seed users',
    'made-up users with accounts, balances and a place in the update programme',
    () => import('./seed-users.ts'),
  ),
  list('queues', 'what waits, is in flight, delayed or dead in each queue', () => import('./queues.ts')),
  list('consumers', 'who works on each queue, and whether', () => import('./consumers.ts')),
  list('consumers stop', 'let a queue wait', () => import('./consumers-stop.ts')),
  list('consumers start', 'have it worked on again', () => import('./consumers-start.ts')),
  list('orders show', 'one order', () => import('./orders-show.ts')),
  list('orders workflow', 'every step, event and receipt of one order', () => import('./orders-workflow.ts')),
  list('balances count', 'how many users and balances, and their sum', () => import('./balances-count.ts')),
  list('balances latest', 'the latest changes of balances', () => import('./balances-latest.ts')),
  list('balances sync', 'the read model against the ledger, and put right', () => import('./balances-sync.ts')),
  list('publish', 'made-up order documents, by HTTP or straight onto the bus', () => import('./publish.ts')),
  list('cache clear', 'have every document looked up anew', () => import('./cache-clear.ts')),
  list('dlq list', 'dead messages with their reasons', () => import('./dlq-list.ts')),
  list('dlq show', 'one dead message, whole', () => import('./dlq-show.ts')),
  list('dlq redrive', 'dead messages back to their queue', () => import('./dlq-redrive.ts')),
  list('outbox resend', 'stored events to the bus again, under the same ids', () => import('./outbox-resend.ts')),
  list('logs tail', 'the logs of one function or all, as they come', () => import('./logs-tail.ts')),
  list('chaos show', 'the faults made on purpose', () => import('./chaos-show.ts')),
  list('chaos set', 'change them', () => import('./chaos-set.ts')),
];

/** `consumers stop` is no `consumers`. */
const longestFirst = commands.toSorted((one, other) => other.words - one.words);

/** The command that the line begins with. */
export const findCommand = (args: readonly string[]): Listed | undefined =>
  longestFirst.find(({ name, words }) => args.slice(0, words).join(' ') === name);
