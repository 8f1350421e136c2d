import { Injectable } from '@nestjs/common';
import type { PoolAccount } from '../accounts/pool/pool-account.js';
import type { Cancellation } from '../common/cancellation.js';
import { Config } from '../config/config.js';
import { UpstreamClient } from '../upstream/upstream.client.js';
import { UpstreamHeaders } from '../upstream/upstream-headers.js';
import { OfferedList, readList } from './offered-list.js';

const CALL_TIMEOUT_MS = 5_000;
const MAX_BYTES = 8 * 1024 * 1024;

/** The backend's models endpoint: what one account is offered. */
@Injectable()
export class CatalogueClient {
  readonly #url: URL;

  constructor(
    config: Config,
    private readonly client: UpstreamClient,
    private readonly headers: UpstreamHeaders,
  ) {
    this.#url = new URL(`${config.baseUrl}/models?client_version=${encodeURIComponent(config.upstreamClientVersion)}`);
  }

  /** `known` itself where nothing has changed. Rejects with an `Error` when the backend does not tell. */
  async ask(account: PoolAccount, known: OfferedList | undefined, signal: Cancellation): Promise<OfferedList> {
    const headers = this.headers.forAccount(account);
    if (known?.etag) headers['if-none-match'] = known.etag;
    const answer = await this.client.open({ url: this.#url, method: 'GET', headers, signal, totalTimeoutMs: CALL_TIMEOUT_MS });
    const list = readList(await answer.body.text(MAX_BYTES), (answer.headers['etag'] ?? '').slice(0, 256));
    if (answer.status === 304 && known) return known;
    if (answer.status !== 200 || !list) throw new Error(`the models endpoint answered HTTP ${answer.status}`);
    return list;
  }
}
