//! The report in Markdown.

use std::{collections::BTreeSet, fmt::Write};

use super::rows::{Counts, FAMILIES, Row, mark};

/// The whole page.
pub(super) fn all(machine: &str, charts: &[(&str, &str)], rows: &[Row], counts: &Counts) -> String {
    let mut page = format!(
        "# Ours against the peers\n\n\
        Written by `cargo xtask bench`; not edited. {machine}\n\
        Each row is a process of its own, in which all contestants take turns, round by round. A ratio is what the \
        peer took by what ours took in the same round, so **above 1 ours is faster**: the median of the rounds, and \
        in brackets the quarters on both sides of it. *Best* is the fastest peer that is correct and gives at least \
        our guarantee on that row; the others are shown and marked. Rows of two threads move from run to run, by half \
        and more on a machine with few or virtual cores. No figure is a condition of any test.\n\n"
    );
    for (file, title) in charts {
        let _ = writeln!(page, "![{title}: ours against each peer, as ratios]({file}.svg)\n");
    }
    page.push_str(&behind(rows));
    for (family, title) in FAMILIES {
        let here: Vec<_> = rows.iter().filter(|row| row.family() == family).collect();
        if here.is_empty() {
            continue;
        }
        let _ = write!(
            page,
            "## {title}\n\n| row | ours | best peer | ratio | the others |\n|---|--:|---|--:|---|\n"
        );
        for row in here {
            let (best, ratio) = row.best().map_or(("none".to_owned(), String::new()), |best| {
                let [low, ratio, high] = best.ratio;
                let name = format!("{} {}", best.name, nanos(best.nanos));
                (name, format!("**{}** ({} to {})", times(ratio), times(low), times(high)))
            });
            let best_name = row.best().map(|best| best.name.as_str());
            let others: Vec<_> = row
                .peers()
                .filter(|peer| Some(peer.name.as_str()) != best_name)
                .map(|peer| format!("{} {}", star(&peer.name), times(peer.ratio[1])))
                .collect();
            let ours = nanos(row.ours().nanos);
            let _ = writeln!(
                page,
                "| {} | {ours} | {best} | {ratio} | {} |",
                row.name,
                others.join(", ")
            );
        }
        page.push('\n');
    }
    page.push_str(&instructions(counts));
    page.push_str(&marks(rows));
    page
}

/// The rows on which a peer that counts is ahead.
fn behind(rows: &[Row]) -> String {
    let mut behind: Vec<_> = rows
        .iter()
        .filter_map(|row| row.best().map(|best| (row, best)))
        .filter(|(_, best)| best.ratio[1] < 1.0)
        .collect();
    behind.sort_by(|(_, one), (_, other)| one.ratio[1].total_cmp(&other.ratio[1]));
    let rated = rows.iter().filter(|row| row.best().is_some()).count();
    let ahead = rated - behind.len();
    let mut page = format!(
        "## Behind\n\nOn {ahead} of the {rated} rows with a peer that counts, ours is level or ahead. \
        On these it is not:\n\n| row | best peer | ratio | note |\n|---|---|--:|---|\n"
    );
    for (row, best) in behind {
        let [low, ratio, high] = best.ratio;
        let level = ratio >= 0.9 && row.is_parallel() || high >= 1.0;
        let mut notes = vec![row.reason()];
        if level {
            notes.push("within what such a row moves");
        }
        notes.retain(|note| !note.is_empty());
        let _ = writeln!(
            page,
            "| {} | {} | {} ({} to {}) | {} |",
            row.name,
            best.name,
            times(ratio),
            times(low),
            times(high),
            notes.join("; ")
        );
    }
    page.push('\n');
    page
}

/// Instructions an operation.
fn instructions(counts: &Counts) -> String {
    if counts.is_empty() {
        return String::new();
    }
    let mut page = String::from(
        "## Instructions an operation\n\nOf the rows that one thread runs, by callgrind: they repeat, whatever else the \
        machine does. An atomic operation counts as one, and takes as long as twenty.\n\n\
        | row | ours | best peer | the others |\n|---|--:|---|---|\n",
    );
    for (name, contestants) in counts {
        let Some(((_, ours), peers)) = contestants.split_first() else { continue };
        let counting = peers.iter().filter(|(name, _)| !name.ends_with('*'));
        let best = counting.min_by(|(_, one), (_, other)| one.total_cmp(other));
        let said = best.map_or("none".to_owned(), |(name, count)| format!("{name} {count:.0}"));
        let others: Vec<_> = peers
            .iter()
            .filter(|(name, _)| best.is_none_or(|(best, _)| best != name))
            .map(|(name, count)| format!("{} {count:.0}", star(name)))
            .collect();
        let _ = writeln!(page, "| {name} | {ours:.0} | {said} | {} |", others.join(", "));
    }
    page.push('\n');
    page
}

/// Why those with a star do not count.
fn marks(rows: &[Row]) -> String {
    let mut marks = BTreeSet::new();
    for row in rows {
        for peer in row.peers().filter(|peer| !peer.counts()) {
            let primitive = row.name.split('/').next().unwrap_or_default();
            let why = mark(&row.name, &peer.name);
            let everywhere = peer.name.contains("floor") || peer.name.starts_with("kanal");
            let place = if everywhere { "everywhere" } else { primitive };
            marks.insert((peer.name.trim_end_matches('*'), place, why));
        }
    }
    let mut page = String::from(
        "## Those with a star\n\n| who | where | why it does not count |\n|---|---|---|\n",
    );
    for (peer, place, why) in marks {
        let _ = writeln!(page, "| {peer} | {place} | {why} |");
    }
    page
}

fn star(name: &str) -> String {
    name.replace('*', "\\*")
}

fn times(ratio: f64) -> String {
    if ratio >= 10.0 { format!("{ratio:.0}") } else { format!("{ratio:.2}") }
}

fn nanos(nanos: f64) -> String {
    match nanos {
        0.0..10.0 => format!("{nanos:.1} ns"),
        10.0..10_000.0 => format!("{nanos:.0} ns"),
        _ => format!("{:.0} µs", nanos / 1000.0),
    }
}
