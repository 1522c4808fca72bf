//! How dates are written.

use waymark_engine::program::{DatePart, DateUnit};

use super::{language, region};

struct Names {
    /// The pattern of a date without a time.
    plain: &'static str,
    months: &'static str,
    short_months: &'static str,
    /// From Monday on.
    days: &'static str,
    short_days: &'static str,
    halves: &'static str,
}

const ENGLISH: Names = Names {
    plain: "d MMMM yyyy",
    months: "January February March April May June July August September October November December",
    short_months: "Jan Feb Mar Apr May Jun Jul Aug Sept Oct Nov Dec",
    days: "Monday Tuesday Wednesday Thursday Friday Saturday Sunday",
    short_days: "Mon Tue Wed Thu Fri Sat Sun",
    halves: "am pm",
};

const AMERICAN: Names = Names {
    plain: "MMMM d, yyyy",
    short_months: "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec",
    halves: "AM PM",
    ..ENGLISH
};

const CHINESE: Names = Names {
    plain: "yyyy年M月d日",
    months: "一月 二月 三月 四月 五月 六月 七月 八月 九月 十月 十一月 十二月",
    short_months: "1月 2月 3月 4月 5月 6月 7月 8月 9月 10月 11月 12月",
    days: "星期一 星期二 星期三 星期四 星期五 星期六 星期日",
    short_days: "周一 周二 周三 周四 周五 周六 周日",
    halves: "上午 下午",
};

const GERMAN: Names = Names {
    plain: "d. MMMM yyyy",
    months: "Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
    short_months: "Jan. Feb. März Apr. Mai Juni Juli Aug. Sept. Okt. Nov. Dez.",
    days: "Montag Dienstag Mittwoch Donnerstag Freitag Samstag Sonntag",
    short_days: "Mo. Di. Mi. Do. Fr. Sa. So.",
    halves: "AM PM",
};

const FRENCH: Names = Names {
    plain: "d MMMM yyyy",
    months: "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
    short_months: "janv. févr. mars avr. mai juin juil. août sept. oct. nov. déc.",
    days: "lundi mardi mercredi jeudi vendredi samedi dimanche",
    short_days: "lun. mar. mer. jeu. ven. sam. dim.",
    halves: "AM PM",
};

const SPANISH: Names = Names {
    plain: "d 'de' MMMM 'de' yyyy",
    months: "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
    short_months: "ene feb mar abr may jun jul ago sept oct nov dic",
    days: "lunes martes miércoles jueves viernes sábado domingo",
    short_days: "lun mar mié jue vie sáb dom",
    halves: "a.\u{a0}m. p.\u{a0}m.",
};

const JAPANESE: Names = Names {
    plain: "yyyy年M月d日",
    months: "1月 2月 3月 4月 5月 6月 7月 8月 9月 10月 11月 12月",
    short_months: "1月 2月 3月 4月 5月 6月 7月 8月 9月 10月 11月 12月",
    days: "月曜日 火曜日 水曜日 木曜日 金曜日 土曜日 日曜日",
    short_days: "月 火 水 木 金 土 日",
    halves: "午前 午後",
};

fn names_of(locale: &str) -> Names {
    match (language(locale), region(locale)) {
        ("en", Some("us")) => AMERICAN,
        ("zh", _) => CHINESE,
        ("de", _) => GERMAN,
        ("fr", _) => FRENCH,
        ("es", _) => SPANISH,
        ("ja", _) => JAPANESE,
        _ => ENGLISH,
    }
}

/// The parts of a pattern of Unicode's (UTS 35, "Date Format Patterns"), or what is wrong with it.
/// Without one, a date as the language writes it.
pub(crate) fn date(locale: &str, pattern: Option<&str>) -> Result<Vec<DatePart>, String> {
    let names = names_of(locale);
    let mut parts = Vec::new();
    let mut rest = pattern.unwrap_or(names.plain);
    while let Some(first) = rest.chars().next() {
        let run = rest.find(|c| c != first).unwrap_or(rest.len());
        if first == '\'' {
            rest =
                quoted(&rest[1..], &mut parts).ok_or("a quote in a date's pattern has no end")?;
            continue;
        }
        if first.is_ascii_alphabetic() {
            let part = field(first, run, &names).ok_or_else(|| {
                let known = "yyyy yy M MM MMM MMMM d dd EEE EEEE H HH h hh mm ss a";
                format!("{} is no part of a date; parts are {known}", &rest[..run])
            })?;
            parts.push(part);
        } else {
            literal(&mut parts, &rest[..run]);
        }
        rest = &rest[run..];
    }
    if parts.iter().all(|part| matches!(part, DatePart::Literal(_))) {
        return Err(
            "a date's pattern says what of the date to show: date: 'd MMMM yyyy'".to_owned()
        );
    }
    Ok(parts)
}

/// Up to the closing quote, two being one; gives what comes after it.
fn quoted<'p>(mut inside: &'p str, parts: &mut Vec<DatePart>) -> Option<&'p str> {
    // Two with nothing in between are a quote outside of any.
    if let Some(rest) = inside.strip_prefix('\'') {
        literal(parts, "'");
        return Some(rest);
    }
    loop {
        let (text, rest) = inside.split_once('\'')?;
        literal(parts, text);
        let Some(more) = rest.strip_prefix('\'') else { return Some(rest) };
        literal(parts, "'");
        inside = more;
    }
}

fn field(letter: char, length: usize, names: &Names) -> Option<DatePart> {
    let name = |unit, names: &str| DatePart::Name {
        unit,
        names: names.split(' ').map(str::to_owned).collect(),
    };
    let number = |unit, width| DatePart::Number { unit, width };
    Some(match (letter, length) {
        ('y', 1 | 4) => number(DateUnit::Year, 1),
        ('y', 2) => number(DateUnit::ShortYear, 2),
        ('M', 1) => number(DateUnit::Month, 1),
        ('M', 2) => number(DateUnit::Month, 2),
        ('M', 3) => name(DateUnit::MonthName, names.short_months),
        ('M', 4) => name(DateUnit::MonthName, names.months),
        ('d', 1) => number(DateUnit::Day, 1),
        ('d', 2) => number(DateUnit::Day, 2),
        ('E', 1..=3) => name(DateUnit::Weekday, names.short_days),
        ('E', 4) => name(DateUnit::Weekday, names.days),
        ('H', 1) => number(DateUnit::Hour, 1),
        ('H', 2) => number(DateUnit::Hour, 2),
        ('h', 1) => number(DateUnit::HalfHour, 1),
        ('h', 2) => number(DateUnit::HalfHour, 2),
        ('m', 2) => number(DateUnit::Minute, 2),
        ('s', 2) => number(DateUnit::Second, 2),
        ('a', 1) => name(DateUnit::Half, names.halves),
        _ => return None,
    })
}

fn literal(parts: &mut Vec<DatePart>, text: &str) {
    if let Some(DatePart::Literal(before)) = parts.last_mut() {
        before.push_str(text);
    } else {
        parts.push(DatePart::Literal(text.to_owned()));
    }
}
