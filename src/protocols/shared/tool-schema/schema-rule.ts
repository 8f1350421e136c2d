/** What was repaired in a tool's schema; described in docs/protocols/tool-schemas.md. */
export type SchemaRule =
  | 'missing_parameters'
  | 'missing_type'
  | 'missing_properties'
  | 'missing_items'
  | 'tuple'
  | 'root_combinator'
  | 'boolean_schema'
  | 'null_keyword'
  | 'root_meta'
  | 'empty_enum'
  | 'duplicate_required'
  | 'too_deep';
