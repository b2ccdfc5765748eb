import { vi } from 'vitest';
import { logger } from '../../lambdas/shared/runtime/observability.ts';

/** Returns the lines that handlers log while the work runs, as CloudWatch would receive them. */
export async function captureLogs(work: () => Promise<unknown>): Promise<string[]> {
  const lines: string[] = [];
  const capture = (text: string | Uint8Array): boolean => {
    lines.push(String(text));
    return true;
  };
  const level = logger.getLevelName();
  const spies = [process.stdout, process.stderr].map((stream) => vi.spyOn(stream, 'write').mockImplementation(capture));
  logger.setLogLevel('DEBUG');
  try {
    await work();
  } finally {
    logger.setLogLevel(level);
    for (const spy of spies) spy.mockRestore();
  }
  return lines;
}
