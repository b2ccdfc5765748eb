import { createServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import { assertFree, freePort, isFree, listeningInodes, portOwner } from '../../../localstack/ports.ts';

const table = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4711 1 0 100 0 0 10 0
   1: 0100007F:1F90 0100007F:C350 01 00000000:00000000 00:00000000 00000000     0        0 4712 1 0 20 4 30 10 -1
   2: 0100007F:1F91 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4713 1 0 100 0 0 10 0
`;

describe('a taken port', () => {
  it('is found among listening sockets, not among connections', () => {
    expect(listeningInodes(table, 8080)).toEqual(['4711']);
    expect(listeningInodes('', 8080)).toEqual([]);
  });

  it('is said with the process that has it and the setting that chooses another', async () => {
    const port = await freePort();
    expect(await isFree(port)).toBe(true);
    const server = createServer();
    await new Promise<void>((done) => server.listen(port, '127.0.0.1', done));
    try {
      expect(await isFree(port)).toBe(false);
      expect((await portOwner(port))?.pid).toBe(process.pid);
      await expect(assertFree(port, 'ONCEBOX_PORT')).rejects.toMatchObject({
        message: expect.stringContaining(`pid ${process.pid}`),
        remedy: expect.stringContaining('ONCEBOX_PORT='),
      });
    } finally {
      await new Promise((done) => server.close(done));
    }
  });
});
