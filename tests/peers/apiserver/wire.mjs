// The network in front of the server: it carries bytes, and can be told to lose them.
import net from 'node:net';

export class Wire {
  #inner;
  #server = net.createServer({ allowHalfOpen: true }, (client) => this.#accept(client));
  #links = new Set();
  #isSilent = false;

  /** @param inner the port where the server itself listens */
  constructor(inner) {
    this.#inner = inner;
  }

  get open() {
    return this.#links.size;
  }

  async listen(port) {
    await new Promise((done, failed) => this.#server.once('error', failed).listen(port, '127.0.0.1', done));
    this.port = this.#server.address().port;
    return this.port;
  }

  /** The listener is closed and every connection reset, until `up`. */
  async down() {
    const closed = new Promise((done) => this.#server.close(done));
    this.reset();
    await closed;
  }

  up() {
    return this.listen(this.port);
  }

  /** New connections are accepted and never answered; those that are open stay as they are. */
  silence(isSilent) {
    this.#isSilent = isSilent;
  }

  /** Nothing passes on the connections that are open, in either direction, and nobody is told. */
  freeze(isFrozen) {
    for (const link of this.#links) {
      link.isFrozen = isFrozen;
      for (const socket of [link.client, link.upstream]) if (isFrozen) socket?.pause();
        else socket?.resume();
    }
  }

  reset() {
    for (const { client, upstream } of this.#links) {
      client.resetAndDestroy?.() ?? client.destroy();
      upstream?.destroy();
    }
  }

  async close() {
    await this.down();
  }

  #accept(client) {
    const link = { client, upstream: null, isFrozen: false };
    this.#links.add(link);
    client.on('error', () => {});
    client.on('close', () => {
      this.#links.delete(link);
      link.upstream?.destroy();
    });
    if (this.#isSilent) {
      client.pause();
      return;
    }
    client.setNoDelay();
    link.upstream = net.connect({ port: this.#inner, host: '127.0.0.1', allowHalfOpen: true });
    link.upstream.setNoDelay();
    link.upstream.on('error', () => client.destroy());
    link.upstream.on('close', () => client.destroySoon());
    carry(link, client, link.upstream);
    carry(link, link.upstream, client);
  }
}

function carry(link, from, to) {
  from.on('data', (bytes) => {
    if (!to.write(bytes)) from.pause();
  });
  to.on('drain', () => link.isFrozen || from.resume());
  from.on('end', () => to.end());
}
