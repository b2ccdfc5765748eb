import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { WebhookReceiver } from './webhook-receiver.ts';

/** A receiver of webhooks as an HTTP server on this host. */
export class WebhookServer extends WebhookReceiver {
  /** Decides for each request, before it is received, whether it gets no response or another status. */
  fault: (request: number) => number | 'hangs' | undefined = () => undefined;
  #requests = 0;
  readonly #server: Server = createServer(async (request, response) => {
    const body = await text(request);
    const fault = this.fault(this.#requests++);
    if (fault === 'hangs') return;
    const { headers } = request;
    response.writeHead(fault ?? this.receive({ headers, body, receivedMs: Date.now() })).end();
  });

  get requests(): number {
    return this.#requests;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/webhooks`;
  }

  async start(): Promise<this> {
    await new Promise<void>((resolve) => void this.#server.listen(0, '127.0.0.1', resolve));
    return this;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
