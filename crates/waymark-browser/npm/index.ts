// The SDK as a package: the same core as the script tag's, carried along by whoever bundles it.

import { start } from '../ts/start';
import type { Modules, Parts } from '../ts/sdk';
import type { Options, Waymark } from '../ts/types';
import { fake } from './testing';

export type {
  Action, Assignment, CallOptions, Change, Consent, Decision, Effects, Events, Exposure, Failure, Group, Json,
  JsonObject, Presentation, Properties, Purposes, SlotDecision, Stats, User, View, Waymark,
} from '../ts/types';

export type Captured = 'clicks' | 'forms' | 'scroll' | 'engagement' | 'rage-clicks' | 'errors' | 'vitals' | 'all' | 'none';

export interface LoadOptions {
  writeKey: string;
  /** The edge's address: `https://edge.example.com`. */
  edge: string;
  /** Page views by itself; `true` unless said otherwise. */
  autoPage?: boolean;
  /** What is captured besides page views; clicks and forms that ask for it, unless said otherwise. */
  capture?: Captured[];
  /** Whose signals of consent are heard. */
  consent?: ('tcf' | 'gpp' | 'google')[];
  /** `memory` keeps nothing on the device. */
  storage?: 'device' | 'memory';
  /** Whether personal data in properties and addresses is masked; `true` unless said otherwise. */
  mask?: boolean;
  /** Who is told of exposures. */
  bridge?: ('datalayer' | 'gtag')[];
  /** Where the engine is: `whole` for packs that need more. Beside this module, unless said otherwise. */
  engine?: (whole: boolean) => string | URL;
}

let loaded: Waymark | undefined;

/** Starts once; later calls give the same. Where there is no page, its calls do nothing. */
export function load(options: LoadOptions): Waymark {
  if (typeof document === 'undefined') return fake();
  return (loaded ??= begin(options));
}

function begin(given: LoadOptions): Waymark {
  const { writeKey, edge, autoPage, capture, consent, storage, mask, bridge, engine } = given;
  const options: Options = {
    writeKey,
    edge,
    storage,
    capture: capture?.join(' '),
    consent: consent?.join(' '),
    bridge: bridge?.join(' '),
    autoPage: autoPage === false ? 'false' : undefined,
    mask: mask === false ? 'false' : undefined,
  };
  const parts: Parts = {
    module: (name) => MODULES[name]() as never,
    engine: (whole) => fetch(engine ? engine(whole) : beside(whole)),
  };
  const { origin } = new URL(edge, location.href);
  const core = start({ options, origin, at: Date.now(), calls: [] }, parts) as Waymark;
  core.push = (...calls) => {
    for (const [method, ...args] of calls) (core as unknown as Record<string, (...args: unknown[]) => void>)[method]?.(...args);
  };
  return core;
}

/** Vite's development server serves packages from a folder of its own, without what lies beside them. */
const MOVED = /\/\.vite\/deps\/.*/;

function beside(whole: boolean): URL {
  const url = import.meta.url;
  if (MOVED.test(url)) return new URL(url.replace(MOVED, `/@waymark/browser/engine${whole ? '-whole' : ''}.wasm`));
  // Written out, so that bundlers see them.
  return whole ? new URL('./engine-whole.wasm', import.meta.url) : new URL('./engine.wasm', import.meta.url);
}

const MODULES: { [Name in keyof Modules]: () => Promise<unknown> } = {
  capture: () => import('../ts/modules/capture'),
  signals: () => import('../ts/modules/signals'),
  bridge: () => import('../ts/modules/bridge'),
  overlay: () => import('../ts/modules/overlay'),
  patches: () => import('../ts/modules/patches'),
  inspector: () => import('../ts/modules/inspector'),
  authors: () => import('../ts/modules/authors'),
  devices: () => import('../ts/modules/devices'),
  whole: () => import('../ts/modules/whole'),
  preview: () => import('../ts/modules/preview'),
};
