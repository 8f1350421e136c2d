import { Injectable } from '@nestjs/common';
import { Clock } from '../common/clock.js';
import { Config } from '../config/config.js';
import { textOf } from '../upstream/body-text.js';
import { UpstreamHeaders } from '../upstream/upstream-headers.js';
import { UpstreamClient } from '../upstream/upstream.client.js';
import type { UpstreamResponse } from '../upstream/upstream-types.js';
import { classifyCutTokenAnswer, classifyTokenAnswer, classifyTokenFailure, TokenOutcome } from './token-answer.js';

/** The public client of the vendor's own tools; it has no secret. */
const CLIENT_ID = 'app_EMoamEEZ73f0CkXaXp7hrann';
/** Token answers are a few kilobytes of JWT. */
const MAX_BODY_BYTES = 256 * 1024;

/** The OAuth token endpoint (`oauth-token-url`). */
@Injectable()
export class TokenClient {
  constructor(
    private readonly config: Config,
    private readonly upstream: UpstreamClient,
    private readonly headers: UpstreamHeaders,
    private readonly clock: Clock,
  ) {}

  /**
   * Spends a refresh token: one POST, never repeated here, since the vendor may have rotated the token without our learning of
   * it. The body names no scope, as the vendor's own client does. Never rejects.
   */
  async renew(refreshToken: string): Promise<TokenOutcome> {
    try {
      const response = await this.upstream.open({
        url: new URL(this.config.oauthTokenUrl),
        method: 'POST',
        headers: this.headers.forToken(),
        body: JSON.stringify({ client_id: CLIENT_ID, grant_type: 'refresh_token', refresh_token: refreshToken }),
        totalTimeoutMs: this.config.refreshSingleTimeoutSec * 1000,
      });
      return await this.#read(response);
    } catch (error) {
      return classifyTokenFailure(error);
    }
  }

  async #read({ status, headers, body }: UpstreamResponse): Promise<TokenOutcome> {
    const pieces: Buffer[] = [];
    try {
      return classifyTokenAnswer({ status, headers, body: await textOf(body, MAX_BODY_BYTES, pieces) }, this.clock.now());
    } catch (error) {
      return classifyCutTokenAnswer({ status, headers, body: Buffer.concat(pieces).toString() }, error);
    }
  }
}
