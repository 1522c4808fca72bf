// What the wasm module answers with.

export interface Diagnostic {
  code: string;
  severity: 'error' | 'warning';
  pointer: string;
  /** UTF-16 code units. */
  from: number;
  to: number;
  line: number;
  column: number;
  message: string;
  mend: string | null;
  /** What to write instead of what stands there, when that mends it. */
  fix: string | null;
}

export interface Checked {
  ok: boolean;
  pack: string | null;
  hash: string | null;
  cost: { stateBytes: number; pageBytes: number } | null;
  diagnostics: Diagnostic[];
}

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

export interface Comparison {
  op: 'eq' | 'lt' | 'lte' | 'gt' | 'gte' | 'in' | 'ini' | 'inGroup' | 'exists' | 'type' | 'regex' | 'regexi'
    | 'veq' | 'vlt' | 'vlte' | 'vgt' | 'vgte';
  value: Json;
}

/** A comparison with another path, or with conditions on the elements or the length of an array. */
export type Related =
  | Comparison
  | { op: 'eq' | 'lt' | 'lte' | 'gt' | 'gte' | 'in'; ref: string }
  | { op: 'elemMatch' | 'size'; value: Condition };

export type Condition =
  | null
  | { all: Condition[] }
  | { any: Condition[] }
  | { not: Condition }
  | { channel: string[] }
  | { path: string; is: Related };

export interface Matcher {
  event: string | null;
  where: Condition;
}

export interface Feature {
  kind: 'times' | 'sum' | 'avg' | 'min' | 'max' | 'distinct' | 'top' | 'streak' | 'items' | 'points' | 'first' | 'last' | 'sequence';
  name: string | null;
  on?: Matcher;
  property?: string | null;
  /** Milliseconds, as every span here. */
  within?: number | null;
  /** So much of the latest is left out. */
  after?: number | null;
  per?: 'day' | 'week' | 'month';
  steps?: Matcher[];
  without?: Matcher[];
}

interface Found {
  actual: Json;
  truth: 'true' | 'false' | 'unknown';
  /** What the condition needed the test to be. */
  want: boolean;
  met: boolean;
  until: string | null;
  because: Fact[];
}

export type Fact = Found & (
  | { test: 'value'; path: string; is: Related }
  | { test: 'feature'; feature: Feature; is: Related }
  | { test: 'elapsed'; path: string; ahead: boolean; is: { op: 'lt' | 'lte' | 'gt' | 'gte'; value: number } }
  | { test: 'clock'; zone: string; from: number; to: number; days: string[]; workdays: boolean }
  | { test: 'anniversary'; path: string; before: number; after: number }
  | { test: 'consent'; purpose: string }
  | { test: 'count'; feature: Feature; within: number | null; session: boolean; least: number; most: number | null; kept: number | null }
  | { test: 'age'; feature: Feature; is: { op: 'lt' | 'lte' | 'gt' | 'gte'; value: number } }
  | { test: 'sequence'; feature: Feature; within: number | null; idle: number | null }
  | { test: 'segment'; segment: string }
  | { test: 'stage'; least: string; most: string | null }
  | { test: 'scheduled'; from: string | null; end: string | null }
  | { test: 'percent'; share: number }
  | { test: 'channel'; among: string[] }
);

export interface Effect {
  line: number;
  event: string;
  time: string | null;
  applied: 'in-order' | 'reordered' | 'late' | 'duplicate';
  entered: string[];
  left: string[];
  stage: { from: string | null; to: string | null } | null;
}

/** What a trigger or a journey does. */
export interface Action {
  messageId: string;
  event: string;
  at: string | null;
  properties: Record<string, string>;
}

export interface Asked {
  id: string;
  /** Null where there is no consent to look. */
  truth: 'true' | 'false' | 'unknown' | null;
  because: Fact[];
}

export interface RuleResult {
  rule: string;
  slot: string;
  /** Null where it keeps the author's, or runs an experiment. */
  content: string | null;
  priority: number;
  purpose: 'personalization' | 'analytics' | 'marketing';
  outcome:
    | 'won' | 'failed' | 'unknown' | 'no-consent' | 'outranked'
    | 'needs' | 'out-of-share' | 'inactive' | 'held-out' | 'passed-through' | 'limited' | 'excluded';
  holds: boolean;
  because: Fact[];
  /** The contents among which it chooses; without points those that could not be shown. */
  ranking: { content: string; points: number | null }[];
}

export interface SlotResult {
  content: string | null;
  rule: string | null;
  reason: 'rule' | 'no-match' | 'no-consent' | 'experiment' | 'held-out';
  html?: string;
  text?: string;
  experiment?: { id: string; variation: string; included: boolean };
}

export interface Ran {
  decision: {
    pack: string;
    seq: number;
    now: string | null;
    validUntil: string | null;
    segments: string[];
    stage: string | null;
    slots: Record<string, SlotResult>;
  };
  effects: Effect[];
  actions: Action[];
  segments: Asked[];
  stages: Asked[];
  rules: RuleResult[];
  rejected: { line: number; code: string; message: string }[];
}

export interface Refused {
  error: { code: string; message: string };
}
