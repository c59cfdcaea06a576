//! The queue of a reaper: orphaned cleanups, and who drives them.
//!
//! ```text
//!  reap ──► jobs[key]   marks[key]: queued, not out ──► woken: key ──► a driver takes it: out
//!                           ▲                                                  │ Pending
//!            its waker woke │                                                  ▼
//!                           ╰───────────────── marks[key]: not queued, not out ╯
//! ```
//!
//! Each job has a waker of its own, which puts its key on `woken`; so a wake-up costs the poll of
//! one job. The wakers hold `Ready` weakly, and `Ready` holds no job: that is a job's only way
//! back to its queue.
//!
//! Invariants:
//! 1. A key is on `woken` exactly while it is queued and not out, and once.
//! 2. Whoever has a job out has it alone; it comes back, or is removed, before the key is freed.
//! 3. A job's future is polled and dropped with no lock held, and its panic goes no further.
//! 4. A driver that returned `Pending` is woken when a key is put on `woken`, when the last job
//!    has ended, and when the last handle goes.
//! 5. What a driver polled last is woken when that driver goes.

use alloc::{
    boxed::Box,
    collections::VecDeque,
    string::String,
    sync::{Arc, Weak},
    task::Wake as ArcWake,
    vec::Vec,
};
use core::{
    mem,
    pin::Pin,
    task::{Context, Poll, Waker},
};

use selvedge_sync::raw::{
    shim::{self, Lock, mutant},
    wakers::{Wake, in_batches},
};
use slab::Slab;

use super::{Job, Report};
use crate::raw::catch::{catch, swallow};

pub(super) struct Queue<J: ?Sized> {
    ready: Arc<Ready>,
    jobs: Lock<Vec<Option<Held<J>>>>,
}

struct Held<J: ?Sized> {
    job: Pin<Box<J>>,
    /// Made by the first poll.
    waker: Option<Waker>,
}

/// What may cross threads, whatever the jobs may do.
struct Ready(Lock<State>);

#[derive(Default)]
struct State {
    marks: Slab<Mark>,
    woken: VecDeque<usize>,
    drivers: Slab<Option<Waker>>,
    /// How many drivers there have been: their numbers, from 1.
    driven: u64,
    handles: usize,
    report: Report,
}

struct Mark {
    /// Woken since it was last taken.
    queued: bool,
    /// In nobody's hands but a driver's, or on its way into the queue.
    out: bool,
    /// The driver that polled it last; 0 is none.
    by: u64,
}

/// How a job ended.
enum End {
    Done,
    Failed(String),
    Panicked,
}

impl<J: Job + ?Sized> Queue<J> {
    pub(super) fn new() -> Arc<Self> {
        let state = State { handles: 1, ..State::default() };
        Arc::new(Self { ready: Arc::new(Ready(Lock::new(state))), jobs: Lock::new(Vec::new()) })
    }

    /// Takes a job over: for destructors. It neither blocks on anything but the two locks, which
    /// are held for a few instructions, nor panics.
    pub(super) fn push(&self, job: Pin<Box<J>>) {
        let key = self.ready.0.with(|state| {
            state.report.taken += 1;
            // Out until it is in its place.
            state.marks.insert(Mark { queued: true, out: true, by: 0 })
        });
        self.jobs.with(|jobs| {
            if jobs.len() <= key {
                jobs.resize_with(key + 1, || None);
            }
            jobs[key] = Some(Held { job, waker: None });
        });
        swallow(|| {
            self.ready.change(|state| {
                state.marks[key].out = false;
                state.woken.push_back(key);
                !mutant!("nobody hears of a new cleanup")
            });
        });
    }

    /// Polls the job that was woken first. Whether there was one.
    fn step(&self, driver: u64) -> bool {
        let next = self.ready.0.with(|state| {
            let key = state.woken.pop_front()?;
            state.marks[key] = Mark { queued: false, out: true, by: driver };
            Some(key)
        });
        let Some(key) = next else { return false };
        let Some(mut held) = self.jobs.with(|jobs| jobs[key].take()) else {
            unreachable!("a key on `woken` has its job in place (1, 2)");
        };
        let waker = held.waker.get_or_insert_with(|| {
            Waker::from(Arc::new(JobWaker { ready: Arc::downgrade(&self.ready), key }))
        });
        let mut cx = Context::from_waker(waker);
        let end = match catch(|| held.job.as_mut().poll_job(&mut cx)) {
            Ok(Poll::Pending) => {
                self.jobs.with(|jobs| jobs[key] = Some(held));
                self.ready.0.with(|state| {
                    let mark = &mut state.marks[key];
                    mark.out = false;
                    // RACE: 1. A polls the job. 2. B wakes it. 3. A puts it back, and nobody polls
                    //       it again. So A looks whether it was woken meanwhile.
                    if mark.queued && !mutant!("a wake-up during the poll is forgotten") {
                        state.woken.push_back(key);
                    }
                });
                return true;
            }
            Ok(Poll::Ready(None)) => End::Done,
            Ok(Poll::Ready(Some(error))) => End::Failed(error),
            Err(payload) => {
                swallow(|| drop(payload));
                End::Panicked
            }
        };
        swallow(|| drop(held));
        swallow(|| {
            self.ready.change(|state| {
                state.marks.remove(key);
                match end {
                    End::Done => state.report.done += 1,
                    End::Panicked => state.report.panicked += 1,
                    End::Failed(error) => {
                        state.report.failed += 1;
                        state.report.last_error = Some(error);
                    }
                }
                state.marks.is_empty() && !mutant!("nobody hears of the last cleanup's end")
            });
        });
        true
    }

    pub(super) fn report(&self) -> Report {
        self.ready.0.with(|state| state.report())
    }

    pub(super) fn add_handle(&self) {
        self.ready.0.with(|state| state.handles += 1);
    }

    /// For destructors.
    pub(super) fn remove_handle(&self) {
        swallow(|| {
            self.ready.change(|state| {
                state.handles -= 1;
                state.handles == 0
            });
        });
    }

    /// How many drivers wait.
    pub(super) fn drivers(&self) -> usize {
        self.ready.0.with(|state| state.drivers.iter().filter(|(_, waker)| waker.is_some()).count())
    }
}

impl<J: ?Sized> Drop for Queue<J> {
    /// Whoever had the last handle drops what was left: each job's own drop runs.
    fn drop(&mut self) {
        if shim::doomed() {
            return;
        }
        for held in self.jobs.with(mem::take) {
            swallow(|| drop(held));
        }
    }
}

impl State {
    fn report(&self) -> Report {
        Report { left: self.marks.len(), ..self.report.clone() }
    }

    /// For a driver with its waker at `place`: leaves it, unless there is something to do.
    fn rest(
        &mut self,
        over: bool,
        place: &mut Option<usize>,
        waker: &Waker,
        spare: &mut Option<Waker>,
    ) -> Found {
        if self.marks.is_empty() && over {
            return Found::End(self.report());
        }
        // RACE: 1. A has polled all that was woken. 2. B wakes a job, and finds no driver's waker.
        //       3. A leaves its own, and sleeps. So A looks again before it does.
        if !self.woken.is_empty() && !mutant!("a driver does not look again") {
            return Found::Busy;
        }
        match (place.and_then(|place| self.drivers.get_mut(place)), spare.take()) {
            (Some(Some(known)), None) if known.will_wake(waker) => Found::Idle(None),
            (_, None) => Found::Unknown,
            (Some(known), fresh) => Found::Idle(mem::replace(known, fresh)),
            (None, fresh) => {
                *place = Some(self.drivers.insert(fresh));
                Found::Idle(None)
            }
        }
    }
}

impl Ready {
    /// Changes the state, and wakes the drivers if `change` says so.
    fn change(&self, change: impl FnOnce(&mut State) -> bool) {
        let mut change = Some(change);
        in_batches(|wakes| {
            self.0.with(|state| {
                if change.take().is_some_and(|change| !change(state)) {
                    return false;
                }
                for (_, waker) in &mut state.drivers {
                    if wakes.is_full() {
                        return true;
                    }
                    wakes.push(Wake(waker.take()));
                }
                false
            })
        });
    }

    /// Somebody wakes the job at `key`.
    fn wake(&self, key: usize) {
        self.change(|state| {
            let Some(mark) = state.marks.get_mut(key).filter(|mark| !mark.queued) else {
                return false;
            };
            mark.queued = true;
            // Whoever has it out looks when it comes back.
            if mark.out {
                return false;
            }
            state.woken.push_back(key);
            true
        });
    }
}

struct JobWaker {
    ready: Weak<Ready>,
    key: usize,
}

impl ArcWake for JobWaker {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if let Some(ready) = self.ready.upgrade() {
            ready.wake(self.key);
        }
    }
}

/// One who polls the jobs: a future's inside.
pub(super) struct Driver<J: Job + ?Sized> {
    queue: Arc<Queue<J>>,
    number: u64,
    /// Where its waker is, once it has had to wait.
    place: Option<usize>,
    until_empty: bool,
}

/// What a driver finds when it has polled what was woken.
enum Found {
    Idle(Option<Waker>),
    Unknown,
    Busy,
    End(Report),
}

impl<J: Job + ?Sized> Driver<J> {
    pub(super) fn new(queue: Arc<Queue<J>>, until_empty: bool) -> Self {
        let number = queue.ready.0.with(|state| {
            state.driven += 1;
            state.driven
        });
        Self { queue, number, place: None, until_empty }
    }

    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Report> {
        // Those woken by now, so that a job that wakes itself does not keep the task's thread.
        let budget = self.queue.ready.0.with(|state| state.woken.len());
        for _ in 0..budget {
            self.queue.step(self.number);
        }
        let mut spare = None;
        loop {
            let Self { queue, place, until_empty, .. } = self;
            let found = queue.ready.0.with(|state| {
                let over = state.handles == 0 || *until_empty;
                state.rest(over, place, cx.waker(), &mut spare)
            });
            match found {
                Found::End(report) => return Poll::Ready(report),
                Found::Idle(old) => {
                    drop(old);
                    return Poll::Pending;
                }
                Found::Busy => {
                    cx.waker().wake_by_ref();
                    return Poll::Pending;
                }
                // Cloned with no lock held.
                Found::Unknown => spare = Some(cx.waker().clone()),
            }
        }
    }
}

impl<J: Job + ?Sized> Drop for Driver<J> {
    /// What it leaves undone, others hear of.
    fn drop(&mut self) {
        if shim::doomed() {
            return;
        }
        let mut waker = None;
        swallow(|| {
            self.queue.ready.change(|state| {
                waker = self.place.and_then(|place| state.drivers.try_remove(place)).flatten();
                // What they wait for may have gone with this driver's executor: its timers, its
                // reactor. So the next driver polls them once, and they ask there.
                for (key, mark) in &mut state.marks {
                    if mark.by == self.number && !mark.out && !mark.queued {
                        mark.queued = true;
                        state.woken.push_back(key);
                    }
                }
                !state.woken.is_empty()
            });
        });
        swallow(|| drop(waker));
    }
}
