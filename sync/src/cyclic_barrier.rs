//! A barrier that counts who is there, and can be broken.
//!
//! # State
//!
//! Four numbers, behind the lock of the line ([`Line`]): nothing is read without it.
//!
//! | number    | is                                                                             |
//! |-----------|--------------------------------------------------------------------------------|
//! | `arrived` | how many wait in this round                                                    |
//! | `passing` | how many were let through and have not been polled since                       |
//! | `breaks`  | how often those who were passing were stopped                                  |
//! | `broken`  | whether nobody passes until it is reset                                        |
//!
//! Whoever completes a round, aborts or resets settles in one step what becomes of those in line
//! ([`Fate`]), and then sends them off, batch after batch:
//!
//! ```text
//!          ╭───────────────╮     ╭────────────╮     ╭─────────╮     ╭─────────╮
//! head ───►│ PASSES, FAILS ├────►│ …          ├────►│ WAITS   ├────►│ WAITS   │◄─── tail
//!          ╰───────────────╯     ╰────────────╯     ╰─────────╯     ╰─────────╯
//! ```
//!
//! Invariants:
//! 1. Those whose fate is settled stand in front of those who wait, as who comes back stands behind.
//! 2. `arrived` is the number of those in line who wait; it is below the number of parties.
//! 3. `passing` is the number of those, in line and outside, who pass with the present `breaks`; while
//!    `broken`, nobody does.

use core::{
    fmt,
    future::Future,
    pin::Pin,
    sync::atomic::Ordering::Relaxed,
    task::{Context, Poll},
};

use pin_project_lite::pin_project;

use crate::raw::{
    line::{Answer, Asks, Line, Place, Primitive, Queue, Turn, Turns, Wait},
    shim::{
        Label,
        atomic::{AtomicBool, AtomicUsize},
        const_in_build, mutant, op,
    },
    wakers::{WakeList, in_batches},
};

/// What becomes of somebody in a round.
#[derive(Clone, Copy, Debug)]
pub enum Fate {
    /// The round is not complete.
    Waits,
    /// The round is complete: the place in it, and the `breaks` of that time.
    Passes(usize, usize),
    /// The barrier was broken or reset.
    Fails,
}

/// Lets tasks go on together, and can be broken: each waits until there are as many as it was made
/// for.
///
/// It is at once ready for the next round. Whoever gives up waiting is not counted any more, and
/// another has to come.
///
/// # Memory ordering
///
/// Whoever passes sees everything that all of the round did before they arrived.
///
/// # Examples
///
/// One of three fails, and lets the others know.
///
/// ```
/// use std::{sync::Arc, thread};
///
/// use selvedge_sync::CyclicBarrier;
///
/// let barrier = Arc::new(CyclicBarrier::new(3));
/// let others = [(); 2].map(|()| {
///     let barrier = barrier.clone();
///     thread::spawn(move || pollster::block_on(barrier.wait()))
/// });
/// barrier.abort();
/// assert!(others.map(|other| other.join().unwrap()).iter().all(Result::is_err));
///
/// barrier.reset();
/// assert!(!barrier.is_broken());
/// ```
#[doc(alias = "asyncio.Barrier")]
pub struct CyclicBarrier {
    parties: usize,
    arrived: AtomicUsize,
    passing: AtomicUsize,
    breaks: AtomicUsize,
    broken: AtomicBool,
    line: Line<Fate>,
    label: Label,
}

impl CyclicBarrier {
    const_in_build! {
        /// A barrier for `parties` tasks; with one nobody waits.
        ///
        /// # Panics
        ///
        /// Panics if it is for nobody.
        #[must_use]
        #[track_caller]
        pub fn new(parties: usize) -> Self {
            assert!(parties > 0, "a CyclicBarrier may not be created with 0 parties");
            Self {
                parties,
                arrived: AtomicUsize::new(0),
                passing: AtomicUsize::new(0),
                breaks: AtomicUsize::new(0),
                broken: AtomicBool::new(false),
                line: Line::new(),
                label: Label::new("cyclic barrier"),
            }
        }
    }

    /// Arrives, and waits until all of the round have.
    ///
    /// Each of a round gets another number: in the order of arrival, from 0 to one less than there
    /// are parties.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future takes the task out of the count: another has to come. Once the round is
    /// complete it makes no difference to the others, and its number is given to nobody else.
    ///
    /// # Errors
    ///
    /// The future ends with [`BrokenBarrierError`] if the barrier is broken, or is [aborted](Self::abort)
    /// or [reset](Self::reset) before the task is through.
    ///
    /// # Panics
    ///
    /// The future panics if polled after completion.
    #[inline]
    pub fn wait(&self) -> CyclicBarrierWait<'_> {
        CyclicBarrierWait { wait: Wait::new(self, Fate::Waits) }
    }

    /// Arrives, and parks the calling thread until all of the round have.
    ///
    /// # Errors
    ///
    /// As for [`wait`](Self::wait).
    #[cfg(any(feature = "std", selvedge_loom))]
    pub fn blocking_wait(&self) -> Result<usize, BrokenBarrierError> {
        crate::raw::block::block_on(self.wait())
    }

    /// Breaks the barrier: all who are not through fail, and all who come, until it is
    /// [reset](Self::reset).
    ///
    /// Of a round that is complete, those who have not noticed fail too.
    pub fn abort(&self) {
        self.line.with(|queue| {
            self.broken.store(true, Relaxed);
            self.stop_passing();
            self.arrived.store(0, Relaxed);
            queue.for_each(|fate| *fate = Fate::Fails);
        });
        op!(self.label, "aborted");
        if !mutant!("an abort sends nobody away") {
            self.send_off();
        }
    }

    /// Makes the barrier as new: all who are in the unfinished round fail, and it is not broken.
    ///
    /// That is the round that is complete, as long as not all of it have noticed: those who have are
    /// through, those who have not fail, and who has come back waits on. Else it is the one that
    /// waits for more.
    pub fn reset(&self) {
        self.line.with(|queue| {
            let settle = self.passing.load(Relaxed) > 0;
            if settle {
                self.stop_passing();
            } else if !mutant!("a reset leaves the count") {
                self.arrived.store(0, Relaxed);
            }
            self.broken.store(false, Relaxed);
            queue.for_each(|fate| match fate {
                Fate::Passes(..) => *fate = Fate::Fails,
                Fate::Waits if !settle => *fate = Fate::Fails,
                _ => {}
            });
        });
        op!(self.label, "reset");
        self.send_off();
    }

    /// Whether it was [aborted](Self::abort), and not [reset](Self::reset) since.
    #[must_use]
    pub fn is_broken(&self) -> bool {
        self.statistics().broken
    }

    /// How many make a round.
    #[must_use]
    pub fn parties(&self) -> usize {
        self.parties
    }

    /// How many wait in this round: a look that is old by the time it returns.
    #[must_use]
    #[doc(alias = "n_waiting")]
    pub fn waiting(&self) -> usize {
        self.statistics().waiting
    }

    /// Who waits and who passes: a look that is old by the time it returns.
    #[must_use]
    pub fn statistics(&self) -> CyclicBarrierStatistics {
        self.line.with(|_| CyclicBarrierStatistics {
            parties: self.parties,
            waiting: self.arrived.load(Relaxed),
            passing: self.passing.load(Relaxed),
            broken: self.broken.load(Relaxed),
        })
    }

    /// Those who pass fail instead, when they come to notice. The line is locked.
    fn stop_passing(&self) {
        if !mutant!("who passes is not stopped") {
            self.breaks.store(self.breaks.load(Relaxed).wrapping_add(1), Relaxed);
        }
        self.passing.store(0, Relaxed);
    }

    /// Somebody who was to pass has noticed, or left; whether they were stopped meanwhile. The line
    /// is locked.
    fn passed(&self, breaks: usize) -> bool {
        let goes_on = breaks == self.breaks.load(Relaxed);
        if goes_on {
            self.passing.store(self.passing.load(Relaxed) - 1, Relaxed);
        }
        goes_on
    }

    /// Somebody with this place in a round goes on.
    fn go_on(&self, place: usize, breaks: usize) -> Result<usize, BrokenBarrierError> {
        if self.leads(place) {
            self.send_off();
            return Ok(place);
        }
        let goes_on = self.line.with(|_| self.passed(breaks));
        if goes_on { Ok(place) } else { Err(BrokenBarrierError(())) }
    }

    /// Whether this is who has completed the round: who never has to notice, and is not counted as
    /// passing.
    fn leads(&self, place: usize) -> bool {
        place + 1 == self.parties
    }

    /// Sends off all whose fate is settled.
    fn send_off(&self) {
        in_batches(|wakes| {
            self.line.with(|queue| {
                let more = queue.answer_while(wakes, |fate| match fate {
                    Fate::Waits => Answer::Wait,
                    Fate::Passes(..) => Answer::Granted(()),
                    Fate::Fails => Answer::Refused,
                });
                more && !mutant!("one batch is sent off")
            })
        });
    }
}

/// What [`CyclicBarrier::statistics`] saw.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CyclicBarrierStatistics {
    /// How many make a round.
    pub parties: usize,
    /// How many waited in this round.
    pub waiting: usize,
    /// How many of a complete round had not noticed yet.
    pub passing: usize,
    /// Whether it was broken.
    pub broken: bool,
}

/// The barrier is broken, or was [aborted](CyclicBarrier::abort) or [reset](CyclicBarrier::reset)
/// meanwhile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BrokenBarrierError(());

impl fmt::Display for BrokenBarrierError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the barrier is broken")
    }
}

impl core::error::Error for BrokenBarrierError {}

impl Turns for CyclicBarrier {
    type Ask = Fate;

    #[inline(always)]
    fn line(&self) -> &Line<Fate> {
        &self.line
    }

    #[inline(always)]
    fn label(&self) -> Label {
        self.label
    }

    #[inline(always)]
    fn try_take(&self, _: Fate) -> Answer<Fate> {
        Answer::Wait
    }

    fn admit(&self, _: Fate, _: Place, queue: &Queue<Fate>) -> Answer<Fate> {
        if self.broken.load(Relaxed) {
            return Answer::Refused;
        }
        let arrived = self.arrived.load(Relaxed) + 1;
        if arrived < self.parties {
            self.arrived.store(arrived, Relaxed);
            return Answer::Wait;
        }
        op!(self.label, "completes the round");
        let breaks = self.breaks.load(Relaxed);
        let mut place = 0;
        queue.for_each(|fate| {
            if matches!(fate, Fate::Waits) {
                *fate = Fate::Passes(place, breaks);
                place += 1;
            }
        });
        debug_assert_eq!(place + 1, self.parties, "all who were counted are in line");
        self.arrived.store(0, Relaxed);
        self.passing.store(self.passing.load(Relaxed) + place, Relaxed);
        Answer::Granted(Fate::Passes(place, breaks))
    }

    /// Somebody is to pass, and does not wait to see it.
    fn give_back(&self, fate: Fate) {
        if let Fate::Passes(place, breaks) = fate {
            let _ = self.go_on(place, breaks);
        }
    }

    fn left(&self, _: bool, _: &mut Queue<Fate>, _: &mut WakeList) -> bool {
        false
    }

    fn stepped_out(&self, fate: Fate, _: &Queue<Fate>) {
        match fate {
            Fate::Waits if mutant!("who leaves is counted") => {}
            Fate::Waits => self.arrived.store(self.arrived.load(Relaxed) - 1, Relaxed),
            Fate::Passes(_, breaks) => _ = self.passed(breaks),
            Fate::Fails => {}
        }
    }
}

// SAFETY: it is its own.
#[expect(unsafe_code, reason = "promises where the state is")]
unsafe impl Primitive for CyclicBarrier {
    type Core = Self;

    #[inline(always)]
    fn core(&self) -> &Self {
        self
    }
}

impl Asks<Fate> for Fate {
    #[inline(always)]
    fn ask(self) -> Fate {
        self
    }

    #[inline(always)]
    fn granted(fate: Fate) -> Self {
        fate
    }
}

pin_project! {
    /// The future of [`CyclicBarrier::wait`].
    #[must_use = "futures do nothing unless polled"]
    pub struct CyclicBarrierWait<'a> {
        #[pin]
        wait: Wait<&'a CyclicBarrier, Fate>,
    }
}

impl Future for CyclicBarrierWait<'_> {
    type Output = Result<usize, BrokenBarrierError>;

    #[cfg_attr(selvedge_loom, track_caller)]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.project().wait.poll_turn(cx).map(|turn| {
            let turn: Turn<_, Fate> = turn.ok_or(BrokenBarrierError(()))?;
            match turn.asks() {
                Fate::Passes(place, breaks) => turn.into_handle().go_on(place, breaks),
                Fate::Waits | Fate::Fails => Err(BrokenBarrierError(())),
            }
        })
    }
}

impl fmt::Debug for CyclicBarrier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seen = self.statistics();
        f.debug_struct("CyclicBarrier")
            .field("parties", &seen.parties)
            .field("waiting", &seen.waiting)
            .field("broken", &seen.broken)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for CyclicBarrierWait<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CyclicBarrierWait").finish_non_exhaustive()
    }
}
