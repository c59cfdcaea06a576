//! What is checked: tasks, and what must hold when they have ended.

use core::{
    fmt,
    future::Future,
    hash::Hash,
    pin::Pin,
    task::{Context, Poll},
};
use std::{boxed::Box, string::String, sync::Arc, vec::Vec};

use super::{Clock, History, engine::Choices, tasks::Ledger};

pub(super) type Job = Pin<Box<dyn Future<Output = ()> + Send>>;

/// What runs on one thread of a model.
pub(super) enum Lane {
    Tasks(Vec<(String, Job)>),
    Thread(String, Box<dyn FnOnce() + Send>),
}

/// Collects the tasks of a design; made anew for each schedule.
///
/// # Examples
///
/// ```
/// use std::sync::Arc;
///
/// use selvedge::{model, sync::{Mutex, Notify}};
///
/// model::check(|d| {
///     let (list, news) = (Arc::new(Mutex::new(vec![])), Arc::new(Notify::new()));
///     let (other, told) = (list.clone(), news.clone());
///     d.task("writer", async move {
///         other.lock().await.push("a line");
///         told.notify_one();
///     });
///     d.task("reader", async move {
///         news.notified().await;
///         // One who looks before the other has written would find nothing here.
///         assert_eq!(list.lock().await.pop(), Some("a line"));
///     });
/// });
/// ```
pub struct Design {
    pub(super) lanes: Vec<Lane>,
    pub(super) after: Vec<Box<dyn FnOnce() + Send>>,
    pub(super) clock: Option<Arc<Clock>>,
    pub(super) choices: Choices,
    pub(super) ledger: Ledger,
    frozen: bool,
    shared: bool,
}

impl Design {
    pub(super) fn new(choices: Choices, ledger: Ledger, frozen: bool) -> Self {
        let (lanes, after, clock) = (Vec::new(), Vec::new(), None);
        Self { lanes, after, clock, choices, ledger, frozen, shared: false }
    }

    /// A task on a thread of its own.
    ///
    /// # Panics
    ///
    /// Under loom, if the design needs more than five threads.
    pub fn task(
        &mut self,
        name: impl Into<String>,
        future: impl Future<Output = ()> + Send + 'static,
    ) {
        let task = (name.into(), Box::pin(future) as Job);
        match self.lanes.last_mut() {
            Some(Lane::Tasks(tasks)) if self.shared => tasks.push(task),
            _ => self.lanes.push(Lane::Tasks(Vec::from([task]))),
        }
    }

    /// A task that is dropped at any of its await points, or never.
    ///
    /// # Panics
    ///
    /// As [`task`](Self::task).
    pub fn cancellable(
        &mut self,
        name: impl Into<String>,
        future: impl Future<Output = ()> + Send + 'static,
    ) {
        let cut = self.choices.cut();
        self.task(name, Cancellable { future: Some(Box::pin(future)), cut, polls: 0 });
    }

    /// The tasks that `add` adds share one thread, as on a single-threaded executor.
    pub fn on_one_thread(&mut self, add: impl FnOnce(&mut Self)) {
        self.lanes.push(Lane::Tasks(Vec::new()));
        self.shared = true;
        add(self);
        self.shared = false;
    }

    /// Code that blocks, on a thread of its own.
    ///
    /// # Panics
    ///
    /// As [`task`](Self::task).
    pub fn thread(&mut self, name: impl Into<String>, body: impl FnOnce() + Send + 'static) {
        self.lanes.push(Lane::Thread(name.into(), Box::new(body)));
    }

    /// Virtual time: any due timer may fire at any moment, in every order that deadlines allow.
    ///
    /// A timer that fires wakes its task, and so hides a wake-up that was lost. So check a design
    /// with a clock a second time, with [`Check::frozen`](super::Check::frozen).
    pub fn clock(&mut self) -> Arc<Clock> {
        let frozen = self.frozen;
        self.clock.get_or_insert_with(|| Arc::new(Clock::new(frozen))).clone()
    }

    /// Something that must be gone when the design has ended, like a message or a connection: the
    /// check fails if it, or a clone of it, is kept or forgotten.
    pub fn token(&self, name: impl Into<String>) -> Token {
        let token = Arc::new(());
        self.ledger.expect(std::format!("`{}` is never dropped", name.into()), &token);
        Token(token)
    }

    /// A history of calls that is held, in the end, against a sequential model: whether what the
    /// calls returned could have come of performing them one after the other, from `start` on, by
    /// `step`. [`History::call`] records.
    pub fn linearizable<S, O, R>(
        &mut self,
        start: S,
        step: impl Fn(&mut S, &O) -> R + Send + 'static,
    ) -> Arc<History<O, R>>
    where
        S: Clone + Eq + Hash + Send + 'static,
        O: fmt::Debug + Send + 'static,
        R: PartialEq + Clone + fmt::Debug + Send + 'static,
    {
        let history = Arc::new(History::new());
        let recorded = history.clone();
        self.after(move || recorded.assert_linearizable(start, step));
        history
    }

    /// One of `0..n`: all of them are explored.
    ///
    /// # Panics
    ///
    /// If `n` is 0.
    #[track_caller]
    pub fn choose(&mut self, n: usize) -> usize {
        assert!(n > 0, "there is nothing to choose from");
        self.choices.choose(n)
    }

    /// Runs when all tasks have ended.
    pub fn after(&mut self, f: impl FnOnce() + Send + 'static) {
        self.after.push(Box::new(f));
    }

    /// A way to note results: [`Report::outcomes`](super::Report::outcomes) has the set of them.
    pub fn outcome(&self) -> impl Fn(String) + Clone + Send + Sync + 'static {
        let outcomes = self.choices.outcomes();
        move |outcome| {
            outcomes.lock().unwrap_or_else(std::sync::PoisonError::into_inner).insert(outcome);
        }
    }
}

/// Something that must be gone in the end ([`Design::token`]).
///
/// # Examples
///
/// ```
/// use std::sync::Arc;
///
/// use selvedge::{channel::mpsc, model};
///
/// model::check(|d| {
///     let (tx, mut rx) = mpsc::channel(1);
///     // In whichever schedule the receiver goes: the message must not stay behind.
///     let letter = d.token("the letter");
///     d.task("sender", async move { drop(tx.send(letter).await) });
///     d.cancellable("receiver", async move { drop(rx.recv().await) });
/// });
/// ```
#[derive(Clone, Debug)]
pub struct Token(#[expect(dead_code, reason = "it is there to be counted")] Arc<()>);

impl fmt::Debug for Design {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Design").field("threads", &self.lanes.len()).finish_non_exhaustive()
    }
}

/// Where a cancellable task is cut, and how far it got: at its `at`-th `Pending`.
#[derive(Clone, Debug)]
pub(super) struct Cut {
    pub(super) at: Option<usize>,
    pub(super) reached: Arc<core::sync::atomic::AtomicUsize>,
}

struct Cancellable {
    future: Option<Job>,
    cut: Cut,
    polls: usize,
}

impl Future for Cancellable {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let Some(future) = self.future.as_mut() else { return Poll::Ready(()) };
        if future.as_mut().poll(cx).is_ready() {
            self.future = None;
            return Poll::Ready(());
        }
        self.polls += 1;
        self.cut.reached.fetch_max(self.polls, core::sync::atomic::Ordering::Relaxed);
        if self.cut.at == Some(self.polls) {
            super::engine::note("is cancelled".into(), None);
            self.future = None;
            return Poll::Ready(());
        }
        Poll::Pending
    }
}
