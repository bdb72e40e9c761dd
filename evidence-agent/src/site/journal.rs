//! What a service's journal should show: that it began, what goes wrong and when it is well again,
//! that it ended. Not a line a tick: a journal that is full of the ordinary is read by nobody.

use std::collections::BTreeMap;

use super::status::{Alarm, AlarmCode};
use crate::cli::Language;

/// Which alarms are on.
#[derive(Default)]
pub(crate) struct Journal {
    on: BTreeMap<(AlarmCode, String), String>,
}

impl Journal {
    /// Says which alarms begin and which end. Facts that change while an alarm is on, such as the
    /// seconds of a lag, are no news.
    pub(crate) fn compare(
        &mut self,
        alarms: &[Alarm],
        language: Language,
        say: &mut dyn FnMut(&str),
    ) {
        let now: BTreeMap<(AlarmCode, String), String> = alarms
            .iter()
            .map(|alarm| ((alarm.code, alarm.about.clone()), alarm.facts.clone()))
            .collect();
        for (key, facts) in &now {
            if !self.on.contains_key(key) {
                let (code, about) = key;
                let (name, advice) = (code.name(), code.advice(language));
                say(&match language {
                    Language::En => format!("ALARM {name}: {about}: {facts}. {advice}"),
                    Language::Zh => format!("告警 {name}：{about}：{facts}。{advice}"),
                });
            }
        }
        for (code, about) in self.on.keys().filter(|key| !now.contains_key(*key)) {
            say(&match language {
                Language::En => format!("over: {}: {about}", code.name()),
                Language::Zh => format!("告警解除 {}：{about}", code.name()),
            });
        }
        self.on = now;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_alarm_is_said_when_it_begins_and_when_it_ends_and_not_between() {
        let alarm = |code, about: &str, facts: &str| Alarm {
            code,
            about: about.to_string(),
            facts: facts.to_string(),
        };
        for (language, began, over) in [
            (Language::En, "ALARM lag: aoi-7: 61 s", "over: lag: aoi-7"),
            (Language::Zh, "告警 lag：aoi-7：61 s", "告警解除 lag：aoi-7"),
        ] {
            let (mut journal, mut said) = (Journal::default(), Vec::new());
            for alarms in [
                vec![],
                vec![alarm(AlarmCode::Lag, "aoi-7", "61 s")],
                vec![alarm(AlarmCode::Lag, "aoi-7", "62 s")],
                vec![alarm(AlarmCode::Lag, "oven", "9 s"), alarm(AlarmCode::Lag, "aoi-7", "63 s")],
                vec![alarm(AlarmCode::Lag, "oven", "9 s")],
            ] {
                journal.compare(&alarms, language, &mut |line| said.push(line.to_string()));
            }
            assert_eq!(said.len(), 3, "{said:?}");
            assert!(said[0].starts_with(began), "{said:?}");
            assert_eq!(said[2], over);
        }
    }
}
