import { Module } from '@nestjs/common';
import { FrontPageController } from './front-page.controller.js';

@Module({ controllers: [FrontPageController] })
export class ConsoleModule {}
