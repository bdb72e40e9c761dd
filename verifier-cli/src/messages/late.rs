//! How late a record is, in the reader's language.
//!
//! The record says it in English and in seconds, and its bytes are evidence: only what people read is said
//! anew. What is not of the agent's form stays as it is.

use super::{Language, Message, Said};

/// The agent's two sentences, by what stands around their seconds.
const FORMS: [(&str, &str, Message); 2] = [
    ("seen ", " s after the time that it claims", Message::LateSeen),
    ("sealed ", " s after it was seen", Message::LateSealed),
];

/// Says anew what the field `late` holds.
pub(crate) fn told(late: &str, language: Language) -> String {
    let parts: Vec<String> = late
        .split("; ")
        .map(|part| sentence(part, language).unwrap_or_else(|| part.to_string()))
        .collect();
    parts.join(match language {
        Language::Chinese => "；",
        Language::English => "; ",
    })
}

/// How many seconds the field `late` states in all; what is of another form states none.
pub(crate) fn seconds(late: &str) -> u64 {
    let parts = late.split("; ").filter_map(number).map(|(seconds, _)| seconds);
    parts.fold(0, u64::saturating_add)
}

fn sentence(part: &str, language: Language) -> Option<String> {
    let (seconds, message) = number(part)?;
    Some(Said::new(message, &[&span(seconds, language)]).to_text(language))
}

/// The seconds in one of the agent's sentences, and which it is.
fn number(part: &str) -> Option<(u64, Message)> {
    FORMS.into_iter().find_map(|(start, end, message)| {
        let number = part.strip_prefix(start)?.strip_suffix(end)?;
        let is_number = number.bytes().all(|byte| byte.is_ascii_digit());
        Some((number.parse::<u64>().ok().filter(|_| is_number)?, message))
    })
}

/// A number of seconds as a length of time.
pub(super) fn length(seconds: &str, language: Language) -> String {
    seconds.parse().map_or_else(|_| seconds.to_string(), |seconds| span(seconds, language))
}

/// A length of time in its two largest units.
fn span(seconds: u64, language: Language) -> String {
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    let (message, large, small) = match seconds {
        86_400.. => (Message::SpanDays, days, hours % 24),
        3600.. => (Message::SpanHours, hours, minutes % 60),
        60.. => (Message::SpanMinutes, minutes, seconds % 60),
        _ => return Said::new(Message::SpanSeconds, &[&seconds.to_string()]).to_text(language),
    };
    Said::new(message, &[&large.to_string(), &small.to_string()]).to_text(language)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_long_after_its_claim_something_was_logged_is_said_in_days_and_hours() {
        let said = Said::new(Message::LoggedAfterClaim, &["1", "23392800"]);
        let english = said.to_text(Language::English);
        assert!(english.contains("of 1 statement were logged up to 270 d 18 h after"), "{english}");
        assert!(said.to_text(Language::Chinese).contains("270 天 18 小时"));
        assert_eq!(said.to_json(Language::Chinese)["values"][1], "23392800", "machines count");
        let near = Said::new(Message::SealedAfterClaim, &["12", "12"]);
        assert!(
            near.to_text(Language::English).contains("of 12 statements were sealed up to 12 s")
        );
    }

    #[test]
    fn how_late_a_record_is_is_said_in_days_and_hours_in_the_readers_language() {
        let both = "seen 23347067 s after the time that it claims; sealed 59 s after it was seen";
        for (late, english, chinese) in [
            (
                both,
                "seen 270 d 5 h after the time that it claims; sealed 59 s after it was seen",
                "自称的时间之后 270 天 5 小时才被看到；看到之后 59 秒才封入声明",
            ),
            (
                "sealed 7265 s after it was seen",
                "sealed 2 h 1 min after it was seen",
                "看到之后 2 小时 1 分钟才封入声明",
            ),
            (
                "sealed 90 s after it was seen",
                "sealed 1 min 30 s after it was seen",
                "看到之后 1 分钟 30 秒才封入声明",
            ),
        ] {
            assert_eq!(told(late, Language::English), english);
            assert_eq!(told(late, Language::Chinese), chinese);
        }
        for odd in ["", "seen s after it", "sealed +5 s after it was seen", "x; y"] {
            assert_eq!(told(odd, Language::English), odd);
            assert_eq!(seconds(odd), 0);
        }
        assert_eq!(seconds(both), 23_347_067 + 59);
        for message in [Message::FoundLate, Message::HtmlLate] {
            let said = Said::new(message, &[both, "1"]);
            let chinese = said.to_text(Language::Chinese);
            assert!(chinese.contains("270 天") && !chinese.contains("seen"), "{chinese}");
            assert_eq!(said.to_json(Language::Chinese)["values"][0], both, "as the record has it");
        }
    }
}
