//! A barrier: tasks go on together, once there are enough of them.
//!
//! # State
//!
//! How many have arrived in this round, behind the lock of the line ([`Line`]). Whoever completes
//! the round is its leader, and in the same step marks all in line as let through ([`Part`]); then
//! it sends them off, batch after batch.
//!
//! ```text
//!          let through, of the last round │ waiting, of this one
//!          ╭──────────╮     ╭──────────╮  │  ╭─────────╮     ╭─────────╮
//! head ───►│ FOLLOWS  ├────►│ FOLLOWS  ├──┼─►│ WAITS   ├────►│ WAITS   │◄─── tail
//!          ╰──────────╯     ╰──────────╯  │  ╰─────────╯     ╰─────────╯
//! ```
//!
//! Invariant: those who are let through stand in front of those who wait, as who comes back early
//! stands behind. So a round that is being sent off ends at the first who waits.

use core::{
    fmt,
    future::Future,
    pin::Pin,
    sync::atomic::Ordering::Relaxed,
    task::{Context, Poll},
};

use pin_project_lite::pin_project;

use crate::raw::{
    line::{Answer, Asks, Line, Place, Primitive, Queue, Turns, Wait},
    shim::{Label, atomic::AtomicUsize, const_in_build, mutant, op},
    wakers::{WakeList, in_batches},
};

/// What somebody has in a round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The round is not complete.
    Waits,
    /// The round is complete.
    Follows,
    /// It has completed the round.
    Leads,
}

/// Lets tasks go on together: each waits until there are as many as it was made for.
///
/// It is at once ready for the next round. Whoever gives up waiting has arrived all the same; where
/// that is not wanted, `CyclicBarrier` counts those who are there.
///
/// # Memory ordering
///
/// Whoever goes on sees everything that all of the round did before they arrived.
///
/// # Examples
///
/// ```
/// use std::{sync::Arc, thread};
///
/// use selvedge_sync::Barrier;
///
/// let barrier = Arc::new(Barrier::new(3));
/// let threads = [(); 3].map(|()| {
///     let barrier = barrier.clone();
///     thread::spawn(move || pollster::block_on(barrier.wait()).is_leader())
/// });
/// let leaders = threads.map(|thread| thread.join().unwrap());
/// assert_eq!(leaders.iter().filter(|leads| **leads).count(), 1);
/// ```
pub struct Barrier {
    parties: usize,
    /// How many have arrived in this round. Changes with the line locked only.
    arrived: AtomicUsize,
    line: Line<Part>,
    label: Label,
}

impl Barrier {
    const_in_build! {
        /// A barrier for `n` tasks; with 0 or 1 nobody waits.
        #[must_use]
        pub fn new(n: usize) -> Self {
            Self {
                parties: if n == 0 { 1 } else { n },
                arrived: AtomicUsize::new(0),
                line: Line::new(),
                label: Label::new("barrier"),
            }
        }
    }

    /// Arrives, and waits until all of the round have.
    ///
    /// One of them is told that it leads: who came last.
    ///
    /// # Cancel safety
    ///
    /// Not polled, the future has not arrived. Dropped while it waits, it has: the round needs one
    /// fewer, and whoever waits again is counted a second time.
    ///
    /// # Panics
    ///
    /// The future panics if polled after completion.
    #[inline]
    pub fn wait(&self) -> BarrierWait<'_> {
        BarrierWait { wait: Wait::new(self, Part::Waits) }
    }

    /// Arrives, and parks the calling thread until all of the round have.
    #[cfg(any(feature = "std", selvedge_loom))]
    pub fn blocking_wait(&self) -> BarrierWaitResult {
        crate::raw::block::block_on(self.wait())
    }

    /// How many have arrived and how many wait: a look that is old by the time it returns.
    #[must_use]
    pub fn statistics(&self) -> BarrierStatistics {
        self.line.with(|queue| BarrierStatistics {
            parties: self.parties,
            arrived: self.arrived.load(Relaxed),
            waiting: queue.len(),
        })
    }

    /// Sends off all who are let through.
    fn send_off(&self) {
        in_batches(|wakes| {
            self.line.with(|queue| {
                let follows = |part| part == Part::Follows || mutant!("who comes early slips in");
                queue.grant_while(wakes, follows) && !mutant!("one batch goes on")
            })
        });
    }
}

/// What [`Barrier::statistics`] saw.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct BarrierStatistics {
    /// How many make a round.
    pub parties: usize,
    /// How many had arrived in this round, those who gave up included.
    pub arrived: usize,
    /// How many tasks and threads stood in line.
    pub waiting: usize,
}

impl Turns for Barrier {
    type Ask = Part;

    #[inline(always)]
    fn line(&self) -> &Line<Part> {
        &self.line
    }

    #[inline(always)]
    fn label(&self) -> Label {
        self.label
    }

    #[inline(always)]
    fn try_take(&self, _: Part) -> Answer<Part> {
        if self.parties == 1 { Answer::Granted(Part::Leads) } else { Answer::Wait }
    }

    fn admit(&self, _: Part, _: Place, queue: &Queue<Part>) -> Answer<Part> {
        let arrived = self.arrived.load(Relaxed) + 1;
        if arrived < self.parties {
            self.arrived.store(arrived, Relaxed);
            return Answer::Wait;
        }
        op!(self.label, "completes the round");
        self.arrived.store(0, Relaxed);
        queue.for_each(|part| *part = Part::Follows);
        Answer::Granted(Part::Leads)
    }

    /// Whoever leads lets the others go on.
    #[inline]
    fn give_back(&self, part: Part) {
        if part == Part::Leads && self.parties > 1 {
            self.send_off();
        }
    }

    fn left(&self, _: bool, _: &mut Queue<Part>, _: &mut WakeList) -> bool {
        false
    }
}

// SAFETY: it is its own.
#[expect(unsafe_code, reason = "promises where the state is")]
unsafe impl Primitive for Barrier {
    type Core = Self;

    #[inline(always)]
    fn core(&self) -> &Self {
        self
    }
}

impl Asks<Part> for Part {
    #[inline(always)]
    fn ask(self) -> Part {
        self
    }

    #[inline(always)]
    fn granted(part: Part) -> Self {
        part
    }
}

pin_project! {
    /// The future of [`Barrier::wait`].
    #[must_use = "futures do nothing unless polled"]
    pub struct BarrierWait<'a> {
        #[pin]
        wait: Wait<&'a Barrier, Part>,
    }
}

impl Future for BarrierWait<'_> {
    type Output = BarrierWaitResult;

    #[inline(always)]
    #[cfg_attr(selvedge_loom, track_caller)]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<BarrierWaitResult> {
        // The turn is given back at once: that is what lets the others go on.
        self.project()
            .wait
            .poll_turn(cx)
            .map(|turn| BarrierWaitResult(turn.is_some_and(|turn| turn.asks() == Part::Leads)))
    }
}

/// What [`Barrier::wait`] tells who goes on.
#[derive(Clone, Debug)]
pub struct BarrierWaitResult(bool);

impl BarrierWaitResult {
    /// Whether this is the one of the round who leads.
    #[must_use]
    pub fn is_leader(&self) -> bool {
        self.0
    }
}

impl fmt::Debug for Barrier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seen = self.statistics();
        f.debug_struct("Barrier")
            .field("parties", &seen.parties)
            .field("arrived", &seen.arrived)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for BarrierWait<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BarrierWait").finish_non_exhaustive()
    }
}
