// @ts-check

/** Of a longer text, its length, its first and its last characters count. */
const part = 8192;

/**
 * A short text that is the same for the same text, and nearly always another for
 * another (FNV-1a). It tells an event that a server sends again from one that has
 * got the same id.
 * @param {string} text
 */
export function digest(text) {
  let hash = text.length | 0;
  const end = Math.min(text.length, part);
  for (let i = 0; i < end; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  for (let i = Math.max(end, text.length - part); i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return (hash >>> 0).toString(36);
}
