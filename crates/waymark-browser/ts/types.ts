// What a page sees of the SDK.

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
export type JsonObject = { [key: string]: Json };

/** What a page may hand over: anything `JSON.stringify` takes. */
export type Properties = Record<string, unknown>;

export interface Purposes {
  analytics: boolean;
  personalization: boolean;
  marketing: boolean;
}

export interface Consent extends Purposes {
  /** Whether the visitor, or their browser for them, has answered. */
  decided: boolean;
}

export interface SlotDecision {
  /** `null` keeps the author's content. */
  content: string | null;
  rule: string | null;
  reason: string;
  html?: string;
  text?: string;
  experiment?: Assignment;
  /** Data for the page's own code. */
  json?: Json;
  patch?: Change[];
  /** Where the page leads instead. */
  redirect?: string;
}

/** A change to elements of the page. */
export interface Change {
  selector: string;
  /** `null` takes one away. */
  attributes?: Record<string, string | null>;
  addClass?: string[];
  removeClass?: string[];
}

/** The visitor's variation of an experiment. */
export interface Assignment {
  id: string;
  variation: string;
  /** The variation's place in the experiment. */
  number: number;
  /** Whether the visitor takes part. Machines, and visitors without consent, see the control. */
  included: boolean;
  /** Whether the experiment's figures are to know. */
  counted: boolean;
  forced: boolean;
  /** They had this variation before. */
  sticky: boolean;
  /** The hash alone would have given another variation. */
  conflict: boolean;
}

/** That the visitor met a variation: the properties of an `Experiment Viewed`. */
export type Exposure = {
  experiment_id: string;
  variation_id: string;
  slot: string;
  /** Whether it is content for a place in the page; of no interest to reports. */
  placed: boolean;
} & JsonObject;

/** That content is shown which limits count: the properties of a `Content Viewed`. */
export type View = {
  slot: string;
  rule_id: string;
  content_id: string;
  /** When the session began. */
  session: number;
  /** Whether it is content for a place in the page. */
  placed: boolean;
  /** That it was chosen, whether it is seen or not: a `Content Decided`. */
  decided: boolean;
} & JsonObject;

export interface Decision {
  slots: Record<string, SlotDecision>;
  segments: string[];
  stage: string | null;
  /** Milliseconds since 1970; `null` until something happens. */
  validUntil: number | null;
  pack: string | null;
  /** How many of the visitor's events it knew. */
  seq: number;
  exposures?: Exposure[];
  views?: View[];
  source: 'edge' | 'device' | 'none';
}

export interface Effects {
  entered: string[];
  left: string[];
  stage: { from: string | null; to: string | null } | null;
}

/** What a trigger does: `Content Triggered` or `Survey Requested`, and which. */
export interface Action {
  event: string;
  properties: JsonObject;
}

export interface Failure {
  code: string;
  message: string;
}

export interface Events {
  ready: Record<string, never>;
  consent: Consent;
  decision: Decision;
  effects: Effects;
  action: Action;
  error: Failure;
}

export interface Stats {
  /** Decisions of the edge that the device, knowing the same, would have made otherwise. */
  mismatch: number;
  /** Decisions of the edge that were made with another pack or other events. */
  stale: number;
  /** Events that found no room. */
  dropped: number;
}

export interface Waymark {
  page(name?: string | null, properties?: Properties): void;
  track(event: string, properties?: Properties): void;
  identify(userId: string | number | null, traits?: Properties): void;
  reset(): void;
  /** Without purposes, what holds now. A purpose that is not named is refused. */
  consent(purposes?: Partial<Purposes>): Consent;
  decide(): Promise<Decision>;
  on<Name extends keyof Events>(name: Name, handler: (payload: Events[Name]) => void): () => void;
  /** Calls as the array takes them that stands here until the loader has come. */
  push(...calls: [method: string, ...args: unknown[]][]): void;
  readonly stats: Stats;
}

export type Method = Exclude<keyof Waymark, 'push' | 'stats'>;

/** What the core gives to the loader. */
export type Core = Omit<Waymark, 'push'>;

/** A call made before the core had come. */
export interface Call {
  method: string;
  args: unknown[];
  at: number;
  /** Takes what the call gives back. */
  settle(result: unknown): void;
}

/** What the loader hands to the core. */
export interface Boot {
  writeKey: string;
  /** Where the edge is. */
  origin: string;
  autoPage: boolean;
  /** When the loader began. */
  at: number;
  calls: Call[];
}
