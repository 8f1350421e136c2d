import { Flag, Text, TextList } from '../key.decorators.js';

const NO_REWRITING = 'prompts are forwarded as the client wrote them; the prompt cache is served by keeping a session on its account';
const NO_DISGUISE = 'usage is reported as the backend counts it, and no client is imitated';

/** Keys of other gateways that would change what is said or who seems to say it. They are known so that they can be refused by name. */
export class RewritingKeys {
  static readonly title = 'Refused';

  @Flag('prompt-cache-optimize-enabled', { about: 'Rewrite prompts for the cache.', refused: NO_REWRITING })
  promptCacheOptimizeEnabled = false;

  @Text('prompt-cache-tag', { about: 'Tag added to prompts.', refused: NO_REWRITING })
  promptCacheTag = '';

  @Flag('prompt-cache-normalize-whitespace', { about: 'Rewrite blanks in prompts.', refused: NO_REWRITING })
  promptCacheNormalizeWhitespace = false;

  @Flag('prompt-cache-merge-repeated-blocks', { about: 'Merge repeated parts of prompts.', refused: NO_REWRITING })
  promptCacheMergeRepeatedBlocks = false;

  @TextList('prompt-cache-replacements', { about: 'Replacements in prompts.', refused: NO_REWRITING })
  promptCacheReplacements: readonly string[] = [];

  @Flag('cache-spoof-enabled', { about: 'Report other cache figures.', refused: NO_DISGUISE })
  cacheSpoofEnabled = false;

  @Text('codex-fingerprint-mode', { about: 'Imitate a client.', refused: NO_DISGUISE })
  codexFingerprintMode = '';

  @Text('codex-fingerprint-seed', { about: 'Imitate a client.', refused: NO_DISGUISE })
  codexFingerprintSeed = '';
}
