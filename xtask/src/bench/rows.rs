//! The rows that were measured, and what is known about them.

use std::collections::BTreeMap;

use crate::run::root;

/// The families, in the order of the report.
pub(super) const FAMILIES: [(&str, &str); 7] = [
    ("locks", "Locks"),
    ("signals", "Signals"),
    ("cells", "Cells and counts"),
    ("channels", "Channels"),
    ("timer", "Time"),
    ("context", "Context"),
    ("decorators", "Decorators"),
];

/// The primitives of selvedge-sync that are no signals.
const LOCKS: [&str; 7] = [
    "mutex",
    "rwlock",
    "semaphore",
    "bounded_semaphore",
    "capacity_limiter",
    "condvar",
    "keyed_mutex",
];
const CELLS: [&str; 7] =
    ["once", "once_cell", "once_map", "set_once", "lazy", "latch", "wait_group"];

/// Why peers that are marked do not count; by row and peer, the first that fits.
const MARKS: [(&str, &str, &str); 23] = [
    ("", "floor", "a floor: the same work without what makes it asynchronous, shared or safe"),
    ("", "loop", "a floor: the loop around the operation, which is in each of the others too"),
    ("", "fence + load", "a floor: what no design can do without"),
    ("mpsc/one_thread/bounded_1/", "", FEWER_POLLS),
    ("mpmc/one_thread/bounded_1/", "", FEWER_POLLS),
    ("", "kanal", "loses messages when a receiver is cancelled"),
    ("mpsc", "flume", "delivers messages whose send was dropped"),
    ("mpsc", "futures", "delivers messages whose send was dropped"),
    (
        "mpmc",
        "flume",
        "delivers messages whose send was dropped; two workers and 16 senders slept for ever now and then",
    ),
    ("mutex", "futures", "starves: one task kept the lock for as long as it liked"),
    ("semaphore", "async-lock", "barges: no order among those who wait, which ours keeps"),
    ("cyclic_barrier", "", "cannot be reset or broken, and counts those who gave up"),
    ("completion", "tokio oneshot", "for one who waits, and one value; ours is for any number"),
    ("capacity_limiter", "by number", "ours, borrowed on behalf of a number: looked up in a map"),
    ("keyed_mutex", "kept for ever", "by hand: keeps an entry for each key that ever was"),
    (
        "guard",
        "with",
        "ours, with the cleanup in the caller's own future: nothing can be left over",
    ),
    ("select", "async-channel", "always prefers the first channel; ours and tokio's take turns"),
    ("queue", "tokio mpsc", "another thing: one consumer, no order but arrival, no `task_done`"),
    ("sleep", "DelayQueue", "another thing: a structure of one task, without lock or waker"),
    ("scope", "FuturesUnordered", "children of one type, not boxed; no errors, limits or ends"),
    ("task_group", "spawn+detach", "a floor: nobody waits for the tasks or learns how they ended"),
    ("handle", "executor's own", "needs that executor, and knows no other"),
    ("", "", "gives less than ours; the bench says what"),
];

/// With one place a sender that waits is to run once for each message, and so is the receiver, if a
/// dropped send is to send nothing. `cargo xtask bench cancelled` shows both.
const FEWER_POLLS: &str = "with one place: delivers messages whose send was dropped, so it takes 0.67 (kanal) or 1 \
    poll a message; 2 is the least that keeps that promise, and what ours and tokio's take";

/// Rows that are behind for a known reason; by the start of their name.
const REASONS: [(&str, &str); 14] = [
    ("wait/100", "each child has a waker of its own, which repays only if not all come at once"),
    ("wait/", "two lists are made, of what is done and of what is not; the peer gives one back"),
    ("scope", "a scope catches panics, names its children, and takes more of them while it runs"),
    (
        "task_group/yield",
        "a child that waits stands in line to be cancelled, with its task's waker",
    ),
    ("task_group/cancel", "who did not finish is in the report; the peer names nobody"),
    ("offload/at_once", "catches the panic, and can be stopped, limited or dropped unrun"),
    ("shutdown", "what has phases, cleanups, times and a report is made anew in each operation"),
    ("tracker/track", "the same four atomic operations, and a few moves more"),
    ("once_map", "entries are counted, so that none is left behind; a simpler map keeps them"),
    ("decorate/rate_limit_std", "nearly all of it is the system's clock, as it is of the peer's"),
    (
        "mpmc/two_workers/bounded_1/",
        "a task that has to wait sleeps at once, where the peer spins; spinning first took 2 to 10 times as long",
    ),
    (
        "mpmc/two_workers",
        "both sides share a lock, and two cores do no more than one, 16 ns a message; longer pauses at the lock halved \
         it; spinning before a wait (1.1 to 1.7 times as long), one call at a time (1.3), and a ring in front of the \
         lock that stops while somebody waits (1.1 to 1.5) did not help",
    ),
    (
        "mpsc/two_workers",
        "both sides share a lock; longer pauses at it made it level; spinning before a wait won 1.2 at one time and \
         lost 1.4 at another",
    ),
    ("sleep/fire_cpu", "tasks are woken from the timer's thread, tokio's from the runtime's own"),
];

/// What a contestant did on a row.
pub(super) struct Contestant {
    pub(super) name: String,
    pub(super) nanos: f64,
    /// A quarter, half and three quarters of the rounds.
    pub(super) ratio: [f64; 3],
}

impl Contestant {
    /// Whether it is correct, and gives at least our guarantee.
    pub(super) fn counts(&self) -> bool {
        !self.name.ends_with('*')
    }
}

/// A workload, ours first.
pub(super) struct Row {
    pub(super) name: String,
    pub(super) contestants: Vec<Contestant>,
}

impl Row {
    /// Which chart it is on.
    pub(super) fn family(&self) -> &'static str {
        let primitive = self.name.split('/').next().unwrap_or_default();
        let is = |path: &str| root().join(path).exists();
        if LOCKS.contains(&primitive) {
            "locks"
        } else if CELLS.contains(&primitive) {
            "cells"
        } else if primitive == "decorate" || is(&format!("context/src/decorate/{primitive}.rs")) {
            "decorators"
        } else if is(&format!("sync/src/{primitive}.rs")) {
            "signals"
        } else if is(&format!("timer/src/{primitive}.rs")) {
            "timer"
        } else if is(&format!("channel/src/{primitive}.rs")) && self.name != "select/2" {
            "channels"
        } else {
            "context"
        }
    }

    pub(super) fn ours(&self) -> &Contestant {
        &self.contestants[0]
    }

    pub(super) fn peers(&self) -> impl Iterator<Item = &Contestant> {
        self.contestants.iter().skip(1)
    }

    /// The fastest peer that counts.
    pub(super) fn best(&self) -> Option<&Contestant> {
        let peers = self.peers().filter(|peer| peer.counts());
        peers.min_by(|one, other| one.ratio[1].total_cmp(&other.ratio[1]))
    }

    /// Whether two threads take part: such rows move from run to run.
    pub(super) fn is_parallel(&self) -> bool {
        self.name.contains("two_workers") || self.name.contains("/short/")
    }

    /// Why it is behind, if that is known.
    pub(super) fn reason(&self) -> &'static str {
        let known = REASONS.iter().find(|(start, _)| self.name.starts_with(start));
        known.map_or("", |(_, reason)| reason)
    }
}

/// Why a peer that is marked does not count.
pub(super) fn mark(row: &str, peer: &str) -> &'static str {
    let known = MARKS.iter().find(|(start, part, _)| row.starts_with(start) && peer.contains(part));
    known.map_or("", |(.., why)| why)
}

/// The rows in `times.tsv`.
pub(super) fn read(text: &str) -> Result<Vec<Row>, String> {
    let mut rows: Vec<Row> = Vec::new();
    for line in text.lines() {
        let wrong = || format!("not a row: {line}");
        let fields: Vec<_> = line.split('\t').collect();
        let [name, contestant, figures @ ..] = &fields[..] else { return Err(wrong()) };
        let figures = figures.iter().map(|figure| figure.parse::<f64>().map_err(|_| wrong()));
        let figures = figures.collect::<Result<Vec<_>, _>>()?;
        let &[nanos, low, ratio, high] = &figures[..] else { return Err(wrong()) };
        if rows.last().is_none_or(|row| row.name != *name) {
            rows.push(Row { name: (*name).to_owned(), contestants: Vec::new() });
        }
        let contestant =
            Contestant { name: (*contestant).to_owned(), nanos, ratio: [low, ratio, high] };
        rows.extend_last(contestant);
    }
    Ok(rows)
}

trait ExtendLast {
    fn extend_last(&mut self, contestant: Contestant);
}

impl ExtendLast for Vec<Row> {
    fn extend_last(&mut self, contestant: Contestant) {
        if let Some(row) = self.last_mut() {
            row.contestants.push(contestant);
        }
    }
}

/// Instructions an operation, by row and in the order of the contestants.
pub(super) type Counts = Vec<(String, Vec<(String, f64)>)>;

/// The rows in `instructions.tsv`.
pub(super) fn counts(text: &str) -> Counts {
    let mut rows = Counts::new();
    let mut places = BTreeMap::new();
    for line in text.lines() {
        let fields: Vec<_> = line.split('\t').collect();
        let &[name, contestant, count] = &fields[..] else { continue };
        let Ok(count) = count.parse() else { continue };
        let place = *places.entry(name.to_owned()).or_insert_with(|| {
            rows.push((name.to_owned(), Vec::new()));
            rows.len() - 1
        });
        rows[place].1.push((contestant.to_owned(), count));
    }
    rows
}
