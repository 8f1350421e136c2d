import type { JsonObject } from '../../upstream/upstream-event.js';

/** A tool that the vendor defines and the client runs: the vendor's models know its schema, this backend has to be told. */
export interface ClientTool {
  readonly name: string;
  readonly description: string;
  readonly parameters: JsonObject;
}

const text = (description: string): JsonObject => ({ type: 'string', description });
const line = (description: string): JsonObject => ({ type: 'integer', description });
const commands = (...names: string[]): JsonObject => ({ type: 'string', enum: names, description: 'What to do.' });
const VIEW_RANGE: JsonObject = { type: 'array', items: { type: 'integer' }, description: 'For view: first and last line, [start, end].' };

const object = (properties: JsonObject, required: readonly string[]): JsonObject => ({ type: 'object', properties, required });

const EDITS: JsonObject = {
  file_text: text('For create: the content of the file.'),
  old_str: text('For str_replace: the text to replace; it must occur exactly once.'),
  new_str: text('For str_replace: the new text.'),
  insert_line: line('For insert: the line after which the text is put; 0 is the beginning.'),
  insert_text: text('For insert: the text to put in.'),
  view_range: VIEW_RANGE,
};

const editor = (name: string, ...more: string[]): ClientTool => ({
  name,
  description: 'Views, creates and edits text files.',
  parameters: object(
    { command: commands('view', 'create', 'str_replace', 'insert', ...more), path: text('Path of the file or directory.'), ...EDITS },
    ['command', 'path'],
  ),
});

const BASH: ClientTool = {
  name: 'bash',
  description: 'Runs a command in a bash session that stays open between calls.',
  parameters: object(
    {
      command: text('The command to run.'),
      restart: { type: 'boolean', description: 'Restarts the session instead of running a command.' },
    },
    [],
  ),
};

const MEMORY: ClientTool = {
  name: 'memory',
  description: 'Views and changes files of the memory directory, /memories, which lasts from one conversation to the next.',
  parameters: object(
    {
      command: commands('view', 'create', 'str_replace', 'insert', 'delete', 'rename'),
      path: text('Path of the file or directory.'),
      old_path: text('For rename: the present path.'),
      new_path: text('For rename: the new path.'),
      ...EDITS,
    },
    ['command'],
  ),
};

/** By the `type` of the tool. */
export const CLIENT_TOOLS: ReadonlyMap<string, ClientTool> = new Map([
  ['bash_20241022', BASH],
  ['bash_20250124', BASH],
  ['text_editor_20241022', editor('str_replace_editor', 'undo_edit')],
  ['text_editor_20250124', editor('str_replace_editor', 'undo_edit')],
  ['text_editor_20250429', editor('str_replace_based_edit_tool')],
  ['text_editor_20250728', editor('str_replace_based_edit_tool')],
  ['memory_20250818', MEMORY],
]);
