//! Days in the reader's language.
//!
//! A sentence carries them as machines read them, `2026-03-02`, or the first and the last of some,
//! `2026-03-02 .. 2026-03-05`; only what people read is said anew.

use super::Language;

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// What stands between the first day and the last.
const TO: &str = " .. ";

/// The first and the last of some days, or the only one.
pub(crate) fn span(first: &str, last: &str) -> String {
    if first == last { first.to_string() } else { format!("{first}{TO}{last}") }
}

/// Whether one of these values is the first and the last of some days.
pub(super) fn are_several(values: &[String]) -> bool {
    values.iter().any(|value| value.contains(TO))
}

/// Says days anew; what is none stays as it is.
pub(super) fn told(days: &str, language: Language) -> String {
    match language {
        Language::Chinese => days.replace(TO, " 至 "),
        Language::English => days.split(TO).map(english).collect::<Vec<String>>().join(" to "),
    }
}

fn english(day: &str) -> String {
    let parts: Vec<&str> = day.split('-').collect();
    let [year, month, date] = parts.as_slice() else { return day.to_string() };
    let number = |text: &str| text.parse::<usize>().ok();
    let name = number(month).and_then(|month| MONTHS.get(month.checked_sub(1)?));
    match (name, number(date)) {
        (Some(name), Some(date)) => format!("{date} {name} {year}"),
        _ => day.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::messages::{Message, Said};

    #[test]
    fn days_are_said_as_people_write_them_and_kept_for_machines() {
        let days = span("2026-03-02", "2026-03-05");
        let said = Said::new(Message::LookLate, &[&days, "2026-11-27", "270"]);
        let english = said.to_text(Language::English);
        assert!(
            english
                .starts_with("The files whose time can be read say 2 March 2026 to 5 March 2026; "),
            "{english}"
        );
        let logged = "logged only on 27 November 2026, up to 270 days later. Before that";
        assert!(english.contains(logged), "{english}");
        let chinese = said.to_text(Language::Chinese);
        assert!(
            chinese.starts_with(
                "能读出时间的文件自称 2026-03-02 至 2026-03-05，按同一时钟直到 2026-11-27"
            ),
            "{chinese}"
        );
        assert!(chinese.contains("才记入日志，最多晚了 270 天；此前"), "{chinese}");
        let json = said.to_json(Language::Chinese);
        assert_eq!(json["values"][0], "2026-03-02 .. 2026-03-05");
        assert_eq!(json["code"], "look-late", "machines know it by one name");
        let late = |days: &str| Said::new(Message::LookLate, &["2026-03-02", "2026-03-03", days]);
        let english_of = |days: &str| late(days).to_text(Language::English);
        assert!(
            english_of("1").contains("on 3 March 2026, 1 day later. Before"),
            "{}",
            english_of("1")
        );
        assert!(
            english_of("11").contains("on 3 March 2026, 11 days later. Before"),
            "{}",
            english_of("11")
        );
        let chinese = late("1").to_text(Language::Chinese);
        assert!(chinese.contains("才记入日志，晚了 1 天；此前"), "{chinese}");
        assert_eq!(span("2026-03-02", "2026-03-02"), "2026-03-02");
        for odd in ["", "2026-13-02", "2026-00-02", "a day", "253402300800 s"] {
            assert_eq!(told(odd, Language::English), odd);
        }
    }
}
