//! The table: what was measured, beside what it is compared with.

/// The column heads.
const HEADS: [&str; 6] = ["what", "ours", "beside", "ratio", "asked", "met"];

/// One line of the table.
#[derive(Clone, Debug)]
pub struct Row {
    what: String,
    ours: String,
    beside: String,
    ratio: String,
    asked: String,
    met: &'static str,
}

impl Row {
    /// A figure that was measured, and is or is not what is asked.
    #[must_use]
    pub fn new(what: &str, ours: String, beside: String) -> Self {
        let (ratio, asked) = (String::new(), String::new());
        Self { what: what.to_string(), ours, beside, ratio, asked, met: "" }
    }

    /// Says how the two figures relate.
    #[must_use]
    pub fn ratio(self, ratio: f64) -> Self {
        Self { ratio: format!("{ratio:.2} x"), ..self }
    }

    /// Says what is asked, and whether it was met.
    #[must_use]
    pub fn asked(self, asked: &str, met: bool) -> Self {
        Self { asked: asked.to_string(), met: if met { "yes" } else { "NO" }, ..self }
    }

    /// Says what is asked of machines other than this one.
    #[must_use]
    pub fn asked_elsewhere(self, asked: &str) -> Self {
        Self { asked: asked.to_string(), met: "not judged here", ..self }
    }

    /// A line that cannot be measured here, with the reason.
    #[must_use]
    pub fn missing(what: &str, asked: &str, why: &str) -> Self {
        let row = Self::new(what, "-".to_string(), why.to_string());
        Self { asked: asked.to_string(), met: "not measured", ..row }
    }

    fn cells(&self) -> [&str; 6] {
        [&self.what, &self.ours, &self.beside, &self.ratio, &self.asked, self.met]
    }
}

/// Lays the rows out under their heads.
#[must_use]
pub fn format(rows: &[Row]) -> String {
    let lines: Vec<[&str; 6]> = std::iter::once(HEADS).chain(rows.iter().map(Row::cells)).collect();
    let mut widths = [0; 6];
    for line in &lines {
        for (width, cell) in widths.iter_mut().zip(line) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let rule = widths.map(|width| "-".repeat(width));
    let mut text = String::new();
    for (at, line) in lines.iter().enumerate() {
        push_line(&mut text, line, &widths);
        if at == 0 {
            push_line(&mut text, &rule.each_ref().map(String::as_str), &widths);
        }
    }
    text
}

fn push_line(text: &mut String, cells: &[&str; 6], widths: &[usize; 6]) {
    let padded = cells.iter().zip(widths).map(|(cell, &width)| format!("{cell:<width$}"));
    text.push_str(padded.collect::<Vec<_>>().join("  ").trim_end());
    text.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_stand_under_their_heads() {
        let rows = [
            Row::new("short", "1".into(), "another thing: 2".into())
                .ratio(0.5)
                .asked("0.6 x", false),
            Row::missing("a longer name", "1 x", "no such program"),
        ];
        let text = format(&rows);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 4);
        let column = lines[0].find("asked").unwrap();
        assert_eq!(&lines[2][column..column + 5], "0.6 x");
        assert_eq!(&lines[3][column..column + 3], "1 x");
        assert!(lines[2].ends_with("NO") && lines[3].ends_with("not measured"));
    }
}
