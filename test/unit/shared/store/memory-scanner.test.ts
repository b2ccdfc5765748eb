import { createMemoryScanner } from '../../../support/memory-scanner.ts';
import { createMemoryStore } from '../../../support/memory-store.ts';
import { scannerContract } from '../../../support/scanner-contract.ts';

scannerContract('memory', () => {
  const store = createMemoryStore({ now: Date.now });
  return { store, scanner: createMemoryScanner(store, { pageSize: 7 }) };
});
