// @ts-check

const space = 32; // no lower code stands outside of a string but for white space
const quote = 34;
const plus = 43;
const comma = 44;
const minus = 45;
const point = 46;
const zero = 48;
const nine = 57;
const colon = 58;
const upperE = 69;
const openBracket = 91;
const backslash = 92;
const closeBracket = 93;
const lowerE = 101;
const openBrace = 123;
const closeBrace = 125;

/**
 * The digits of the ids in a frame, as the server wrote them. JSON.parse rounds
 * a number above 2^53, and not every browser tells what it was made from.
 *
 * One pass over the text, without recursion: a frame of any depth and of any
 * number of events is read in linear time.
 * @param {string} text a frame that JSON.parse accepts: an event or an array of events
 * @returns {(string | undefined)[]} by place in the array; an event alone is at place 0
 */
export function idDigits(text) {
  /** @type {(string | undefined)[]} */
  const digits = [];
  const inEvent = text.trimStart().charCodeAt(0) === openBracket ? 2 : 1;
  let depth = 0;
  let place = 0;
  let keyNext = false; // whether the next string at the event's own level is a key
  let atID = false; // whether the key before the next colon is "id"
  for (let i = 0; i < text.length; i++) {
    switch (text.charCodeAt(i)) {
      case quote: {
        const end = endOfString(text, i);
        if (depth === inEvent && keyNext) atID = isID(text, i + 1, end);
        keyNext = false;
        i = end;
        break;
      }
      case colon:
        if (depth === inEvent && atID) digits[place] = numberAt(text, i + 1);
        atID = false;
        break;
      case comma:
        keyNext = depth === inEvent;
        if (depth < inEvent) place++;
        break;
      case openBrace:
      case openBracket:
        depth++;
        keyNext = depth === inEvent;
        break;
      case closeBrace:
      case closeBracket:
        depth--;
        break;
    }
  }
  return digits;
}

/**
 * @param {string} text
 * @param {number} start the opening quote
 * @returns {number} the closing quote
 */
function endOfString(text, start) {
  for (let end = start; ; ) {
    end = text.indexOf('"', end + 1);
    let slashes = 0;
    while (text.charCodeAt(end - 1 - slashes) === backslash) slashes++;
    if (slashes % 2 === 0) return end;
  }
}

/**
 * @param {string} text
 * @param {number} start of a key as it is written, which may be with escapes
 * @param {number} end of it
 */
function isID(text, start, end) {
  if (end - start <= 2) return end - start === 2 && text.startsWith("id", start);
  const key = text.slice(start, end);
  return key.includes("\\") && JSON.parse(`"${key}"`) === "id";
}

/**
 * @param {string} text
 * @param {number} start
 * @returns {string | undefined} the number that stands there, undefined when something else does
 */
function numberAt(text, start) {
  while (text.charCodeAt(start) <= space) start++;
  let end = start;
  while (isOfNumber(text.charCodeAt(end))) end++;
  return end > start ? text.slice(start, end) : undefined;
}

/** @param {number} code of a character in a number, or of the one after it */
function isOfNumber(code) {
  return (code >= zero && code <= nine) || code === minus || code === point || code === plus || code === upperE || code === lowerE;
}
