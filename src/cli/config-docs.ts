import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { defaultValues } from '../config/config.js';
import { renderExample } from '../config/render-example.js';
import { renderReference } from '../config/render-reference.js';

// Run by `npm run docs:config` from the built program, because Node itself does not compile decorators.
const root = resolve(import.meta.dirname, '../..');
writeFileSync(resolve(root, 'config.example.yaml'), renderExample(defaultValues()));
writeFileSync(resolve(root, 'docs/CONFIGURATION.md'), renderReference(defaultValues()));
