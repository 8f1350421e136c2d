import { Module } from '@nestjs/common';
import { APP_FILTER } from '@nestjs/core';
import { DialectErrorsFilter } from './dialect-errors.filter.js';
import { ResponsesModule } from './responses/responses.module.js';
import { UnsupportedRoutesController } from './unsupported-routes.controller.js';

/** The dialects. */
@Module({
  imports: [ResponsesModule],
  controllers: [UnsupportedRoutesController],
  providers: [{ provide: APP_FILTER, useClass: DialectErrorsFilter }],
})
export class ProtocolsModule {}
