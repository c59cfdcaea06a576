//! The schedule that failed, as a table, a Mermaid diagram and an SVG.

use core::fmt::Write as _;
use std::{borrow::ToOwned, format, string::String, vec::Vec};

/// No line of a table is wider.
const WIDTH: usize = 120;
/// With more columns than this, nothing in them could be read.
const MOST_COLUMNS: usize = 6;

/// What the tasks of a failing schedule did, in order: a [`Report`](super::Report) has it, and the
/// chapter [`guide::checking`](crate::guide::checking) shows one.
#[derive(Clone, Debug, Default)]
pub struct Timeline {
    pub(super) columns: Vec<String>,
    pub(super) rows: Vec<Row>,
}

#[derive(Clone, Debug)]
pub(super) struct Row {
    pub(super) column: usize,
    pub(super) step: Step,
    /// The line of the user's that did it, if it is known.
    pub(super) place: Option<String>,
}

#[derive(Clone, Debug)]
#[cfg_attr(not(selvedge_loom), expect(dead_code, reason = "models make them"))]
pub(super) enum Step {
    /// Something to an object.
    Did {
        object: String,
        what: String,
    },
    /// A line of the user's own.
    Noted(String),
    /// Woke the task of that column.
    Woke(usize),
    Sleeps,
    GoesOn,
    /// Went wrong, with what text.
    Failed(String),
}

impl Timeline {
    fn name(&self, column: usize) -> &str {
        self.columns.get(column).map_or("?", String::as_str)
    }

    /// Whether row `index` is a sleep that nobody ends.
    fn is_for_ever(&self, index: usize) -> bool {
        let column = self.rows[index].column;
        matches!(self.rows[index].step, Step::Sleeps)
            && self.rows[index + 1..].iter().all(|row| row.column != column)
            && !self.rows[index + 1..]
                .iter()
                .any(|row| matches!(row.step, Step::Woke(woken) if woken == column))
    }

    fn text(&self, index: usize) -> String {
        match &self.rows[index].step {
            Step::Did { object, what } => format!("{object} {what}"),
            Step::Noted(text) => text.clone(),
            Step::Woke(column) if *column == self.rows[index].column => "wakes itself".to_owned(),
            Step::Woke(column) => format!("wakes {}", self.name(*column)),
            Step::Sleeps if self.is_for_ever(index) => "SLEEPS FOR EVER".to_owned(),
            Step::Sleeps => "sleeps".to_owned(),
            Step::GoesOn => "goes on".to_owned(),
            Step::Failed(text) => format!("FAILS: {}", text.lines().next().unwrap_or_default()),
        }
    }

    /// A column a task, a row a step, and the line of code if it is known; no line is wider than
    /// 120 columns. Of many tasks there is one column that says who.
    #[must_use]
    pub fn table(&self) -> String {
        if self.columns.len() > MOST_COLUMNS {
            return self.list();
        }
        const AT: &str = "at";
        let texts: Vec<_> = (0..self.rows.len()).map(|index| self.text(index)).collect();
        let at = self.rows.iter().filter_map(|row| row.place.as_ref()).map(|at| at.chars().count());
        let at = at.max().unwrap_or(0).min(24);
        let room = WIDTH - 4 - if at > 0 { at + 3 } else { 0 };
        let columns = self.columns.len().max(1);
        let wants: Vec<_> = (0..self.columns.len())
            .map(|column| {
                let own = self.rows.iter().zip(&texts).filter(|(row, _)| row.column == column);
                let widest = own.map(|(_, text)| text.chars().count()).max().unwrap_or(0);
                widest.max(self.name(column).chars().count())
            })
            .collect();
        let widths = share(&wants, room.saturating_sub(3 * columns));

        let mut out = String::from("  # ");
        for (column, width) in widths.iter().enumerate() {
            let _ = write!(out, "| {:<width$} ", cut(self.name(column), *width));
        }
        if at > 0 {
            let _ = write!(out, "| {AT}");
        }
        out.push_str("\n----");
        for width in &widths {
            let _ = write!(out, "+{}", "-".repeat(width + 2));
        }
        if at > 0 {
            let _ = write!(out, "+{}", "-".repeat(at + 1));
        }
        for (index, row) in self.rows.iter().enumerate() {
            let _ = write!(out, "\n{:>3} ", index + 1);
            for (column, width) in widths.iter().enumerate() {
                let text = if column == row.column { &*texts[index] } else { "" };
                let _ = write!(out, "| {:<width$} ", cut(text, *width));
            }
            if at > 0 {
                let _ = write!(out, "| {}", cut(row.place.as_deref().unwrap_or(""), at));
            }
        }
        out.lines().fold(String::new(), |table, line| table + line.trim_end() + "\n")
    }

    /// The table of many tasks: who, what, and where.
    fn list(&self) -> String {
        let width = |texts: &mut dyn Iterator<Item = usize>, most: usize| {
            texts.max().unwrap_or(0).min(most)
        };
        let who = width(&mut self.columns.iter().map(|name| name.chars().count()), 30);
        let what = (0..self.rows.len()).map(|index| self.text(index)).collect::<Vec<_>>();
        let wide = width(&mut what.iter().map(|text| text.chars().count()), WIDTH - who - 34);
        let mut out = format!("  # | {:<who$} | {:<wide$} | at\n", "who", "what");
        let _ = writeln!(out, "----+-{}-+-{}-+----", "-".repeat(who), "-".repeat(wide));
        for (index, (row, what)) in self.rows.iter().zip(&what).enumerate() {
            let name = cut(self.name(row.column), who);
            let at = cut(row.place.as_deref().unwrap_or(""), 24);
            let line =
                format!("{:>3} | {name:<who$} | {:<wide$} | {at}", index + 1, cut(what, wide));
            let _ = writeln!(out, "{}", line.trim_end());
        }
        out
    }

    /// At which step it went wrong, and a sentence for each task that sleeps for ever: on what, and
    /// who touched that last.
    #[must_use]
    pub fn verdict(&self) -> Vec<String> {
        let failed =
            (0..self.rows.len()).filter(|index| matches!(self.rows[*index].step, Step::Failed(_)));
        let failed = failed.map(|index| {
            format!(
                "It went wrong in step {}, in {}.",
                index + 1,
                self.name(self.rows[index].column)
            )
        });
        let for_ever = (0..self.rows.len()).filter(|index| self.is_for_ever(*index));
        failed.chain(for_ever.map(|index| self.sleeper(index))).collect()
    }

    /// What is to be said of a sleep that nobody ends.
    fn sleeper(&self, index: usize) -> String {
        let column = self.rows[index].column;
        let (name, step) = (self.name(column), index + 1);
        let on = self.rows[..index].iter().rev().find_map(|row| match &row.step {
            Step::Did { object, .. } if row.column == column => Some(object),
            _ => None,
        });
        let Some(on) = on else { return format!("{name} sleeps for ever from step {step} on.") };
        let last = self.rows.iter().enumerate().rev().find(|(_, row)| {
            row.column != column && matches!(&row.step, Step::Did { object, .. } if object == on)
        });
        match last {
            Some((at, row)) => format!(
                "{name} sleeps for ever from step {step} on, on {on}, which {} touched last, in \
                 step {}: {}.",
                self.name(row.column),
                at + 1,
                self.text(at),
            ),
            None => format!(
                "{name} sleeps for ever from step {step} on, on {on}, which nobody else touched."
            ),
        }
    }

    /// A Mermaid sequence diagram.
    #[must_use]
    pub fn mermaid(&self) -> String {
        let mut out = String::from("sequenceDiagram\n");
        for (column, name) in self.columns.iter().enumerate() {
            let _ = writeln!(out, "    participant T{column} as {name}");
        }
        for (index, Row { column, step, .. }) in self.rows.iter().enumerate() {
            let _ = match step {
                Step::Woke(other) => writeln!(out, "    T{column}-->>T{other}: wakes"),
                _ => writeln!(out, "    Note over T{column}: {}", self.text(index)),
            };
        }
        out
    }

    /// A picture that stands alone: a lifeline a task, a box a step, an arrow a wake-up, grey for
    /// sleep and red for sleep without an end.
    #[must_use]
    pub fn svg(&self) -> String {
        const LANE: usize = 250;
        const STEP: usize = 26;
        const TOP: usize = 40;
        let x = |column: usize| 50 + column * LANE + LANE / 2;
        let y = |index: usize| TOP + STEP * (index + 1);
        let (width, height) = (60 + LANE * self.columns.len(), TOP + STEP * (self.rows.len() + 2));

        let mut out = format!(
            "<svg xmlns='http://www.w3.org/2000/svg' width='{width}' height='{height}' \
             font-family='monospace' font-size='12'><defs><marker id='a' orient='auto' \
             markerWidth='8' markerHeight='8' refX='7' refY='4'><path d='M0 0L8 4L0 8z' \
             fill='#c33'/></marker></defs><rect width='{width}' height='{height}' fill='#fff'/>"
        );
        for (column, name) in self.columns.iter().enumerate() {
            let (x, name) = (x(column), escape(&cut(name, 32)));
            let _ = write!(
                out,
                "<text x='{x}' y='22' text-anchor='middle' font-weight='bold'>{name}</text>\
                 <line x1='{x}' y1='30' x2='{x}' y2='{height}' stroke='#ccc'/>"
            );
        }
        for (index, row) in self.rows.iter().enumerate() {
            let (x, y, number) = (x(row.column), y(index), index + 1);
            let _ = write!(out, "<text x='8' y='{}' fill='#999'>{number}</text>", y + 4);
            match &row.step {
                Step::Woke(other) if *other != row.column => {
                    let to = 50 + other * LANE + LANE / 2;
                    let _ = write!(
                        out,
                        "<line x1='{x}' y1='{y}' x2='{to}' y2='{y}' stroke='#c33' \
                         marker-end='url(#a)'/>"
                    );
                }
                Step::Sleeps => {
                    let for_ever = self.is_for_ever(index);
                    let fill = if for_ever { "#e55" } else { "#bbb" };
                    let woken = self.rows[index..].iter().position(|later| {
                        later.column == row.column && matches!(later.step, Step::GoesOn)
                    });
                    let tall = woken.map_or(height - y, |rows| rows * STEP);
                    let left = x - 3;
                    let _ = write!(
                        out,
                        "<rect x='{left}' y='{y}' width='6' height='{tall}' fill='{fill}'/>"
                    );
                    if for_ever {
                        let _ = write!(
                            out,
                            "<text x='{}' y='{}' fill='#c33'>sleeps for ever</text>",
                            x + 8,
                            y + 4
                        );
                    }
                }
                Step::GoesOn => {}
                Step::Did { .. } | Step::Noted(_) | Step::Woke(_) | Step::Failed(_) => {
                    let fill = match row.step {
                        Step::Failed(_) => "#fdd",
                        _ => "#eef3ff",
                    };
                    let (left, top, wide) = (x - LANE / 2 + 6, y - 10, LANE - 12);
                    let text = escape(&cut(&self.text(index), 32));
                    let _ = write!(
                        out,
                        "<rect x='{left}' y='{top}' width='{wide}' height='20' rx='4' \
                         fill='{fill}' stroke='#88a'/><text x='{x}' y='{}' \
                         text-anchor='middle'>{text}</text>",
                        y + 4
                    );
                }
            }
        }
        out + "</svg>\n"
    }
}

/// Parts `room` among columns that want so much: who wants less than an equal share gets it, and
/// leaves the rest to the others.
fn share(wants: &[usize], room: usize) -> Vec<usize> {
    let mut widths = wants.to_vec();
    while widths.iter().sum::<usize>() > room {
        // The widest give, one at a time: at most a few hundred turns.
        let Some(widest) = widths.iter_mut().max() else { break };
        *widest -= 1;
    }
    widths
}

/// The first `width` characters, the last of them a dot if there are more.
fn cut(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        text.to_owned()
    } else {
        text.chars().take(width.saturating_sub(1)).chain(['…']).collect()
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lost() -> Timeline {
        let did = |column, what: &str| Row {
            column,
            step: Step::Did { object: "semaphore#1".into(), what: what.into() },
            place: Some("looms.rs:7".into()),
        };
        Timeline {
            columns: Vec::from(["holder".to_owned(), "stayer".to_owned()]),
            rows: Vec::from([
                did(0, "acquired"),
                did(1, "queued"),
                Row { column: 1, step: Step::Sleeps, place: None },
                did(0, "released"),
            ]),
        }
    }

    /// A lost wake-up reads like one.
    #[test]
    fn who_sleeps_for_ever_is_named() {
        let table = lost().table();
        assert!(table.contains("SLEEPS FOR EVER"), "{table}");
        assert_eq!(
            lost().verdict(),
            [
                "stayer sleeps for ever from step 3 on, on semaphore#1, which holder touched last, in \
              step 4: semaphore#1 released."
            ]
        );
        assert!(table.lines().nth(2).is_some_and(|row| row.ends_with("| looms.rs:7")), "{table}");
        assert!(lost().svg().contains("sleeps for ever"));
        assert!(lost().mermaid().starts_with("sequenceDiagram"));
    }

    /// A wide table is cut to fit.
    #[test]
    fn no_line_is_wider_than_120_columns() {
        let mut wide = lost();
        wide.columns = (0..5).map(|n| format!("a task with a long name, {n}").repeat(3)).collect();
        assert!(wide.table().lines().all(|line| line.chars().count() <= WIDTH));
        wide.columns.extend(["six".to_owned(), "seven".to_owned()]);
        let list = wide.table();
        assert!(list.lines().all(|line| line.chars().count() <= WIDTH), "{list}");
        assert!(list.contains("| semaphore#1 acquired | looms.rs:7"), "{list}");
        assert_eq!(share(&[5, 50, 40], 60), [5, 28, 27]);
    }

    /// What panics is named with its step.
    #[test]
    fn the_step_at_which_it_went_wrong_is_named() {
        let mut failed = lost();
        let step = Step::Failed("left: 1\nright: 2".into());
        failed.rows.push(Row { column: 0, step, place: None });
        assert_eq!(failed.verdict()[0], "It went wrong in step 5, in holder.");
        assert!(failed.table().contains("FAILS: left: 1"));
        assert!(failed.svg().contains("#fdd"));
    }
}
