//! Six shapes in which the bugs of such libraries ship, each over every future and every handle.
//!
//! A primitive joins with a [`Swept`] in its own file: how it is made, filled up and set free, and
//! what waits for it. The table of what was swept is printed (`cargo test sweep -- --nocapture`).

use std::{
    fmt::Write as _,
    future::Future,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    pin::Pin,
    sync::{
        Arc, Barrier, Mutex,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    task::{Context, Poll},
    thread,
};

use crate::harness::{Meddler, PollWith, Spy, Watched, allocations, growth, panics, poll};

pub(crate) type Waiting = Pin<Box<dyn Future<Output = bool> + Send>>;

/// A primitive that is swept: `P` is what its tasks share.
pub(crate) struct Swept<P> {
    pub(crate) name: &'static str,
    /// Full: whoever waits now has to.
    pub(crate) make: fn() -> P,
    /// Waits, holds for no time, gives back; whether it got its turn.
    pub(crate) wait: fn(&Arc<P>) -> Waiting,
    /// Gives one waiter its turn.
    pub(crate) free: fn(&P),
    /// How many stand in line.
    pub(crate) waiting: fn(&P) -> usize,
    /// Whether it is as after one `free` with nobody in line.
    pub(crate) is_free: fn(&P) -> bool,
    /// Sends everybody away, if there is such a thing.
    pub(crate) close: Option<fn(&P)>,
}

/// Where the rows of the table go: the future, the shape, the number of cases.
pub(crate) type Report<'a> = &'a mut dyn FnMut(&str, &str, usize);

/// Every primitive, each by the `sweep` of its own file.
// A line each, so that two that are added do not meet.
#[rustfmt::skip]
const ALL: &[fn(Report<'_>)] = &[
    crate::auto_reset_event::sweep,
    crate::barrier::sweep,
    crate::bounded_semaphore::sweep,
    crate::cancel::sweep,
    crate::capacity_limiter::sweep,
    crate::completion::sweep,
    crate::condvar::sweep,
    crate::cyclic_barrier::sweep,
    crate::deadline::sweep,
    crate::decorate::sweep,
    crate::event::sweep,
    crate::execute::sweep,
    crate::guard::sweep,
    crate::keyed_mutex::sweep,
    crate::combine::sweep,
    crate::handle::sweep,
    crate::latch::sweep,
    crate::lazy::sweep,
    crate::mpmc::sweep,
    crate::mpsc::sweep,
    crate::mutex::sweep,
    crate::notify::sweep,
    crate::once::sweep,
    crate::once_cell::sweep,
    crate::once_map::sweep,
    crate::broadcast::sweep,
    crate::offload::sweep,
    crate::oneshot::sweep,
    crate::phaser::sweep,
    crate::pipe::sweep,
    crate::queue::sweep,
    crate::rwlock::sweep,
    crate::select::sweep,
    crate::semaphore::sweep,
    crate::set_once::sweep,
    crate::shield::sweep,
    crate::shutdown::sweep,
    crate::stack::sweep,
    crate::task_group::sweep,
    crate::tracker::sweep,
    crate::wait_group::sweep,
    crate::watch::sweep,
    crate::sleep::sweep,
    crate::timeout::sweep,
    crate::chunks_timeout::sweep,
    crate::delay_queue::sweep,
    crate::interval::sweep,
    crate::reschedule::sweep,
    crate::stream_debounce::sweep,
    crate::stream_throttle::sweep,
    crate::r#virtual::sweep,
];

impl<P: Send + Sync + 'static> Swept<P> {
    pub(crate) fn sweep(&self, report: Report<'_>) {
        report(self.name, "2 handles dropped in parallel", self.drop_handles_in_parallel());
        self.sweep_alone(report);
    }

    /// As [`sweep`](Self::sweep) but for the second shape, for what lets nobody through who comes
    /// after `free`.
    pub(crate) fn sweep_alone(&self, report: Report<'_>) {
        self.sweep_seen(report, [2, 1, 1]);
    }

    /// As [`sweep_alone`](Self::sweep_alone), for what leaves its waker in two places: with its task's
    /// rivals, and with a timer.
    pub(crate) fn sweep_twice_woken(&self, report: Report<'_>) {
        self.sweep_seen(report, [4, 1, 2]);
    }

    fn sweep_seen(&self, report: Report<'_>, seen: [usize; 3]) {
        report(self.name, "1 cancel at every poll", self.cancel_at_every_poll());
        report(self.name, "3 given back after close", self.give_back_after_close());
        report(self.name, "4 wakers that re-enter, panic", self.meddling_wakers(seen));
        report(self.name, "6 nothing grows", self.nothing_grows());
    }

    /// Each of up to four waiters is dropped after each number of polls, before and after the turn
    /// comes: the turn reaches somebody else, or is free.
    pub(crate) fn cancel_at_every_poll(&self) -> usize {
        let mut cases = 0;
        for others in 0..4 {
            for place in 0..=others {
                for polls in 0..4 {
                    for freed_first in [false, true] {
                        self.cancel(others, place, polls, freed_first);
                        cases += 1;
                    }
                }
            }
        }
        cases
    }

    fn cancel(&self, others: usize, place: usize, polls: usize, freed_first: bool) {
        let shared = Arc::new((self.make)());
        let case = format!("{}: {place} of {others} + 1, {polls} polls", self.name);
        let watched = Watched::new();
        let mut line = Vec::new();
        let mut quitter = None;
        for at in 0..=others {
            let mut waiting = (self.wait)(&shared);
            if at == place {
                for _ in 0..polls {
                    assert!(watched.poll(waiting.as_mut()).is_pending(), "{case}");
                }
                quitter = Some(waiting);
            } else {
                assert!(poll(waiting.as_mut()).is_pending(), "{case}");
                line.push(waiting);
            }
        }
        if freed_first {
            (self.free)(&shared);
        }
        drop(quitter);
        assert_eq!(watched.kept(), 0, "{case}: a waker is kept");
        if !freed_first {
            (self.free)(&shared);
        }
        for waiting in &mut line {
            assert!(poll(waiting.as_mut()).is_ready(), "{case}: the turn was lost");
        }
        drop(line);
        assert!((self.is_free)(&shared), "{case}: it is not free in the end");
    }

    /// A waiter, a canceller and whoever gives the turn drop their handles at the same time.
    pub(crate) fn drop_handles_in_parallel(&self) -> usize {
        const ROUNDS: usize = 200;
        for _ in 0..ROUNDS {
            let shared = Arc::new((self.make)());
            let start = Arc::new(Barrier::new(3));
            let mut quitter = (self.wait)(&shared);
            assert!(poll(quitter.as_mut()).is_pending());
            let stayer = (self.wait)(&shared);
            let run = |body: Box<dyn FnOnce() + Send>| {
                let start = start.clone();
                thread::spawn(move || {
                    start.wait();
                    body();
                })
            };
            let (free, giver) = (self.free, shared.clone());
            let threads = [
                run(Box::new(move || drop(quitter))),
                run(Box::new(move || assert!(pollster::block_on(stayer)))),
                run(Box::new(move || free(&giver))),
            ];
            drop(shared);
            for thread in threads {
                thread.join().unwrap();
            }
        }
        ROUNDS
    }

    /// What is given back after closing wakes and harms nobody, and everybody is sent away.
    pub(crate) fn give_back_after_close(&self) -> usize {
        let Some(close) = self.close else { return 0 };
        for freed_first in [false, true] {
            let shared = Arc::new((self.make)());
            let mut first = (self.wait)(&shared);
            let mut second = (self.wait)(&shared);
            assert!(poll(first.as_mut()).is_pending());
            assert!(poll(second.as_mut()).is_pending());
            if freed_first {
                (self.free)(&shared);
            }
            close(&shared);
            assert_eq!(poll(second.as_mut()), Poll::Ready(false));
            drop(first);
            if !freed_first {
                (self.free)(&shared);
            }
            assert!((self.is_free)(&shared), "{}: a turn was lost", self.name);
        }
        2
    }

    /// Wakers that use the primitive when woken and when dropped, and one that panics.
    /// `seen` is how often the waker of two, one of whom leaves, is cloned, woken and dropped.
    fn meddling_wakers(&self, seen: [usize; 3]) -> usize {
        let shared = Arc::new((self.make)());
        let calls = Arc::new(AtomicUsize::new(0));
        let look = || {
            let (shared, calls, waiting) = (shared.clone(), calls.clone(), self.waiting);
            move || {
                calls.fetch_add(1 + waiting(&shared), SeqCst);
            }
        };
        let waker = Meddler::waker(look(), look());
        let mut first = (self.wait)(&shared);
        let mut second = (self.wait)(&shared);
        let cx = &mut Context::from_waker(&waker);
        assert!(first.as_mut().poll(cx).is_pending());
        assert!(second.as_mut().poll(cx).is_pending());
        // Replaced, then dropped in line, then woken.
        assert!(poll(second.as_mut()).is_pending());
        drop(second);
        (self.free)(&shared);
        assert!(calls.load(SeqCst) > 0);
        assert!(first.as_mut().poll(cx).is_ready());
        drop((first, waker));

        // Whenever its waker is cloned, woken or dropped, somebody lines up and leaves again.
        let shared = Arc::new((self.make)());
        let (wait, inside) = (self.wait, shared.clone());
        let (spy, waker) = Spy::new(move |_| {
            let mut passing = wait(&inside);
            let _ = poll(passing.as_mut());
        });
        let mut first = (self.wait)(&shared);
        let mut second = (self.wait)(&shared);
        assert!(first.as_mut().poll_with(&waker).is_pending());
        assert!(second.as_mut().poll_with(&waker).is_pending());
        drop(second);
        (self.free)(&shared);
        assert_eq!(spy.seen(), seen, "{}", self.name);
        assert!(poll(first.as_mut()).is_ready(), "{}: lost in between", self.name);
        drop((first, waker));
        assert!((self.is_free)(&shared), "{}", self.name);

        let shared = Arc::new((self.make)());
        let waker = Meddler::waker(|| panic!("on purpose"), || ());
        let mut first = (self.wait)(&shared);
        assert!(first.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
        assert!(panics(|| (self.free)(&shared)));
        assert!(poll(first.as_mut()).is_ready(), "{}: lost by a panic", self.name);
        drop(first);
        assert!((self.is_free)(&shared));
        3
    }

    /// Polled, cancelled and forgotten, again and again: line, wakers, wake-ups and memory stay.
    fn nothing_grows(&self) -> usize {
        const TIMES: usize = 1000;
        const CANCELS: usize = 10_000;
        let shared = Arc::new((self.make)());
        let watched = Watched::new();
        let mut waiting = (self.wait)(&shared);
        assert!(watched.poll(waiting.as_mut()).is_pending());
        let count = allocations(|| {
            for _ in 0..TIMES {
                assert!(watched.poll(waiting.as_mut()).is_pending());
            }
        });
        let kept = watched.kept();
        assert_eq!((count, watched.woken()), (0, 0), "{}", self.name);
        assert!((1..=2).contains(&kept), "{}", self.name);
        let grown = growth(|| {
            for _ in 0..CANCELS {
                let mut quitter = (self.wait)(&shared);
                assert!(watched.poll(quitter.as_mut()).is_pending());
            }
        });
        assert_eq!((grown, watched.woken()), (0, 0), "{}", self.name);
        assert_eq!((watched.kept(), (self.waiting)(&shared)), (kept, 1), "{}", self.name);

        // Those in front of a future that is forgotten go on.
        let mut forgotten = (self.wait)(&shared);
        assert!(poll(forgotten.as_mut()).is_pending());
        std::mem::forget(forgotten);
        (self.free)(&shared);
        assert!(poll(waiting.as_mut()).is_ready(), "{}", self.name);
        TIMES + CANCELS + 1
    }
}

/// A line of waiters that each stand in front of a door of their own, for what only one may wait for.
pub(crate) struct Doors<D> {
    line: Mutex<Vec<(usize, D)>>,
    /// Those that were opened: what is behind them stays as it is.
    opened: Mutex<Vec<D>>,
    numbers: AtomicUsize,
    /// Turns for which there was nobody.
    spare: AtomicUsize,
    open: fn(&mut D),
}

impl<D: Send + 'static> Doors<D> {
    pub(crate) fn new(open: fn(&mut D)) -> Self {
        let [numbers, spare] = [const { AtomicUsize::new(0) }; 2];
        let line = Mutex::new(Vec::with_capacity(16));
        Self { line, opened: Mutex::default(), numbers, spare, open }
    }

    /// Waits in front of `door`, which is the last one in the line.
    pub(crate) fn wait(
        self: &Arc<Self>,
        door: D,
        wait: impl Future<Output = bool> + Send + 'static,
    ) -> Waiting {
        let number = self.numbers.fetch_add(1, SeqCst);
        self.line.lock().unwrap().push((number, door));
        Box::pin(AtDoor { wait: Some(Box::pin(wait)), number, doors: self.clone() })
    }

    /// Opens the first door.
    pub(crate) fn free(&self) {
        let first = {
            let mut line = self.line.lock().unwrap();
            if line.is_empty() { None } else { Some(line.remove(0)) }
        };
        match first {
            Some((_, mut door)) => {
                let opened = catch_unwind(AssertUnwindSafe(|| (self.open)(&mut door)));
                self.opened.lock().unwrap().push(door);
                if let Err(panic) = opened {
                    resume_unwind(panic);
                }
            }
            None => _ = self.spare.fetch_add(1, SeqCst),
        }
    }

    pub(crate) fn waiting(&self) -> usize {
        self.line.lock().unwrap().len()
    }

    pub(crate) fn is_free(&self) -> bool {
        self.spare.load(SeqCst) == 1 && self.waiting() == 0
    }
}

/// Waits in front of a door, and passes its turn on when it has had it, or goes without.
struct AtDoor<D: Send + 'static> {
    wait: Option<Waiting>,
    number: usize,
    doors: Arc<Doors<D>>,
}

impl<D: Send + 'static> Future for AtDoor<D> {
    type Output = bool;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<bool> {
        let got = self.wait.as_mut().expect("it waits still").as_mut().poll(cx);
        if got.is_ready() {
            self.wait = None;
            self.doors.free();
        }
        got
    }
}

impl<D: Send + 'static> Drop for AtDoor<D> {
    fn drop(&mut self) {
        // First what waits: its door wakes nobody then.
        if self.wait.take().is_none() {
            return;
        }
        let mine = {
            let mut line = self.doors.line.lock().unwrap();
            let at = line.iter().position(|(number, _)| *number == self.number);
            at.map(|at| line.remove(at))
        };
        if mine.is_none() {
            self.doors.free();
        }
    }
}

#[test]
fn every_future_of_every_primitive() {
    let mut table = format!("{:<30} {:<30} {:>6}\n", "future", "shape", "cases");
    let mut rows = 0;
    for sweep in ALL {
        let before = rows;
        sweep(&mut |name, shape, cases| {
            rows += 1;
            let _ = writeln!(table, "{name:<30} {shape:<30} {cases:>6}");
        });
        assert!(rows > before, "a primitive has no row");
    }
    println!(
        "{table}(shape 5, auto traits and variance: auto_traits, and the doc tests of the guards)"
    );
}
