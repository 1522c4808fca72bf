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

/** How content is shown that has no place in the page. */
export type Presentation = 'banner' | 'modal' | 'toast';

export interface SlotDecision {
  /** `null` keeps the author's content. */
  content: string | null;
  /** Above the page, unless it has a place for the slot. */
  as?: Presentation;
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

/** What handlers are called with, by name. */
export interface Events {
  ready: [];
  consent: [consent: Consent];
  decision: [decision: Decision];
  effects: [effects: Effects];
  action: [action: Action];
  /** A variation was met: what an `Experiment Viewed` says. */
  exposure: [exposure: JsonObject];
  error: [failure: Failure];
  /** The calls that were taken, as Segment's libraries tell of them. */
  track: [event: string, properties: JsonObject, options: CallOptions];
  page: [category: string | null, name: string | null, properties: JsonObject, options: CallOptions];
  screen: [category: string | null, name: string | null, properties: JsonObject, options: CallOptions];
  identify: [userId: string | null, traits: JsonObject, options: CallOptions];
  group: [groupId: string | null, traits: JsonObject, options: CallOptions];
  alias: [userId: string | null, previousId: string | null, options: CallOptions];
  reset: [];
}

export interface Stats {
  /** Decisions of the edge that the device, knowing the same, would have made otherwise. */
  mismatch: number;
  /** Decisions of the edge that were made with another pack or other events. */
  stale: number;
  /** Events that found no room, or were given up after seven days. */
  dropped: number;
}

/** What an event may have besides its properties or traits. */
export interface CallOptions {
  /** When it happened: a Date, milliseconds or ISO 8601. */
  timestamp?: Date | number | string;
  /** A name of its own, under which it counts once however often it is sent. */
  messageId?: string;
  /** More context. It cannot say what was consented to. */
  context?: Properties;
}

export type Callback = () => void;

/** Who the visitor is, as far as this device knows. */
export interface User {
  id(): string | null;
  /** None before there is consent. */
  anonymousId(): string | null;
  traits(): JsonObject;
}

export interface Group {
  id(): string | null;
}

export interface Waymark {
  page(name?: string | null, properties?: Properties, options?: CallOptions, callback?: Callback): void;
  page(category: string, name: string, properties?: Properties, options?: CallOptions, callback?: Callback): void;
  screen(name?: string | null, properties?: Properties, options?: CallOptions, callback?: Callback): void;
  screen(category: string, name: string, properties?: Properties, options?: CallOptions, callback?: Callback): void;
  track(event: string, properties?: Properties, options?: CallOptions, callback?: Callback): void;
  identify(userId: string | number | null, traits?: Properties, options?: CallOptions, callback?: Callback): void;
  identify(traits: Properties, options?: CallOptions, callback?: Callback): void;
  group(groupId: string | number, traits?: Properties, options?: CallOptions, callback?: Callback): void;
  group(): Group;
  alias(userId: string | number, previousId?: string | number | null, options?: CallOptions, callback?: Callback): void;
  /** Somebody else is at the device now. */
  reset(): void;
  user(): User;
  /** From now on, and without this device's proof that it is its own. */
  setAnonymousId(id: string): void;
  /** Says in the console what is called and decided. */
  debug(on?: boolean): void;
  /** Without purposes, what holds now. A purpose that is not named is refused. */
  consent(purposes?: Partial<Purposes>): Consent;
  decide(): Promise<Decision>;
  /** What a slot shows. With an element, it becomes a place for the slot: needed where none is found, as in closed shadow roots. */
  slot(id: string, element?: Element): Promise<SlotDecision | null>;
  segments(): Promise<string[]>;
  stage(): Promise<string | null>;
  /** Why each slot shows what it does; of one slot, if one is named. */
  explain(slot?: string): Promise<JsonObject>;
  /** Shows the page as a signed link says, or no longer. */
  preview(token: string | null): Promise<void>;
  ready(callback?: Callback): Promise<void>;
  on<Name extends keyof Events>(name: Name, handler: (...payload: Events[Name]) => void): () => void;
  once<Name extends keyof Events>(name: Name, handler: (...payload: Events[Name]) => void): () => void;
  off<Name extends keyof Events>(name: Name, handler: (...payload: Events[Name]) => void): void;
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

/** What the page says about how the SDK is to work: attributes of its tag, without `data-`. */
export interface Options {
  writeKey: string;
  /** Where the edge is, if not where the script came from. */
  edge?: string | undefined;
  /** Under which name it answers besides `waymark`. */
  as?: string | undefined;
  /** `false`: page views are the page's to tell. */
  autoPage?: string | undefined;
  /** What is captured besides page views, by name: see `CAPTURED`. */
  capture?: string | undefined;
  /** Whose signals of consent are heard: `tcf`, `gpp`, `google`. */
  consent?: string | undefined;
  /** `memory`: nothing is kept on the device. */
  storage?: string | undefined;
  /** `false`: personal data in properties and addresses is sent as it is. */
  mask?: string | undefined;
  /** Who is told of exposures: `datalayer`, `gtag`. */
  bridge?: string | undefined;
}

/** What the loader hands to the core. */
export interface Boot {
  options: Options;
  /** Where the edge is. */
  origin: string;
  /** When the loader began. */
  at: number;
  calls: Call[];
  /** What is on its way before it is known to be needed: the lean engine and the live Program. */
  engine?: Promise<Response>;
  program?: Promise<Response> | undefined;
}
