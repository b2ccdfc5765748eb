import { MAX_BALANCE } from '../../events/money.ts';
import { AccountOpened } from '../../events/payments/account-opened.ts';
import { assertSameRequest, type RequestIdentity } from '../shared/http/idempotency.ts';
import { toIso } from '../shared/runtime/clock.ts';
import { Rejected } from '../shared/runtime/errors.ts';
import { commit, commitOnce, type UnitOfWork } from '../shared/store/commit.ts';
import { absent, type Row } from '../shared/store/store.ts';
import { accountKey, createBalancesUpdated, parseAccount, putNewAccount, updateAccount } from './account-row.ts';
import { depositKey } from './entry-row.ts';
import { type Account, deposit, openAccount } from './ledger.ts';
import { readStatement, type StatementRequest } from './statement.ts';
import { assignChunk } from './update-programme/enrolment.ts';

/** A request to open an account, in the update programme or outside it. */
type OpenRequest = { readonly user_id: string; readonly programme?: boolean | undefined };
type DepositRequest = { readonly user_id: string; readonly amount: number };

/**
 * Creates the store of accounts, as the API uses it. `isReplay` is true if an earlier request with the same
 * Idempotency-Key had produced the result.
 */
export function accountStore(work: UnitOfWork) {
  const read = async (userId: string) => requireAccount(await work.store.get(accountKey(userId)), userId);
  return {
    read,
    readStatement: async (userId: string, request: StatementRequest) =>
      readStatement(work.store, await read(userId), request),
    open: (request: OpenRequest, identity: RequestIdentity, correlationId: string) =>
      openOnce(work, request, identity, correlationId),
    deposit: (request: DepositRequest, identity: RequestIdentity, correlationId: string) =>
      depositOnce(work, request, identity, correlationId),
  };
}
export type AccountStore = ReturnType<typeof accountStore>;

function requireAccount(row: Row | undefined, userId: string): Account {
  const account = parseAccount(row);
  if (!account) throw new Rejected('account_not_found', `User ${userId} has no account.`, 404);
  return account;
}

async function openOnce(
  work: UnitOfWork,
  { user_id, programme = false }: OpenRequest,
  identity: RequestIdentity,
  correlationId: string,
) {
  const balance = { user_id, balance: 0 };
  const { result, existing } = await commitOnce(work, async (reader) => {
    const time = toIso(work.clock.now());
    const { chunk, writes } = programme ? await assignChunk(reader, user_id) : { chunk: undefined, writes: [] };
    const request = { opened_by: identity.id, body_hash: identity.body_hash };
    const account = putNewAccount(openAccount(user_id, time, chunk), request);
    const cause = { time, correlation_id: correlationId, causation_id: correlationId };
    return {
      writes: [{ ...account, decides: true }, ...writes],
      publish: [{ aggregate: account.row.pk, events: [AccountOpened.make({ user_id, chunk }, cause)] }],
      result: { balance, isReplay: false },
    };
  });
  if (!existing) return result;
  if (existing['opened_by'] !== identity.id)
    throw new Rejected('account_exists', `User ${user_id} has an account already.`);
  assertSameRequest(existing, identity);
  return { balance, isReplay: identity.hasKey };
}

const depositOnce = (
  work: UnitOfWork,
  { user_id, amount }: DepositRequest,
  identity: RequestIdentity,
  correlationId: string,
) =>
  commit(work, async (reader) => {
    const key = depositKey(identity.id);
    const replay = (existing: Row) => {
      assertSameRequest(existing, identity);
      const balance = { user_id, balance: Number(existing['balance_after']) };
      return { writes: [], result: { balance, isReplay: identity.hasKey } };
    };
    const [row, existing] = await reader.getMany([accountKey(user_id), key]);
    if (existing) return replay(existing);
    const before = requireAccount(row, user_id);
    const time = toIso(work.clock.now());
    const posted = deposit(before, amount, identity.id, time);
    if (!posted) {
      // The two rows are not read at the same moment, so the account may contain the deposit of this request already.
      const ownEntry = await reader.get(key);
      if (ownEntry) return replay(ownEntry);
      throw new Rejected(
        'balance_limit',
        `The deposit would raise the balance of user ${user_id} above the maximum of ${MAX_BALANCE}.`,
        422,
      );
    }
    const { account, entry } = posted;
    const cause = { time, correlation_id: correlationId, causation_id: correlationId };
    return {
      writes: [
        updateAccount(before.version, account),
        { op: 'put', row: { ...key, ...entry, body_hash: identity.body_hash }, when: absent },
      ],
      publish: [{ aggregate: key.pk, events: [createBalancesUpdated(account, entry.entry_id, cause)] }],
      result: { balance: { user_id, balance: account.balance }, isReplay: false },
    };
  });
