// Who this device is. Only asked for once the visitor has allowed it.

import { encoded, toBase64, toHex } from '../engine/bytes';
import type { Device } from './storage';

export type Entropy = (bytes: number) => Uint8Array;

export const random: Entropy = (bytes) => crypto.getRandomValues(new Uint8Array(bytes));

/** Pages that are not secure have no `randomUUID`. */
export const messageId = (): string => crypto.randomUUID?.() ?? uuid(random(16), 4);

/** The anonymous id follows from the key, so that it can be shown to be this device's own. */
export async function mint(entropy: Entropy, subtle?: SubtleCrypto): Promise<Device> {
  if (subtle) {
    const key = toBase64(entropy(16)).replace(/\+/g, '-').replace(/\//g, '_').replace(/=/g, '');
    try {
      return { key, id: await anonymousIdOf(key, subtle) };
    } catch {
      // As where there is none.
    }
  }
  return { id: uuid(entropy(16), 4) };
}

export async function anonymousIdOf(key: string, subtle: SubtleCrypto): Promise<string> {
  const digest = await subtle.digest('SHA-256', encoded(key) as BufferSource);
  return uuid(new Uint8Array(digest, 0, 16), 8);
}

/** RFC 9562. */
function uuid(bytes: Uint8Array, version: number): string {
  const all = bytes.slice();
  all[6] = (all[6]! & 15) | (version << 4);
  all[8] = (all[8]! & 63) | 128;
  return toHex(all).replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}
