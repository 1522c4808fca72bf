// Reasons in words: what was found, what was wanted, and how far off it is.

import type { Condition, Fact, Feature, Json, Matcher, Related } from './types';
import { type Language, duration, instant } from './words';

const SIGNS: Record<string, string> = { eq: '=', lt: '<', lte: '≤', gt: '>', gte: '≥', in: '∈' };
const OPPOSITE = { lt: 'gte', lte: 'gt', gt: 'lte', gte: 'lt' } as const;

export function why(fact: Fact, language: Language): string {
  const said = new Why(language).fact(fact);
  if (fact.truth !== 'unknown') return said;
  return language === 'zh'
    ? `${said}；无从得知，因为所见的历史没有那么久`
    : `${said}; unknown, because what was seen does not reach back that far`;
}

class Why {
  readonly #zh: boolean;
  constructor(private readonly language: Language) {
    this.#zh = language === 'zh';
  }

  fact(fact: Fact): string {
    switch (fact.test) {
      case 'value': return this.#compared(fact.path, fact.is, fact);
      case 'feature': return this.#compared(this.#feature(fact.feature), fact.is, fact);
      case 'count': return this.#counted(fact);
      case 'age': return this.#aged(fact);
      case 'sequence': return this.#sequence(fact);
      case 'segment': {
        const inside = fact.actual === true;
        if (this.#zh) return `${inside ? '属于' : '不属于'}人群 ${fact.segment}${inside && !fact.met ? '，需要不属于' : ''}`;
        return `${inside ? 'in' : 'not in'} the segment ${fact.segment}${inside && !fact.met ? ', wanted not' : ''}`;
      }
      case 'stage': return this.#stage(fact);
      case 'elapsed': return this.#elapsed(fact);
      case 'clock': return this.#clock(fact);
      case 'anniversary': return this.#anniversary(fact);
      case 'scheduled': return this.#scheduled(fact);
      case 'percent': {
        if (fact.actual === null) return this.#zh ? '访客没有可用于分组的标识' : 'the visitor has no id to be counted by';
        const share = `${Number((fact.share * 100).toFixed(4))}%`;
        const inside = fact.met === fact.want;
        if (this.#zh) return `${inside ? '属于' : '不属于'}这 ${share} 的访客`;
        return `${inside ? 'in' : 'not in'} this ${share} of the visitors`;
      }
      case 'channel': {
        const found = `${this.#zh ? '渠道是' : 'the channel is'} ${String(fact.actual)}`;
        if (fact.met) return found;
        const any = fact.want ? '' : this.#zh ? '不是 ' : 'any but ';
        return this.#wanted(found, `${this.#zh ? ' ' : ''}${any}${fact.among.join(this.#zh ? ' 或 ' : ' or ')}`);
      }
      case 'consent': {
        const given = fact.actual === true;
        if (this.#zh) return `${given ? '已' : '未'}同意 ${fact.purpose}${given && !fact.met ? '，需要未同意' : ''}`;
        return `${given ? 'consent' : 'no consent'} for ${fact.purpose}${given && !fact.met ? ', wanted none' : ''}`;
      }
    }
  }

  #say(subject: string, found: string): string {
    return this.#zh ? `${subject}：${found}` : `${subject}: ${found}`;
  }

  #wanted(found: string, wanted: string): string {
    return this.#zh ? `${found}，需要${wanted}` : `${found}, wanted ${wanted}`;
  }

  /** A value against what it is compared with, such as `spend-90d: 42, wanted ≥ 500 (short by 458)`. */
  #compared(subject: string, is: Related, { actual, want, met }: Fact): string {
    const missing = this.#zh ? '没有值' : 'missing';
    const found = actual === null ? missing : value(actual);
    if (met) return this.#say(subject, found);
    let wanted = this.#wish(is, want);
    if ('value' in is && is.op in OPPOSITE && typeof actual === 'number' && typeof is.value === 'number' && actual !== is.value) {
      const off = String(Number(Math.abs(actual - is.value).toFixed(6)));
      const short = actual < is.value;
      wanted += this.#zh ? `（${short ? '差' : '超出'} ${off}）` : ` (${short ? 'short' : 'over'} by ${off})`;
    }
    return this.#wanted(this.#say(subject, found), this.#zh ? ` ${wanted}` : wanted);
  }

  /** What a comparison wants, or, if not `want`, what it must not find. */
  #wish(is: Related, want: boolean): string {
    const zh = this.#zh;
    const not = want ? '' : zh ? '不是 ' : 'not ';
    if ('ref' in is) return `${not}${SIGNS[is.op]} ${is.ref}`;
    switch (is.op) {
      case 'eq': return want ? value(is.value) : zh ? '其他值' : 'anything else';
      case 'lt': case 'lte': case 'gt': case 'gte': return `${SIGNS[want ? is.op : OPPOSITE[is.op]]} ${value(is.value)}`;
      case 'in': return want ? this.#oneOf(is.value) : this.#noneOf(is.value);
      case 'ini': return `${want ? this.#oneOf(is.value) : this.#noneOf(is.value)}${zh ? '（不分大小写）' : ', in any case'}`;
      case 'inGroup': return `${not}${zh ? '属于分组' : 'one of the group'} ${String(is.value)}`;
      case 'exists': return want ? (zh ? '有值' : 'some value') : zh ? '没有值' : 'missing';
      case 'type': return `${not}${zh ? '类型' : 'the type'} ${String(is.value)}`;
      case 'regex': case 'regexi': {
        const pattern = `/${String(is.value)}/${is.op === 'regexi' ? 'i' : ''}`;
        return zh ? `${want ? '匹配' : '不匹配'} ${pattern}` : `${want ? 'a' : 'no'} match of ${pattern}`;
      }
      case 'elemMatch': {
        const inside = this.#condition(is.value);
        return zh ? `${want ? '某个' : '没有'}元素满足 ${inside}` : `${want ? 'some' : 'no'} element where ${inside}`;
      }
      case 'size': return zh ? `${not}长度满足 ${this.#condition(is.value)}` : `${not}a length where ${this.#condition(is.value)}`;
      default: return `${not}${zh ? '版本' : 'a version'} ${SIGNS[is.op.slice(1)]} ${String(is.value)}`;
    }
  }

  #elapsed(fact: Fact & { test: 'elapsed' }): string {
    const said = this.#say(fact.path, fact.actual === null ? (this.#zh ? '没有值' : 'missing') : value(fact.actual));
    if (fact.met) return said;
    const op = fact.want ? fact.is.op : OPPOSITE[fact.is.op];
    const span = duration(fact.is.value, this.language);
    const bound = this.#zh
      ? { lt: '不到 ', lte: '至多 ', gt: '多于 ', gte: '至少 ' }[op]
      : { lt: 'less than ', lte: 'at most ', gt: 'more than ', gte: 'at least ' }[op];
    const side = this.#zh ? (fact.ahead ? '之后' : '之前') : fact.ahead ? ' ahead' : ' ago';
    return this.#wanted(said, `${bound}${span}${side}`);
  }

  #clock(fact: Fact & { test: 'clock' }): string {
    const time = (minutes: number): string =>
      [Math.floor(minutes / 60), minutes % 60].map((part) => String(part).padStart(2, '0')).join(':');
    const zone = fact.zone === 'visitor' && this.#zh ? '访客' : fact.zone;
    const said = this.#zh ? `${zone}时间 ${time(Number(fact.actual))}` : `${time(Number(fact.actual))} (${zone})`;
    if (fact.met) return said;
    const wanted: string[] = [];
    if (fact.from !== 0 || fact.to !== 1440) wanted.push(`${time(fact.from)}–${time(fact.to)}`);
    if (fact.days.length < 7) wanted.push(fact.days.join(', '));
    if (fact.workdays) wanted.push(this.#zh ? '非假日' : 'no holiday');
    return this.#wanted(said, `${fact.want ? '' : this.#zh ? '不是 ' : 'not '}${wanted.join(', ')}`);
  }

  #anniversary(fact: Fact & { test: 'anniversary' }): string {
    const said = this.#say(fact.path, fact.actual === null ? (this.#zh ? '没有值' : 'missing') : value(fact.actual));
    if (fact.met) return said;
    const [before, after] = [fact.before, fact.after].map((span) => duration(span, this.language));
    const near = this.#zh ? `周年日前 ${before}至后 ${after}` : `${before} before its anniversary to ${after} after it`;
    return this.#wanted(said, `${fact.want ? '' : this.#zh ? '不是 ' : 'not '}${near}`);
  }

  #scheduled(fact: Fact & { test: 'scheduled' }): string {
    const at = (iso: string): string => instant(iso, this.language, true);
    const from = fact.from === null ? '' : this.#zh ? `自 ${at(fact.from)} 起` : ` from ${at(fact.from)}`;
    const end = fact.end === null ? '' : this.#zh ? `至 ${at(fact.end)} 止` : ` until ${at(fact.end)}`;
    const planned = this.#zh ? `排期${from}${end}` : `scheduled${from}${end}`;
    if (fact.met) return planned;
    return this.#zh ? `${planned}，现在不在其中` : `${planned}, and this is another time`;
  }

  #counted(fact: Fact & { test: 'count' }): string {
    const { least, most, kept, met, want } = fact;
    const subject = `${this.#occurrence(fact.feature)}${this.#window(fact.within, fact.session)}`;
    const seen = Number(fact.actual) || 0;
    // Only so many are remembered: there may have been more.
    const more = kept !== null && seen >= kept;
    const times = this.#zh ? `${more ? '至少 ' : ''}${seen} 次` : `${more ? 'at least ' : ''}${seen}`;
    if (met) return this.#say(subject, times);
    if (want && seen < least) {
      return this.#say(subject, this.#zh ? `${seen} 次，需要 ${least} 次` : `${times} of ${least}`);
    }
    const atMost = (count: number): string => (this.#zh ? `至多 ${count} 次` : `at most ${count}`);
    const fewer = least <= 1 ? (this.#zh ? '没有' : 'none') : this.#zh ? `少于 ${least} 次` : `fewer than ${least}`;
    const over = (count: number): string => (this.#zh ? `多于 ${count} 次` : `more than ${count}`);
    let wanted: string;
    if (want) wanted = most ? atMost(most) : this.#zh ? '没有' : 'none';
    else if (most === null) wanted = fewer;
    else wanted = least === 0 ? over(most) : `${fewer}${this.#zh ? '或' : ' or '}${over(most)}`;
    return this.#wanted(this.#say(subject, times), wanted);
  }

  #aged(fact: Fact & { test: 'age' }): string {
    const subject = this.#occurrence(fact.feature);
    const op = fact.want ? fact.is.op : OPPOSITE[fact.is.op];
    const limit = duration(fact.is.value, this.language);
    const wanted = this.#zh
      ? { lt: `不到 ${limit}前`, lte: `${limit}以内`, gt: `早于 ${limit}前`, gte: `至少 ${limit}前` }[op]
      : { lt: `less than ${limit} ago`, lte: `at most ${limit} ago`, gt: `more than ${limit} ago`, gte: `at least ${limit} ago` }[op];
    const age = typeof fact.actual === 'number' ? duration(fact.actual, this.language) : null;
    const found = age === null ? (this.#zh ? '从未' : 'never') : this.#zh ? `${age}前` : `${age} ago`;
    const said = this.#say(subject, found);
    return fact.met ? said : this.#wanted(said, wanted);
  }

  #sequence(fact: Fact & { test: 'sequence' }): string {
    const { steps = [], without = [] } = fact.feature;
    const then = this.#zh ? '，然后 ' : ', then ';
    let subject = `${steps.map((step) => this.#matcher(step)).join(then)}${this.#window(fact.within, false)}`;
    if (without.length > 0) {
      const none = without.map((matcher) => this.#matcher(matcher)).join(this.#zh ? ' 或 ' : ' or ');
      subject += this.#zh ? `，其后没有 ${none}` : ` and no ${none} since`;
    }
    const happened = this.#zh ? '发生过' : 'it happened';
    const not = this.#zh ? '没有发生' : 'it did not happen';
    const taken = Number(fact.actual) || 0;
    if (fact.truth === 'true') return this.#say(subject, fact.met ? happened : this.#wanted(happened, this.#zh ? '没有' : 'not'));
    if (fact.met || (taken < steps.length && steps.length === 1)) return this.#say(subject, not);
    if (taken < steps.length) {
      return this.#say(subject, this.#zh ? `走了 ${taken} 步，共 ${steps.length} 步` : `${taken} of ${steps.length} steps`);
    }
    if (fact.idle !== null && fact.until) {
      const idle = duration(fact.idle, this.language);
      return this.#say(subject, this.#zh ? `${happened}，但还不到 ${idle}` : `${happened}, but less than ${idle} ago`);
    }
    return this.#say(subject, this.#zh ? `${happened}，但时间更早` : `${happened}, but longer ago`);
  }

  #stage(fact: Fact & { test: 'stage' }): string {
    const { least, most } = fact;
    const found = typeof fact.actual === 'string'
      ? this.#zh ? `阶段是 ${fact.actual}` : `the stage is ${fact.actual}`
      : this.#zh ? '不在任何阶段' : 'in no stage';
    if (fact.met) return found;
    let wanted = least;
    if (most === null) wanted = this.#zh ? `${least} 或其后` : `${least} or later`;
    else if (most !== least) wanted = this.#zh ? `${least} 到 ${most}` : `${least} to ${most}`;
    const any = fact.want ? '' : this.#zh ? '不是 ' : 'any but ';
    return this.#wanted(found, `${this.#zh ? ' ' : ''}${any}${wanted}`);
  }

  /** A feature by its name, or by what it is. */
  #feature(feature: Feature): string {
    if (feature.name !== null) return `features.${feature.name}`;
    const on = this.#occurrence(feature);
    let window = this.#window(feature.within ?? null, false);
    if (feature.after) {
      const after = duration(feature.after, this.language);
      window += this.#zh ? `，至少 ${after}前` : `, ${after} ago at least`;
    }
    if (feature.kind === 'streak') {
      const per = feature.per ?? 'day';
      const period = this.#zh ? { day: '天', week: '周', month: '个月' }[per] : `${per}s`;
      return this.#zh ? `${on} 连续的${period}数` : `${period} in a row with ${on}`;
    }
    if (feature.kind === 'items' || feature.kind === 'points') {
      const all = (feature.steps ?? []).map((step) => this.#matcher(step)).join(', ');
      if (feature.kind === 'points') return this.#zh ? `${all} 的积分` : `points of ${all}`;
      return this.#zh ? `${all} 的列表` : `items of ${all}`;
    }
    const made = {
      avg: ['average', '平均值'], min: ['least', '最小值'], max: ['greatest', '最大值'],
      distinct: ['number of different values', '不同值的个数'], top: ['most frequent', '最常见的值'],
    } as Record<string, [string, string]>;
    const merged = made[feature.kind];
    if (merged) {
      const of = feature.property ? `${feature.property} of ` : '';
      return this.#zh ? `${on}${window} 的 ${feature.property ?? ''} ${merged[1]}` : `${merged[0]} ${of}${on}${window}`;
    }
    if (feature.kind === 'sum') return this.#zh ? `${on}${window} 的 ${feature.property} 之和` : `sum of ${feature.property} of ${on}${window}`;
    if (feature.kind === 'times') return this.#zh ? `${on}${window} 的次数` : `count of ${on}${window}`;
    if (feature.property) return this.#zh ? `${on} 的 ${feature.property}` : `${feature.property} of the ${on}`;
    return on;
  }

  /** What happens, such as `last Order Completed`. */
  #occurrence(feature: Feature): string {
    const on = feature.on ? this.#matcher(feature.on) : '';
    if (feature.kind === 'first') return this.#zh ? `首次 ${on}` : `first ${on}`;
    if (feature.kind === 'last') return this.#zh ? `最近一次 ${on}` : `last ${on}`;
    return on;
  }

  #matcher({ event, where }: Matcher): string {
    const name = event ?? (this.#zh ? '任何事件' : 'any event');
    if (where === null) return name;
    return this.#zh ? `${name}（${this.#condition(where)}）` : `${name} where ${this.#condition(where)}`;
  }

  /** A condition on an event. */
  #condition(condition: Condition): string {
    if (condition === null) return '?';
    const joined = (parts: Condition[], between: string): string => {
      const said = parts.map((part) => this.#condition(part));
      return said.length > 1 ? `(${said.join(between)})` : said.join('');
    };
    if ('all' in condition) return joined(condition.all, this.#zh ? ' 且 ' : ' and ');
    if ('any' in condition) return joined(condition.any, this.#zh ? ' 或 ' : ' or ');
    if ('channel' in condition) {
      const all = condition.channel.join(this.#zh ? ' 或 ' : ' or ');
      return this.#zh ? `渠道是 ${all}` : `the channel is ${all}`;
    }
    if ('not' in condition) return `${this.#zh ? '非 ' : 'not '}${this.#condition(condition.not)}`;
    const { path, is } = condition;
    if ('ref' in is || is.op in SIGNS && is.op !== 'in') {
      return `${path} ${SIGNS[is.op]} ${'ref' in is ? is.ref : value(is.value as Json)}`;
    }
    return `${path} ${this.#zh ? '' : 'is '}${this.#wish(is, true)}`;
  }

  #window(within: number | null, session: boolean): string {
    let said = '';
    if (within !== null) {
      const span = duration(within, this.language);
      said += this.#zh ? `，最近 ${span}内` : ` in the last ${span}`;
    }
    if (session) said += this.#zh ? '，本次会话中' : ' in this session';
    return said;
  }

  #oneOf(values: Json): string {
    return `${this.#zh ? '以下之一 ' : 'one of '}${list(values)}`;
  }

  #noneOf(values: Json): string {
    return `${this.#zh ? '不是以下任何一个 ' : 'none of '}${list(values)}`;
  }
}

/** A value as JSON, short. */
function value(json: Json): string {
  const MOST = 60;
  const text = JSON.stringify(json);
  return text.length > MOST ? `${text.slice(0, MOST)}…` : text;
}

function list(values: Json): string {
  /** Values shown of a long list. */
  const MOST = 8;
  if (!Array.isArray(values)) return value(values);
  const said = values.slice(0, MOST).map(value);
  return values.length > MOST ? [...said, '…'].join(', ') : said.join(', ');
}
