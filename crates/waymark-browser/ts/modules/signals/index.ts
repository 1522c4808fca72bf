// Consent as the site's own platform tells of it, in whichever of the common ways.

import type { Sdk } from '../../sdk';
import type { Purposes } from '../../types';
import { words } from '../words';
import { consentMode } from './google';
import { decodeGpp, purposesOfGpp } from './gpp';
import { decodeTc, purposesOfTcData, purposesOfTcf, type TcData } from './tcf';

export { decodeGpp, decodeTc };

type Api = (command: string, version: unknown, callback: (data: never, success: boolean) => void) => void;

interface Page {
  __tcfapi?: Api;
  __gpp?: (command: string, callback: (data: never, success: boolean) => void) => void;
  dataLayer?: unknown[];
}

const SOURCES = { tcf, gpp, google };
/** How long a platform may take to be there, in milliseconds: it may come long after the page. */
const PATIENCE = 60_000;
const EVERY = 100;

export function start(sdk: Sdk): void {
  let before = '';
  const hear = (purposes: Purposes): void => {
    const said = JSON.stringify(purposes);
    if (said !== before) sdk.consent(purposes);
    before = said;
  };
  for (const name of words(sdk, 'consent', Object.keys(SOURCES), sdk.options.consent)) {
    SOURCES[name as keyof typeof SOURCES](hear, sdk);
  }
}

type Hear = (purposes: Purposes) => void;

function tcf(hear: Hear, sdk: Sdk): void {
  whenThere('__tcfapi', sdk, (api) =>
    api('addEventListener', 2, (data: TcData, success: boolean) => {
      if (!success || !data) return;
      // Where the GDPR does not apply, nobody is asked.
      if (data.gdprApplies === false) return hear(purposesOfTcf(() => true));
      if (data.eventStatus !== 'tcloaded' && data.eventStatus !== 'useractioncomplete') return;
      hear(purposesOfTcData(data));
    }),
  );
}

interface GppData {
  eventName?: string;
  data?: unknown;
  pingData?: { signalStatus?: string; gppString?: string; applicableSections?: number[] };
}

function gpp(hear: Hear, sdk: Sdk): void {
  whenThere('__gpp', sdk, (api) =>
    api('addEventListener', ({ pingData }: GppData, success: boolean) => {
      if (!success || pingData?.signalStatus !== 'ready' || !pingData.gppString) return;
      try {
        const { gppString, applicableSections: applicable = [] } = pingData;
        // Where no section applies, or it is not known yet which, nobody has been asked.
        if (applicable.some((id) => id < 1)) return;
        hear(purposesOfGpp(decodeGpp(gppString), applicable.length ? applicable : undefined));
      } catch (error) {
        sdk.fail('bad-consent-string', String(error));
      }
    }),
  );
}

/** As it passes through the data layer; before us or after. */
function google(hear: Hear): void {
  const page = window as unknown as Page;
  const layer = (page.dataLayer ??= []);
  const read = consentMode();
  const look = (entries: unknown[]): void => {
    let purposes: Purposes | undefined;
    // Defaults that are said together are one answer.
    for (const entry of entries) purposes = read(entry) ?? purposes;
    if (purposes) hear(purposes);
  };
  look(layer);
  const push = layer.push.bind(layer);
  layer.push = (...entries: unknown[]) => {
    look(entries);
    return push(...entries);
  };
}

/** The platform may load after us. */
function whenThere<Name extends '__tcfapi' | '__gpp'>(
  name: Name,
  sdk: Sdk,
  use: (api: NonNullable<Page[Name]>) => void,
): void {
  const end = Date.now() + PATIENCE;
  const look = (): void => {
    const api = (window as unknown as Page)[name];
    if (api) use(api);
    else if (Date.now() < end) setTimeout(look, EVERY);
    else sdk.fail('no-consent-platform', `there is no ${name}: nobody says what the visitor allows`);
  };
  look();
}
