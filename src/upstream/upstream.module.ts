import { Module } from '@nestjs/common';
import { ConnectionKeepalive } from './connection-keepalive.js';
import { DispatcherFactory } from './dispatcher.factory.js';
import { UpstreamClient } from './upstream.client.js';
import { UpstreamHeaders } from './upstream-headers.js';

@Module({
  providers: [DispatcherFactory, UpstreamClient, ConnectionKeepalive, UpstreamHeaders],
  exports: [UpstreamClient, UpstreamHeaders],
})
export class UpstreamModule {}
