// What the page says, in each of its languages.

export type Language = 'en' | 'zh';

const en = {
  title: 'Waymark Studio',
  studio: 'Studio',
  skip: 'Skip to what they see',
  panes: 'Panes',
  loading: 'Loading…',
  open: 'Open…',
  save: 'Save',
  pack: 'Rule pack',
  visitor: 'Visitor',
  result: 'What they see',
  problems: 'Problems',
  noProblems: 'None found. This pack can go live.',
  moreProblems: (count: number) => `and ${count} more`,
  stateCost: 'Remembered of a visitor, at most',
  pageCost: 'Downloaded by a page',
  ready: 'No errors',
  warnings: (count: number) => (count === 1 ? '1 warning' : `${count} warnings`),
  errors: (count: number) => (count === 1 ? '1 error' : `${count} errors`),
  editorLabel: 'The rule pack, JSON with comments',
  applyMend: (text: string) => `Write ${text}`,
  at: (line: number, column: number) => `line ${line}, column ${column}`,
  journey: 'Journey',
  journeyHint: 'Events in the order they arrived. Open one to change it.',
  noEvents: 'Nothing has happened yet.',
  earlierEvents: (count: number) => `${count} earlier events are not listed`,
  clear: 'Start over',
  cleared: 'The journey is empty.',
  time: 'Time (UTC)',
  gap: 'Next event',
  addEvent: 'Add an event',
  added: (event: string) => `Added: ${event}`,
  remove: (event: string) => `Remove ${event}`,
  raw: 'Edit as text (NDJSON)',
  journeyText: 'The journey as NDJSON, one event a line',
  rejected: (line: number) => `Line ${line}`,
  entered: (segment: string) => `enters ${segment}`,
  left: (segment: string) => `leaves ${segment}`,
  moved: (stage: string | null) => (stage ? `stage ${stage}` : 'no stage'),
  reordered: 'put into its place',
  late: 'late',
  duplicate: 'was there already',
  page: 'The page they are on',
  noContext: 'This pack reads nothing of the page itself.',
  unset: 'not set',
  locale: 'Visitor’s language',
  moment: 'They look',
  atOnce: 'right after',
  later: (span: string) => `${span} later`,
  consent: 'Consent',
  personalization: 'Personalization',
  analytics: 'Analytics',
  marketing: 'Marketing',
  local: 'Everything runs in this page. Neither the pack nor the journey leaves it.',
  noResult: 'Mend the errors in the pack to see what a visitor gets.',
  stale: 'The pack has errors. This is what it showed before them.',
  stage: 'Stage',
  nextStage: (stage: string) => `Not yet ${stage}:`,
  noStages: 'This pack has no stages.',
  noStage: 'in no stage',
  segments: 'Segments',
  noSegments: 'This pack has no segments.',
  inSegment: 'in',
  notInSegment: 'not in',
  notKnown: 'cannot be known',
  notLooked: 'not looked at without consent',
  slots: 'Slots',
  noSlots: 'This pack has no slots.',
  stands: (until: string | null) => (until ? `stands until ${until} if nothing happens` : 'stands until something happens'),
  author: 'The author’s content stays.',
  byDefault: 'the slot’s default',
  by: (rule: string) => `by ${rule}`,
  priority: (priority: number) => `priority ${priority}`,
  preview: (slot: string) => `What ${slot} shows`,
  rulesOf: (slot: string) => `Rules for ${slot}`,
  noRules: 'No rule fills it.',
  moreRules: (count: number) => `and ${count} more rules`,
  image: 'image',
  outcome: {
    won: 'won',
    failed: 'does not hold',
    unknown: 'cannot be known',
    outranked: 'does not hold',
    needs: 'needs something else of another slot',
    'out-of-share': 'is for another share of the visitors',
    inactive: 'does not run',
    'held-out': 'would win, but the visitor is held out of it',
    'passed-through': 'counts the visitor and lets the next rules go on',
    limited: 'holds, but its limit is reached, or it may not be shown now',
    excluded: 'holds, but another slot shows one that excludes it',
  },
  ranked: (content: string, points: number | null) => (points === null ? `${content}: not for this visitor` : `${content}: ${points} ${points === 1 ? 'point' : 'points'}`),
  alsoHolds: (winner: string) => `holds too, but ${winner} comes first`,
  noConsent: (purpose: string) => `there is no consent for ${purpose}`,
  spoken: (stage: string, segments: string, slots: string) => `Stage: ${stage}. Segments: ${segments}. ${slots}`,
  none: 'none',
  shows: (slot: string, content: string | null) => `${slot} shows ${content ?? 'the author’s content'}.`,
  unreadable: (name: string) => `${name} could not be read.`,
  tooLarge: (name: string) => `${name} is larger than a pack may be (2 MB).`,
  crashed: 'The checker stopped, which is a fault of ours. Save your pack and reload the page.',
  noWasm: 'The checker could not be loaded. It needs a browser with WebAssembly, and a page that is served rather than opened from a file.',
  utc: 'UTC',
};

export type Words = typeof en;

const zh: Words = {
  title: 'Waymark 工作室',
  studio: '工作室',
  skip: '跳到访客看到的内容',
  panes: '窗格',
  loading: '正在载入…',
  open: '打开…',
  save: '保存',
  pack: '规则包',
  visitor: '访客',
  result: '访客看到的内容',
  problems: '问题',
  noProblems: '没有发现问题，可以上线。',
  moreProblems: (count) => `另有 ${count} 个`,
  stateCost: '每位访客最多记住',
  pageCost: '页面下载',
  ready: '没有错误',
  warnings: (count) => `${count} 个警告`,
  errors: (count) => `${count} 个错误`,
  editorLabel: '规则包，带注释的 JSON',
  applyMend: (text: string) => `改为 ${text}`,
  at: (line, column) => `第 ${line} 行第 ${column} 列`,
  journey: '旅程',
  journeyHint: '事件按到达的先后排列。点开即可修改。',
  noEvents: '还没有发生任何事。',
  earlierEvents: (count) => `更早的 ${count} 个事件未列出`,
  clear: '重新开始',
  cleared: '旅程已清空。',
  time: '时间（UTC）',
  gap: '下一个事件',
  addEvent: '添加事件',
  added: (event) => `已添加：${event}`,
  remove: (event) => `删除 ${event}`,
  raw: '以文本编辑（NDJSON）',
  journeyText: '旅程的 NDJSON 文本，每行一个事件',
  rejected: (line) => `第 ${line} 行`,
  entered: (segment) => `进入 ${segment}`,
  left: (segment) => `离开 ${segment}`,
  moved: (stage) => (stage ? `阶段 ${stage}` : '无阶段'),
  reordered: '已归位',
  late: '迟到',
  duplicate: '已有，不重复计入',
  page: '所在页面',
  noContext: '此规则包不读取页面本身的信息。',
  unset: '未设置',
  locale: '访客语言',
  moment: '查看时间',
  atOnce: '紧接着',
  later: (span) => `${span}后`,
  consent: '同意',
  personalization: '个性化',
  analytics: '分析',
  marketing: '营销',
  local: '一切都在本页内运行，规则包与旅程都不会离开本页。',
  noResult: '改正规则包中的错误后，即可看到访客得到的内容。',
  stale: '规则包有错误。以下是出错之前的结果。',
  stage: '阶段',
  nextStage: (stage) => `尚未到 ${stage}：`,
  noStages: '此规则包没有阶段。',
  noStage: '不在任何阶段',
  segments: '人群',
  noSegments: '此规则包没有人群。',
  inSegment: '属于',
  notInSegment: '不属于',
  notKnown: '无从得知',
  notLooked: '未经同意，不予查看',
  slots: '版位',
  noSlots: '此规则包没有版位。',
  stands: (until) => (until ? `若无新事件，有效至 ${until}` : '在新事件发生前一直有效'),
  author: '保留作者原有内容。',
  byDefault: '版位的默认内容',
  by: (rule) => `规则 ${rule}`,
  priority: (priority) => `优先级 ${priority}`,
  preview: (slot) => `${slot} 显示的内容`,
  rulesOf: (slot) => `${slot} 的规则`,
  noRules: '没有规则填充此版位。',
  moreRules: (count) => `另有 ${count} 条规则`,
  image: '图片',
  outcome: {
    won: '胜出',
    failed: '条件不成立',
    unknown: '无从得知',
    outranked: '条件不成立',
    needs: '其他版位的结果不符合要求',
    'out-of-share': '访客不在其份额之内',
    inactive: '未在运行',
    'held-out': '本会胜出，但访客属于对照留存组',
    'passed-through': '计入访客，并交给后面的规则',
    limited: '条件成立，但已达上限，或此时不可显示',
    excluded: '条件成立，但另一版位显示了与其互斥的规则',
  },
  ranked: (content, points) => (points === null ? `${content}：不适用于该访客` : `${content}：${points} 分`),
  alsoHolds: (winner) => `条件也成立，但 ${winner} 在先`,
  noConsent: (purpose) => `没有“${purpose}”的同意`,
  spoken: (stage, segments, slots) => `阶段：${stage}。人群：${segments}。${slots}`,
  none: '无',
  shows: (slot, content) => `${slot} 显示${content ? ` ${content}` : '作者原有内容'}。`,
  unreadable: (name) => `无法读取 ${name}。`,
  tooLarge: (name) => `${name} 超过规则包的上限（2 MB）。`,
  crashed: '检查器停止了，这是我们的错误。请先保存规则包，再重新载入本页。',
  noWasm: '无法载入检查器。需要支持 WebAssembly 的浏览器，且本页须由服务器提供，而不是直接打开文件。',
  utc: 'UTC',
};

/** Of each diagnostic, and of each reason to refuse an event, what it is, where its own sentence is in
 * another language. */
export const codes: Record<Language, Record<string, string>> = {
  en: {},
  zh: {
    'always-true': '恒真的条件',
    'many-signals': '信号过多',
    'missing-default': '缺少默认值',
    'missing-matches': '缺失时也成立',
    'purpose-not-allowed': '用途不允许',
    'unreachable-rule': '规则无法达到',
    'bad-duration': '时长写法有误',
    'bad-id': '标识不合规',
    'bad-include': '包含的文件有误',
    'bad-instant': '日期或时刻有误',
    'bad-json': 'JSON 语法有误',
    'bad-locale': '语言标签有误',
    'bad-number': '数字过大',
    'bad-program': '编译结果无法使用',
    'bad-selector': '选择器有误',
    'unsafe-attribute': '属性不安全',
    'unsafe-url': '网址不安全',
    'bad-regex': '正则表达式有误',
    'bad-share': '份额不合规',
    'bad-steps': '步骤数不合规',
    'bad-template': '模板无法解析',
    'bad-value': '此处不能用这个值',
    'bad-variations': '变体不合规',
    'bad-weights': '权重之和不为 1',
    'catalog-too-large': '商品目录过大',
    'condition-too-large': '条件过大',
    'conflicting-keys': '键互相冲突',
    'context-in-segment': '人群不能取决于所看页面',
    'contradiction': '条件永远无法成立',
    'count-too-large': '次数过大',
    'cycle': '循环引用',
    'default-reads-visitor': '默认内容读取了访客信息',
    'duplicate-id': '标识重复',
    'duplicate-key': '键重复',
    'edge-data-in-page': '页面读取了仅边缘可知的数据',
    'html-sanitized': '部分 HTML 已被移除',
    'missing-key': '缺少必需的键',
    'not-yet': '本版本尚不支持',
    'out-of-place': '运算符位置不对',
    'pack-too-large': '规则包过大',
    'program-too-large': '编译结果过大',
    'regex-too-large': '正则表达式过大',
    'schedule-over': '排期已过',
    'shadowed-rule': '规则永远轮不到',
    'template-misplaced': '此处不能插入值',
    'state-too-large': '访客状态太大',
    'too-deep': '嵌套过深',
    'too-many-rules': '规则太多',
    'unknown-attribute': '未声明的属性',
    'unknown-content': '未知的内容',
    'unknown-event': '未声明的事件',
    'unknown-experiment': '未知的实验',
    'unknown-feature': '未知的特征',
    'unknown-filter': '未知的过滤器',
    'unknown-group': '未知的分组',
    'unknown-key': '未知的键',
    'unknown-metric': '未知的指标',
    'unknown-path': '未知的路径',
    'unknown-property': '未声明的事件属性',
    'unknown-row': '未知的行',
    'unknown-segment': '未知的人群',
    'unknown-slot': '未知的版位',
    'unknown-stage': '未知的阶段',
    'unknown-table': '未知的表',
    'unknown-tier': '未知的会员等级',
    'unknown-touchpoint': '未知的触点',
    'unknown-variation': '未知的变体',
    'unused-content': '内容未被使用',
    'unused-slot': '版位没有内容',
    'wrong-slot': '内容不属于此版位',
    'wrong-type': '类型不符',
    'back-dated': '时间过早',
    'bad-consent': '同意信息无法解析',
    'bad-timestamp': '时间无法解析',
    'body-too-large': '正文过大',
    'context-too-large': '上下文过大',
    'empty-body': '正文为空',
    'event-too-large': '事件过大',
    'id-too-long': '标识过长',
    'missing-batch': '缺少 batch',
    'missing-event-name': '缺少事件名称',
    'missing-identity': '缺少访客标识',
    'missing-timestamp': '缺少时间',
    'missing-type': '缺少类型',
    'name-too-long': '名称过长',
    'not-an-object': '应为 JSON 对象',
    'too-many-events': '事件过多',
    'unknown-type': '未知的类型',
  },
};

export const words: Record<Language, Words> = { en, zh };

/** What the code editor says by itself, by its English. */
export const editorPhrases: Record<Language, Record<string, string>> = {
  en: {},
  zh: {
    'Control character': '控制字符',
    'Selection deleted': '已删除所选内容',
    Find: '查找',
    Replace: '替换',
    next: '下一个',
    previous: '上一个',
    all: '全部',
    replace: '替换',
    'replace all': '全部替换',
    'match case': '区分大小写',
    regexp: '正则表达式',
    'by word': '全字匹配',
    close: '关闭',
    'current match': '当前匹配',
    'on line': '位于行',
    'replaced match on line $': '已替换第 $ 行的匹配',
    'replaced $ matches': '已替换 $ 处',
    'Go to line': '转到行',
    go: '前往',
    Diagnostics: '问题',
    'No diagnostics': '没有问题',
  },
};

/** A language by its name, in the page's. */
export function languageName(tag: string, language: Language): string {
  try {
    const name = new Intl.DisplayNames(language === 'zh' ? 'zh-CN' : 'en', { type: 'language' }).of(tag);
    return name && name !== tag ? `${name} (${tag})` : tag;
  } catch {
    return tag;
  }
}

/** From the address (`#lang=zh`), else from the browser. */
export function preferred(): Language {
  const asked = /(?:^#|&)lang=(en|zh)\b/.exec(location.hash)?.[1];
  if (asked === 'en' || asked === 'zh') return asked;
  return navigator.language.toLowerCase().startsWith('zh') ? 'zh' : 'en';
}

const UNITS: [number, string, string][] = [
  [86_400_000, 'day', '天'], [3_600_000, 'hour', '小时'], [60_000, 'minute', '分钟'], [1_000, 'second', '秒'],
];

/** The two largest units: `60 days`, `1 day 2 hours`. */
export function duration(ms: number, language: Language): string {
  const said: string[] = [];
  let rest = Math.abs(ms);
  for (const [unit, english, chinese] of UNITS) {
    const count = Math.floor(rest / unit);
    rest %= unit;
    if (count > 0) said.push(language === 'zh' ? `${count} ${chinese}` : `${count} ${english}${count === 1 ? '' : 's'}`);
    else if (said.length > 0) break;
    if (said.length === 2) break;
  }
  return said.join(' ') || (language === 'zh' ? '0 秒' : '0 seconds');
}

/** A KB has 1,000 bytes, as the command has it. */
export function size(bytes: number, language: Language): string {
  const kilo = bytes >= 1_000;
  const number = (kilo ? bytes / 1_000 : bytes).toLocaleString(language, { maximumFractionDigits: 1 });
  return kilo ? `${number} KB` : `${number} ${language === 'zh' ? '字节' : 'bytes'}`;
}

const formats = new Map<string, Intl.DateTimeFormat>();

/** In UTC; with the year where it is not plain. */
export function instant(iso: string, language: Language, year = false): string {
  const key = `${language}${year}`;
  const format = formats.get(key) ?? new Intl.DateTimeFormat(language === 'zh' ? 'zh-CN' : 'en-GB', {
    timeZone: 'UTC', month: 'short', day: 'numeric', hour: '2-digit', minute: '2-digit', ...(year && { year: 'numeric' }),
  });
  formats.set(key, format);
  return format.format(new Date(iso));
}
