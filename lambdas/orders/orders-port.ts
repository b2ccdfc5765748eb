import type { Scanner } from '../shared/store/scanner.ts';
import type { Key } from '../shared/store/store.ts';
import { parseOrder } from './order-row.ts';

/** An order as it was when it was read. Its status may change later; what was placed never does. */
type ExportedOrder = {
  readonly order_id: string;
  readonly user_id: string;
  readonly amount: number;
  readonly status: string;
  readonly reason?: string | undefined;
  readonly description?: string | undefined;
  readonly created_at: string;
  readonly updated_at: string;
};

interface OrdersRequest {
  /** The orders placed at this time or later, and before `to`. */
  readonly from: string;
  readonly to: string;
  readonly segment: number;
  readonly segments: number;
  readonly after?: Key | undefined;
}

/** Reads one page of the orders that were placed in a range of time. Other contexts export orders by this port. */
export async function scanOrders(scanner: Scanner, { from, to, ...segment }: OrdersRequest) {
  const range = { attribute: 'created_at', from, below: to };
  const { rows, next } = await scanner.scan({ ...segment, range });
  const orders = rows.map((row): ExportedOrder => {
    const { order } = parseOrder(row);
    const { id, user_id, amount, status, description, created_at, updated_at } = order;
    const reason = order.status === 'CANCELLED' ? order.reason : undefined;
    return { order_id: id, user_id, amount, status, reason, description, created_at, updated_at };
  });
  return { records: orders, ...(next ? { next } : {}) };
}
