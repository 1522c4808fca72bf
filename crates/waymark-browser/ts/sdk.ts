// What few pages need is fetched by those that do. Each is a file of its own; this is all they see of
// the SDK.

import type { Emitter } from './call/emitter';
import type { Outbox } from './delivery/outbox';
import type { Decider } from './engine/decider';
import type { Acted } from './engine/decode';
import type { DecisionContext } from './engine/encode';
import type { Zone } from './engine/zone';
import type { Change, Consent, Decision, JsonObject, Options, SlotDecision } from './types';

export interface Sdk {
  readonly options: Options;
  /** Where the edge is. */
  readonly origin: string;
  readonly emitter: Emitter;
  readonly decider: Pick<Decider, 'hold' | 'resume' | 'apply' | 'catchUp' | 'decideAt' | 'decideSoon' | 'save' | 'state'>;
  readonly outbox: Pick<Outbox, 'flush' | 'queue'>;
  fail(code: string, message: string): void;
  log(event: string, properties: JsonObject): void;
  consent(answer?: unknown): Consent;
  decide(): Promise<Decision>;
  /** The page, the visitor's consent and who they are, as decisions go by them. */
  context(): DecisionContext;
  /** Decides with another Program from now on, and tells nobody of what happens. */
  rehearse(program: Uint8Array): void;
  trusted(html: string): unknown;
}

export interface Modules {
  /** Clicks, forms, scrolling, engagement, errors and vitals. */
  capture: { start(sdk: Sdk): void };
  /** Consent as platforms tell of it: TCF, GPP, Google's consent mode. */
  signals: { start(sdk: Sdk): void };
  /** Exposures told to `dataLayer` and `gtag`. */
  bridge: { start(sdk: Sdk): void };
  /** Content above the page. */
  overlay: { present(sdk: Sdk, id: string, slot: SlotDecision): void };
  /** Changes to elements of the page. */
  patches: { patch(changes: Change[]): void };
  /** Why, and who. */
  inspector: {
    start(sdk: Sdk): void;
    explain(sdk: Sdk, slot?: string): Promise<JsonObject>;
  };
  /** What the edge had taken out of the page. */
  authors: { restore(sdk: Sdk): Promise<void> };
  /** What the visitor's other devices did. */
  devices: { start(sdk: Sdk): Promise<void> };
  /** What is asked for by Programs that need the whole engine. */
  whole: {
    zoneAt(now: number, name: string): Zone;
    decodeActed(bytes: Uint8Array): Acted[];
  };
  /** Packs that are not live yet. */
  preview: { preview(sdk: Sdk, token: string): Promise<void> };
}

/** Where the rest of the SDK is. */
export interface Parts {
  module<Name extends keyof Modules>(name: Name): Promise<Modules[Name]>;
  /** The engine; the whole one for the Programs that need it. */
  engine(whole: boolean): Promise<Response>;
  /** The live Program, where it is on its way already. */
  program?: Promise<Response> | undefined;
}
