//! Who waits for what, who holds it, and where in the code: deadlocks and futurelocks by name.
//!
//! With the feature `diagnose` every primitive that stands on the wait line writes down who holds
//! it and who waits for it, since when, and where in the code that was asked for. [`snapshot`] takes
//! a look at all of them. It is for debugging: each wait and each turn costs a lock and an entry.
//! Without the feature nothing of it is there.
//!
//! A task is known by its [name](named), else by its waker, else by its thread. A turn that another
//! task takes over, as a guard that is sent away, stays under the name of who took it.
//!
//! ```
//! use selvedge_sync::{Mutex, diagnose};
//! use std::{future::Future, pin::pin, task::{Context, Waker}};
//!
//! static WARP: Mutex<()> = Mutex::new(());
//!
//! let held = WARP.try_lock();
//! let mut weaver = pin!(diagnose::named("weaver", WARP.lock()));
//! assert!(weaver.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
//! let seen = diagnose::snapshot().to_string();
//! assert!(seen.contains("weaver waits for mutex#1"), "{seen}");
//! # drop(held);
//! ```

use alloc::{
    collections::BTreeMap,
    format,
    string::{String, ToString},
    sync::Arc,
    vec::Vec,
};
use core::{
    fmt,
    fmt::Write as _,
    future::Future,
    panic::Location,
    pin::Pin,
    sync::atomic::Ordering::Relaxed,
    task::{Context, Poll},
};
use std::time::{Duration, Instant};

use pin_project_lite::pin_project;

use crate::raw::{
    shim::atomic::AtomicUsize,
    trace::{self, Name, Record, Task, What},
};

pin_project! {
    /// The future of [`named`]: the [module](self) shows it.
    #[must_use = "futures do nothing unless polled"]
    pub struct Named<F> {
        name: Name,
        #[pin]
        future: F,
    }
}

/// Gives a task a name: whatever `future` waits for and holds is written down under that. The
/// [module](self) shows it.
///
/// # Cancel safety
///
/// Dropping the future drops the one inside, and nothing else.
pub fn named<F: Future>(name: &str, future: F) -> Named<F> {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    let number = NEXT.fetch_add(1, Relaxed) as u64;
    Named { name: Name { name: Arc::from(name), number }, future }
}

impl<F: Future> Future for Named<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        trace::as_task(this.name, || this.future.poll(cx))
    }
}

impl<F> fmt::Debug for Named<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Named").field("name", &self.name.name).finish_non_exhaustive()
    }
}

/// Everybody who waits or holds, as it is now: the [module](self) shows it.
///
/// Primitives are numbered in the order in which those began that are in the snapshot.
#[must_use]
pub fn snapshot() -> Snapshot {
    let mut numbers = BTreeMap::new();
    let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
    let (mut holders, mut waiters) = (Vec::new(), Vec::new());
    for record in trace::records() {
        let Record { task, what, primitive, kind, at, since } = record;
        let number = *numbers.entry(primitive).or_insert_with(|| {
            let number = kinds.entry(kind).or_default();
            *number += 1;
            *number
        });
        let name = match &task {
            Task::Named(name) => name.name.to_string(),
            Task::Waker(waker) => format!("task {waker:#x}"),
            Task::Thread(thread) => format!("thread {thread}"),
        };
        let place = Place { task: name, primitive: format!("{kind}#{number}"), at, since };
        match what {
            What::Holds => holders.push((task, place)),
            What::Waits(granted) => waiters.push((task, place, granted)),
        }
    }
    Snapshot { taken: Instant::now(), holders, waiters }
}

/// Who waits and who holds: the wait-for graph.
///
/// As text it lists the holders, the waiters, the [cycles](Self::cycles), and the turns that came to
/// somebody who [has not looked](Self::unpolled).
///
/// # Examples
///
/// ```
/// use std::{future::Future, pin::pin, task::{Context, Waker}};
///
/// use selvedge_sync::{Mutex, diagnose};
///
/// static WARP: Mutex<()> = Mutex::new(());
///
/// // For a watchdog: who holds what others wait for?
/// let held = WARP.try_lock();
/// let mut weaver = pin!(diagnose::named("weaver", WARP.lock()));
/// assert!(weaver.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
/// let seen = diagnose::snapshot();
/// let waits = seen.waiters().find(|place| place.task == "weaver").unwrap();
/// let holder = seen.holders().find(|place| place.primitive == waits.primitive).unwrap();
/// assert!(holder.at.line() < waits.at.line());
/// assert!(seen.cycles().is_empty());
/// # drop(held);
/// ```
#[derive(Clone, Debug)]
pub struct Snapshot {
    taken: Instant,
    holders: Vec<(Task, Place)>,
    waiters: Vec<(Task, Place, Option<Instant>)>,
}

/// Who holds or waits for which primitive, in a [`Snapshot`].
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Place {
    /// The task, by its name, its waker or its thread.
    pub task: String,
    /// The primitive: its kind, and which of those in the snapshot.
    pub primitive: String,
    /// Where in the code it was asked for.
    pub at: &'static Location<'static>,
    /// Since when.
    pub since: Instant,
}

/// One who waits, in a [`Cycle`], and for whom.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Step {
    /// Who waits for what.
    pub waits: Place,
    /// Who has it: the next one who waits.
    pub held: Place,
    /// Whether the turn is on its way to that one, who has not looked: a futurelock.
    pub unpolled: bool,
}

/// Tasks that wait for each other in a circle.
///
/// Where a primitive has several holders, as a semaphore or a read lock has, one outside of the circle
/// may yet break it.
///
/// # Examples
///
/// ```
/// use std::{future::Future, pin::pin, task::{Context, Waker}};
///
/// use selvedge_sync::{Barrier, Mutex, diagnose};
///
/// let (warp, weft, met) = (Mutex::new(()), Mutex::new(()), Barrier::new(2));
/// let both = async |first: &Mutex<()>, second: &Mutex<()>| {
///     let _first = first.lock().await;
///     met.wait().await;
///     let _second = second.lock().await;
/// };
/// let mut one = pin!(diagnose::named("one", both(&warp, &weft)));
/// let mut other = pin!(diagnose::named("other", both(&weft, &warp)));
/// let mut cx = Context::from_waker(Waker::noop());
/// assert!(one.as_mut().poll(&mut cx).is_pending());
/// assert!(other.as_mut().poll(&mut cx).is_pending());
/// assert!(one.as_mut().poll(&mut cx).is_pending());
/// // Each holds what the other waits for.
/// let cycles = diagnose::snapshot().cycles();
/// let steps: Vec<_> = cycles[0].steps.iter().map(|step| &*step.waits.task).collect();
/// assert_eq!(cycles.len(), 1);
/// assert!(steps.contains(&"one") && steps.contains(&"other"));
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Cycle {
    /// Who waits for whom: the last for the first.
    pub steps: Vec<Step>,
}

impl Snapshot {
    /// Who holds.
    ///
    /// # Examples
    ///
    /// ```
    /// use selvedge_sync::{Mutex, diagnose};
    ///
    /// static WARP: Mutex<()> = Mutex::new(());
    ///
    /// let held = WARP.try_lock();
    /// // Which line keeps everybody waiting?
    /// let seen = diagnose::snapshot();
    /// let holder = seen.holders().find(|place| place.primitive.starts_with("mutex")).unwrap();
    /// println!("{} took it at {}, {:?} ago", holder.task, holder.at, holder.since.elapsed());
    /// # drop(held);
    /// assert_eq!(diagnose::snapshot().holders().count(), 0);
    /// ```
    pub fn holders(&self) -> impl Iterator<Item = &Place> {
        self.holders.iter().map(|(_, place)| place)
    }

    /// Who waits: those whose turn has come included, until they have looked.
    pub fn waiters(&self) -> impl Iterator<Item = &Place> {
        self.waiters.iter().map(|(_, place, _)| place)
    }

    /// Those whose turn has come, or who were called to try, and who have not looked for at least
    /// `time`: whoever polls them has forgotten them, or is busy.
    pub fn unpolled(&self, time: Duration) -> impl Iterator<Item = &Place> {
        self.waiters.iter().filter_map(move |(_, place, came)| {
            let waited = self.taken.saturating_duration_since((*came)?);
            (waited >= time).then_some(place)
        })
    }

    /// Who has what `primitive` is waited for: holders, and those whose turn is on its way.
    fn having<'a>(
        &'a self,
        primitive: &'a str,
    ) -> impl Iterator<Item = (&'a Task, &'a Place, bool)> {
        let holders = self.holders.iter().map(|(task, place)| (task, place, false));
        let coming = self.waiters.iter().filter(|(_, _, came)| came.is_some());
        let coming = coming.map(|(task, place, _)| (task, place, true));
        holders.chain(coming).filter(move |(_, place, _)| place.primitive == primitive)
    }

    /// Tasks that wait for each other in a circle: deadlocks.
    ///
    /// Two looks that show the same circle, some time apart, are a deadlock for sure; one may have
    /// caught a turn that was about to be taken.
    #[must_use]
    pub fn cycles(&self) -> Vec<Cycle> {
        let mut tasks: Vec<&Task> = self.waiters.iter().map(|(task, ..)| task).collect();
        tasks.sort();
        tasks.dedup();
        let mut found = Vec::new();
        for first in &tasks {
            let mut path = Vec::new();
            let mut seen = Vec::new();
            if self.search(first, first, &mut seen, &mut path) {
                found.push(Cycle { steps: path });
            }
        }
        found
    }

    /// Looks for a way from `at` to `first` past tasks that come behind `first` in order, so that a
    /// circle is found once.
    fn search<'a>(
        &'a self,
        first: &Task,
        at: &'a Task,
        seen: &mut Vec<&'a Task>,
        path: &mut Vec<Step>,
    ) -> bool {
        for (_, waits, _) in
            self.waiters.iter().filter(|(task, _, came)| task == at && came.is_none())
        {
            for (next, held, unpolled) in self.having(&waits.primitive) {
                let step = Step { waits: waits.clone(), held: held.clone(), unpolled };
                if next == first {
                    path.push(step);
                    return true;
                }
                if next > first && !seen.contains(&next) {
                    seen.push(next);
                    path.push(step);
                    if self.search(first, next, seen, path) {
                        return true;
                    }
                    path.pop();
                }
            }
        }
        false
    }

    /// The graph in the language of Graphviz: tasks are ovals, primitives boxes; who waits points to
    /// what, and what is held to who has it.
    #[must_use]
    pub fn graphviz(&self) -> String {
        let quoted = |text: &str| text.replace('\\', "\\\\").replace('"', "\\\"");
        let mut dot = String::from("digraph waits {\n");
        let mut primitives: Vec<_> =
            self.holders().chain(self.waiters()).map(|place| &place.primitive).collect();
        primitives.sort();
        primitives.dedup();
        for primitive in primitives {
            let _ = writeln!(dot, "    \"{}\" [shape=box];", quoted(primitive));
        }
        for (_, place, came) in &self.waiters {
            let style = if came.is_some() { ", style=dashed" } else { "" };
            let (task, primitive) = (quoted(&place.task), quoted(&place.primitive));
            let at = quoted(&place.at.to_string());
            let _ =
                writeln!(dot, "    \"{task}\" -> \"{primitive}\" [label=\"waits, {at}\"{style}];");
        }
        for place in self.holders() {
            let (task, primitive) = (quoted(&place.task), quoted(&place.primitive));
            let at = quoted(&place.at.to_string());
            let _ = writeln!(dot, "    \"{primitive}\" -> \"{task}\" [label=\"held, {at}\"];");
        }
        dot.push_str("}\n");
        dot
    }
}

impl fmt::Display for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ago = |since: Instant| self.taken.saturating_duration_since(since).as_millis();
        for Place { task, primitive, at, since } in self.holders() {
            writeln!(f, "{task} holds {primitive} for {} ms, asked for at {at}", ago(*since))?;
        }
        for (_, Place { task, primitive, at, since }, came) in &self.waiters {
            writeln!(f, "{task} waits for {primitive} for {} ms, asked for at {at}", ago(*since))?;
            if let Some(came) = came {
                writeln!(f, "    its turn came {} ms ago, and it has not looked", ago(*came))?;
            }
        }
        for cycle in self.cycles() {
            write!(f, "{cycle}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Cycle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let futurelock = self.steps.iter().any(|step| step.unpolled);
        writeln!(f, "{}:", if futurelock { "futurelock" } else { "deadlock" })?;
        for Step { waits, held, unpolled } in &self.steps {
            let (task, primitive, at) = (&waits.task, &waits.primitive, waits.at);
            write!(f, "    {task} waits for {primitive} at {at}, which ")?;
            match unpolled {
                true => {
                    write!(f, "was granted to {} at {}, who does not look", held.task, held.at)?
                }
                false => write!(f, "{} holds, asked for at {}", held.task, held.at)?,
            }
            writeln!(f)?;
        }
        Ok(())
    }
}
