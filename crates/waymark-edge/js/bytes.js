// Bytes that come in parts.

/** All of a stream; nothing of one that is longer than so many bytes. */
export async function limited(stream, most) {
  const parts = [];
  let length = 0;
  for await (const part of stream) {
    length += part.byteLength;
    if (length > most) return undefined;
    parts.push(part);
  }
  return joined(parts);
}

export function joined(parts) {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.byteLength, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.byteLength;
  }
  return whole;
}
