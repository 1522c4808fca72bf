// The visitor's time zone as the engine takes it: an offset, and until when it surely stands.

const DAY = 86_400_000;

/** Milliseconds. */
export interface Zone {
  offset: number;
  until: number;
}

/** The zone of a name; the device's own where the name is none or absent. */
export function zoneAt(now: number, name?: string): Zone {
  let offset = deviceOffset;
  if (name) {
    try {
      offset = offsetIn(name);
      offset(now);
    } catch {
      offset = deviceOffset;
    }
  }
  // Clocks never change twice a day: where they show the same at both ends, nothing changed between.
  const today = offset(now);
  let [same, changed] = [now, now + DAY];
  if (offset(changed) === today) return { offset: today, until: changed };
  while (changed - same > 1) {
    const middle = Math.floor((same + changed) / 2);
    if (offset(middle) === today) same = middle;
    else changed = middle;
  }
  return { offset: today, until: changed };
}

const deviceOffset = (at: number): number => new Date(at).getTimezoneOffset() * -60_000;

/** Throws for a name that is no zone. */
function offsetIn(timeZone: string): (at: number) => number {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone, hourCycle: 'h23', year: 'numeric', month: 'numeric', day: 'numeric',
    hour: 'numeric', minute: 'numeric', second: 'numeric',
  });
  return (at) => {
    const shown: Record<string, number> = {};
    for (const { type, value } of format.formatToParts(at)) shown[type] = +value;
    const { year, month, day, hour, minute, second } = shown as Record<string, number>;
    return Date.UTC(year!, month! - 1, day, hour, minute, second) - Math.floor(at / 1000) * 1000;
  };
}
