/** FNV-1a. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193);
  return value >>> 0;
}

/** A fraction in [0, 1) that stays the same for the same text in this process, and is another one in each other process. */
export const jitterOf = (text: string, seed: string): number => hash(`${seed} ${text}`) / 2 ** 32;
