import { Module } from '@nestjs/common';
import { APP_FILTER } from '@nestjs/core';
import { chatCompletionsDialect } from './chat-completions/dialect.js';
import { DialectErrorsFilter } from './dialect-errors.filter.js';
import { messagesDialect } from './messages/dialect.js';
import { responsesDialect } from './responses/dialect.js';
import { ResponsesModule } from './responses/responses.module.js';
import { DIALECTS, type Dialect } from './shared/dialect.js';

/** Whoever adds a dialect adds its folder, and its module and description here. */
const dialects: readonly Dialect[] = [responsesDialect, chatCompletionsDialect, messagesDialect];

/** The dialects. */
@Module({
  imports: [ResponsesModule],
  providers: [
    { provide: DIALECTS, useValue: dialects },
    { provide: APP_FILTER, useClass: DialectErrorsFilter },
  ],
})
export class ProtocolsModule {}
