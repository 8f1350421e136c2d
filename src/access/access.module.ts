import { Module } from '@nestjs/common';
import { ApiKeys } from './api-keys.service.js';
import { OperatorKeys } from './operator-keys.service.js';

@Module({ providers: [ApiKeys, OperatorKeys], exports: [ApiKeys, OperatorKeys] })
export class AccessModule {}
