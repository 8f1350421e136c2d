import { Module } from '@nestjs/common';
import { ConnectionKeepalive } from './connection-keepalive.js';
import { DispatcherFactory } from './dispatcher.factory.js';
import { UnansweredCalls } from './unanswered-calls.js';
import { UpstreamClient } from './upstream.client.js';
import { UpstreamHeaders } from './upstream-headers.js';

@Module({
  providers: [DispatcherFactory, UnansweredCalls, UpstreamClient, ConnectionKeepalive, UpstreamHeaders],
  exports: [UnansweredCalls, UpstreamClient, UpstreamHeaders],
})
export class UpstreamModule {}
