import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { rolldown, type Plugin } from 'rolldown';

/**
 * Joins the compiled program (`build/`) and the packages it uses into a few files (`dist/`): to find and read 2 300 files takes as
 * long as everything else that a start does. Nothing is minified: stack traces stay readable.
 */
const ROOT = join(import.meta.dirname, '..');

const ENTRIES = {
  'cli/run': 'build/cli/run.js',
  'cli/migrate': 'build/cli/migrate.js',
  'cli/config-docs': 'build/cli/config-docs.js',
  'common/young-generation': 'build/common/young-generation.js',
  // The program looks for it beside the file that it is in itself.
  'tokenizer.worker': 'build/protocols/shared/token-count/tokenizer.worker.js',
};

/** Native, or with WebAssembly in a file of its own. */
const NOT_JAVASCRIPT = ['better-sqlite3', 'tiktoken'];

/** Drivers and plugins that a library would use if they were installed: it looks for them itself, and does without. */
const optionalPackages: Plugin = {
  name: 'optional-packages',
  async resolveId(source, importer, { kind }) {
    if (!importer?.includes('node_modules') || source.startsWith('.')) return null;
    const found = await this.resolve(source, importer, { skipSelf: true, kind });
    return found ?? { id: source, external: true };
  },
};

/**
 * `@nestjs/typeorm` looks for what older releases of TypeORM had by a `require` of its own making, which Rolldown does not see: it would
 * load the whole package once more.
 */
const oneTypeOrm: Plugin = {
  name: 'one-typeorm',
  transform(code, id) {
    if (!id.endsWith('@nestjs/typeorm/dist/common/typeorm-compat.js')) return null;
    const plain = code.replace('const require = createRequire(import.meta.url);', '');
    if (plain === code) throw new Error(`${id} has changed: look whether TypeORM is still loaded twice`);
    return { code: plain, map: null };
  },
};

/** V8 keeps the source of a file, and Node gives it two bytes for every character if a single one is not ASCII: 8 MB in all. */
const asciiSource: Plugin = {
  name: 'ascii-source',
  generateBundle(_, files) {
    for (const file of Object.values(files)) if (file.type === 'chunk') file.code = file.code.replace(/[^\u0000-\u007f]/g, escaped);
  },
};
const escaped = (unit: string): string => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;

const bundle = await rolldown({
  cwd: ROOT,
  platform: 'node',
  input: ENTRIES,
  external: NOT_JAVASCRIPT,
  plugins: [optionalPackages, oneTypeOrm, asciiSource],
});
await bundle.write({
  dir: 'dist',
  cleanDir: true,
  format: 'esm',
  sourcemap: true,
  sourcemapExcludeSources: true,
  comments: { annotation: false, jsdoc: false, legal: true },
  chunkFileNames: '[name]-[hash].js',
  // As the imports ask for it, whatever file a module comes to stand in: decorators need `reflect-metadata` first.
  strictExecutionOrder: true,
});
await bundle.close();
// Not joined with the rest: it must run where the rest does not even parse, and turns on the compile cache before the rest is read.
copyFileSync(join(ROOT, 'build/main.js'), join(ROOT, 'dist/main.js'));
