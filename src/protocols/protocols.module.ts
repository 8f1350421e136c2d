import { Module } from '@nestjs/common';
import { APP_FILTER } from '@nestjs/core';
import { ChatCompletionsModule } from './chat-completions/chat-completions.module.js';
import { chatCompletionsDialect } from './chat-completions/dialect.js';
import { DialectErrorsFilter } from './dialect-errors.filter.js';
import { messagesDialect } from './messages/dialect.js';
import { MessagesModule } from './messages/messages.module.js';
import { responsesDialect } from './responses/dialect.js';
import { ResponsesModule } from './responses/responses.module.js';
import { DIALECTS, type Dialect } from './shared/dialect.js';

/** Whoever adds a dialect adds its folder, and its module and description here. */
const dialects: readonly Dialect[] = [responsesDialect, chatCompletionsDialect, messagesDialect];

/** The dialects. */
@Module({
  imports: [ResponsesModule, ChatCompletionsModule, MessagesModule],
  providers: [
    { provide: DIALECTS, useValue: dialects },
    { provide: APP_FILTER, useClass: DialectErrorsFilter },
  ],
})
export class ProtocolsModule {}
