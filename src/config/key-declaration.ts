export type KeyType = 'text' | 'integer' | 'seconds' | 'flag' | 'choice' | 'list' | 'map';

/**
 * What a key does in this version:
 * `implemented`; `no-effect`: any value is accepted with a warning; `refused` and `not-yet`: the default and the
 * switched-off value are accepted with a warning, anything else stops the start.
 */
export type KeyStatus = 'implemented' | 'no-effect' | 'refused' | 'not-yet';

/** Says what is wrong with a value in words that follow "must", or nothing when it is right. Never repeats a secret. */
export type ValueCheck<T> = (value: T) => string | undefined;

export interface KeyOptions {
  /** One line for the example file and the documentation. */
  readonly about: string;
  /** Never printed, and also readable from the file that `CODEX_PROXY_<KEY>_FILE` names. */
  readonly secret?: boolean;
  /** Shown, commented out, in the example file instead of the default. */
  readonly example?: unknown;
  /** Being written at all changes the behaviour, even with the default value. */
  readonly presenceMatters?: boolean;
  /** Why the key has no effect here. */
  readonly noEffect?: string;
  /** Why the key is refused unless it is off. */
  readonly refused?: string;
  /** The feature comes in a later version. */
  readonly notYet?: boolean;
}

export interface KeyDeclaration extends KeyOptions {
  /** As written in the file: `max-retry`. */
  readonly name: string;
  /** As read in code: `maxRetry`. */
  readonly property: string;
  readonly type: KeyType;
  readonly min?: number;
  readonly max?: number;
  readonly choices?: readonly string[];
}

const declarations = new WeakMap<object, KeyDeclaration[]>();

/** Called by the decorators, once per property. */
export const register = (prototype: object, declaration: KeyDeclaration): void => {
  const known = declarations.get(prototype);
  if (known) known.push(declaration);
  else declarations.set(prototype, [declaration]);
};

/** The keys that a class declares, in the order of its source. */
export const declaredKeys = (group: new () => object): readonly KeyDeclaration[] => declarations.get(group.prototype as object) ?? [];

export const statusOf = (key: KeyOptions): KeyStatus =>
  key.noEffect !== undefined ? 'no-effect' : key.refused !== undefined ? 'refused' : key.notYet ? 'not-yet' : 'implemented';

/** `max-retry` → `maxRetry`; a part that begins with a digit keeps it (`cooldown-401-sec` → `cooldown401Sec`). */
export const propertyName = (key: string): string => key.replace(/-([a-z0-9])/g, (_, first: string) => first.toUpperCase());

/** `max-retry` → `CODEX_PROXY_MAX_RETRY`. */
export const variableName = (key: string): string => `CODEX_PROXY_${key.replaceAll('-', '_').toUpperCase()}`;
