import { createServer } from 'node:net';
import { describe, expect, test } from 'vitest';
import { assertFree, findPortOwner, freePort, isFree, listeningInodes } from '../../../localstack/ports.ts';

const table = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4711 1 0 100 0 0 10 0
   1: 0100007F:1F90 0100007F:C350 01 00000000:00000000 00:00000000 00000000     0        0 4712 1 0 20 4 30 10 -1
   2: 0100007F:1F91 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4713 1 0 100 0 0 10 0
`;

describe('a port in use', () => {
  test('is found among the listening sockets and not among the connections', () => {
    expect(listeningInodes(table, 8080)).toEqual(['4711']);
    expect(listeningInodes('', 8080)).toEqual([]);
  });

  test('is reported with the process that uses it and the setting that chooses another port', async () => {
    const port = await freePort();
    expect(await isFree(port)).toBe(true);
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
    try {
      expect(await isFree(port)).toBe(false);
      expect((await findPortOwner(port))?.pid).toBe(process.pid);
      await expect(assertFree(port, 'ONCEBOX_PORT')).rejects.toMatchObject({
        message: expect.stringContaining(`pid ${process.pid}`),
        remedy: expect.stringContaining('ONCEBOX_PORT='),
      });
    } finally {
      await new Promise((resolve) => server.close(resolve));
    }
  });
});
