import { Module } from '@nestjs/common';
import { ApiKeys } from './api-keys.service.js';

@Module({ providers: [ApiKeys], exports: [ApiKeys] })
export class AccessModule {}
