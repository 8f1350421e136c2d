import type { TurnSlot } from '../../src/protocols/shared/turn/turn-listener.js';
import type { ScriptedItem, ScriptedTurn } from './scripted-turn.js';
import type { Told, TurnRecord } from './turn-record.js';

/** What an item came to, however its content was cut into pieces. */
export interface ItemMeaning {
  readonly kind: TurnSlot['kind'];
  readonly name: string;
  readonly callId: string;
  /** `text`, `refusal` and `args` by part, `think` with its breaks. */
  readonly content: Record<string, string>;
  readonly annotations: string[];
  readonly images: string[];
}

const empty = (kind: TurnSlot['kind'], name = '', callId = ''): ItemMeaning => ({
  kind,
  name,
  callId,
  content: {},
  annotations: [],
  images: [],
});

const add = ({ content }: ItemMeaning, key: string, text: string): void => {
  content[key] = (content[key] ?? '') + text;
};

function note(meaning: ItemMeaning, told: Told): void {
  switch (told.what) {
    case 'text':
    case 'refusal':
      return add(meaning, `${told.what} ${told.part}`, told.text);
    case 'think':
    case 'args':
      return add(meaning, told.what, told.text);
    case 'break':
      return add(meaning, 'think', '\n\n');
    case 'annotation':
      return void meaning.annotations.push(`${told.part} ${String(told.annotation.url)}`);
    case 'image':
      return void meaning.images.push(`${told.format} ${told.base64}`);
    case 'begin':
    case 'open':
    case 'close':
    case 'end':
  }
}

export function meaningOf({ told }: TurnRecord): ItemMeaning[] {
  const items: ItemMeaning[] = [];
  for (const one of told) {
    if (one.what === 'open') items.push(empty(one.slot.kind, one.slot.name, one.slot.callId));
    const last = items.at(-1);
    if (last) note(last, one);
  }
  return items;
}

function itemMeaning(item: ScriptedItem, index: number): ItemMeaning {
  switch (item.type) {
    case 'message': {
      const meaning = empty('message');
      item.parts.forEach((part, i) => {
        const [key, text] = part.type === 'refusal' ? [`refusal ${i}`, part.refusal] : [`text ${i}`, part.text];
        if (text !== '') add(meaning, key, text);
        if (part.type === 'output_text') meaning.annotations.push(...part.annotations.map(({ url }) => `${i} ${String(url)}`));
      });
      return meaning;
    }
    case 'reasoning': {
      const think = item.summary.filter((text) => text !== '').join('\n\n');
      return { ...empty('reasoning'), content: think === '' ? {} : { think } };
    }
    case 'function_call':
      return { ...empty('function', item.name, `call_${index}`), content: item.arguments === '' ? {} : { args: item.arguments } };
    case 'custom_tool_call':
      return { ...empty('custom', item.name, `call_${index}`), content: item.input === '' ? {} : { args: item.input } };
    case 'web_search_call':
      return empty('web_search');
    case 'image_generation_call':
      return { ...empty('image'), images: [`${item.format} ${item.result}`] };
  }
}

/** What a turn means, read from its items and not from its events. An image that comes again is told once. */
export function intendedMeaning({ items }: ScriptedTurn, images: 'in item order' | 'left out' = 'in item order'): ItemMeaning[] {
  return items.map(itemMeaning).map((meaning) => (images === 'left out' ? { ...meaning, images: [] } : meaning));
}
