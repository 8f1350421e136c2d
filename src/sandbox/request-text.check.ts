import { JsonObject, isObject, textOf } from './json.js';
import { Refusal, invalid, invalidValue, missing } from './refusal.js';
import { formatSchemaFault } from './schema-check.js';

const VERBOSITIES = ['low', 'medium', 'high'];
const FORMATS = ['text', 'json_object', 'json_schema'];

/** The `text` member: verbosity and output format. */
export function* checkText(request: JsonObject): Generator<Refusal | null> {
  if (!isObject(request.text)) return;
  const { verbosity, format } = request.text;
  if (verbosity !== undefined && verbosity !== null && !VERBOSITIES.includes(textOf(verbosity))) {
    yield invalidValue(verbosity, VERBOSITIES, 'text.verbosity');
  }
  if (!isObject(format)) return;
  if (!FORMATS.includes(textOf(format.type))) yield invalidValue(format.type, FORMATS, 'text.format.type');
  if (format.type === 'json_object') yield checkJsonWord(request);
  if (format.type === 'json_schema') yield checkSchema(format);
}

/** The word counts in `input` only; instructions do not. */
function checkJsonWord(request: JsonObject): Refusal | null {
  if (/json/i.test(JSON.stringify(request.input))) return null;
  const message = "Response input messages must contain the word 'json' in some form to use 'text.format' of type 'json_object'.";
  return invalid(message, 'input');
}

function checkSchema(format: JsonObject): Refusal | null {
  if (typeof format.name !== 'string') return missing('text.format.name');
  if (!isObject(format.schema)) return missing('text.format.schema');
  const fault = formatSchemaFault(format.schema, format.strict === true);
  if (!fault) return null;
  return invalid(`Invalid schema for response_format '${format.name}': ${fault}`, 'text.format.schema', 'invalid_json_schema');
}
