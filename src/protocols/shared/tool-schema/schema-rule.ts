/** What was repaired in a tool's schema; each is described in docs/protocols/tool-schemas.md. */
export type SchemaRule =
  | 'missing_parameters'
  | 'missing_type'
  | 'missing_properties'
  | 'missing_items'
  | 'tuple'
  | 'root_combinator'
  | 'boolean_schema'
  | 'not_a_schema'
  | 'null_keyword'
  | 'root_meta'
  | 'empty_enum'
  | 'empty_combinator'
  | 'duplicate_required'
  | 'lost_reference'
  | 'too_deep';
