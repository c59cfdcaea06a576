//! A barrier whose parties come and go, phase by phase.
//!
//! # State
//!
//! Four words, changed with the line locked ([`Signal::with`]); the phase can be looked at without.
//!
//! | word      | is                                                             |
//! |-----------|----------------------------------------------------------------|
//! | `phase`   | how many phases are over, wrapping                             |
//! | `parties` | how many are registered                                        |
//! | `missing` | how many of them have not arrived in this phase                |
//! | `closed`  | whether nobody waits any more                                  |
//!
//! Invariants:
//! 1. `missing` is at most `parties`, and is not 0 unless `parties` is.
//! 2. Those in line wait for the phase that is on to be over.

use core::{
    fmt,
    future::Future,
    pin::Pin,
    sync::atomic::Ordering::{Acquire, Relaxed, Release},
    task::{Context, Poll},
};

use pin_project_lite::pin_project;

use crate::raw::{
    line::{Answer, Primitive, Turn, Wait},
    shim::{
        self,
        atomic::{AtomicBool, AtomicUsize},
        const_in_build, mutant,
    },
    signal::{Condition, For, Signal, raise},
};

/// A barrier whose parties come and go: once all have arrived, the next phase begins.
///
/// Parties are anonymous ([`register`](Self::register), [`arrive`](Self::arrive),
/// [`deregister`](Self::deregister)), or each a [`PhaserParty`], which does not arrive twice in a
/// phase and is deregistered when dropped.
///
/// # Memory ordering
///
/// Whoever sees a phase over sees everything that happened before each arrival in it.
///
/// # Panics in a phase
///
/// A [`PhaserParty`] that is dropped by a panic is deregistered: the others do not wait for it.
///
/// # Examples
///
/// ```
/// # pollster::block_on(async {
/// use selvedge_sync::Phaser;
///
/// let phaser = Phaser::new(0);
/// let mut weaver = phaser.register_one();
/// let apprentice = phaser.register_one();
///
/// assert_eq!(weaver.arrive(), 0);
/// drop(apprentice); // goes home: nobody is missing any more
/// assert_eq!(phaser.phase(), 1);
/// assert_eq!(weaver.wait().await, Ok(2), "alone, a phase is over at once");
/// # });
/// ```
#[doc(alias = "java.util.concurrent.Phaser")]
pub struct Phaser {
    phase: AtomicUsize,
    parties: AtomicUsize,
    missing: AtomicUsize,
    closed: AtomicBool,
    signal: Signal<usize>,
}

impl Phaser {
    const_in_build! {
        /// A phaser in phase 0, with `parties` anonymous parties.
        #[must_use]
        pub fn new(parties: usize) -> Self {
            Self {
                phase: AtomicUsize::new(0),
                parties: AtomicUsize::new(parties),
                missing: AtomicUsize::new(parties),
                closed: AtomicBool::new(false),
                signal: Signal::new("phaser"),
            }
        }
    }

    /// Adds `n` anonymous parties to the phase that is on; which that is.
    ///
    /// # Panics
    ///
    /// Panics if there would be more than `usize::MAX` parties; nobody is added then.
    ///
    /// # Examples
    ///
    /// ```
    /// # pollster::block_on(async {
    /// use selvedge_sync::Phaser;
    ///
    /// let phaser = Phaser::new(0);
    /// phaser.register(1);
    /// let party = phaser.register_one();
    /// assert!(std::ptr::eq(party.phaser(), &phaser));
    /// party.deregister();
    /// // The last that is missing leaves, and the phase is over.
    /// phaser.deregister();
    /// assert_eq!(phaser.phase(), 1);
    /// # });
    /// ```
    #[track_caller]
    pub fn register(&self, n: usize) -> usize {
        let registered = self.signal.with(|| {
            let parties = self.parties.load(Relaxed).checked_add(n)?;
            self.parties.store(parties, Relaxed);
            self.missing.store(self.missing.load(Relaxed) + n, Relaxed);
            Some(self.phase.load(Relaxed))
        });
        registered.expect("a phaser has too many parties")
    }

    /// Adds one party to the phase that is on, which is deregistered when dropped.
    ///
    /// # Panics
    ///
    /// As for [`register`](Self::register).
    #[track_caller]
    pub fn register_one(&self) -> PhaserParty<'_> {
        self.register(1);
        PhaserParty { phaser: self, arrived: None }
    }

    /// An anonymous party arrives, and does not wait; in which phase.
    ///
    /// # Panics
    ///
    /// Panics if no party is registered.
    #[track_caller]
    pub fn arrive(&self) -> usize {
        self.step(0, |_| true).expect("no party is registered")
    }

    /// Waits until `phase` is over; which phase is on then.
    ///
    /// A phase other than the one that is on counts as over: numbers wrap around.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future gives up the place in line, and nothing else.
    ///
    /// # Errors
    ///
    /// The future ends with [`PhaserClosed`] if the phaser is closed before the phase is over.
    ///
    /// # Panics
    ///
    /// The future panics if polled after completion.
    #[track_caller]
    pub fn wait(&self, phase: usize) -> PhaserWait<'_> {
        PhaserWait { phaser: self, wait: Wait::new(self, For(phase)) }
    }

    /// Takes an anonymous party out, which had not arrived in the phase that is on; which that is.
    ///
    /// # Panics
    ///
    /// Panics if no party is registered.
    #[track_caller]
    pub fn deregister(&self) -> usize {
        self.step(1, |_| true).expect("no party is registered")
    }

    /// How many phases are over: the number of the one that is on. It wraps around.
    #[must_use]
    pub fn phase(&self) -> usize {
        // ORDERING: Acquire pairs with the Release in `step`.
        self.phase.load(Acquire)
    }

    /// Sends everybody away who waits, now and later.
    pub fn close(&self) {
        // ORDERING: Release pairs with the Acquire in `holds`.
        self.signal.with(|| self.closed.store(true, Release));
        raise(self);
    }

    /// Whether it was [closed](Self::close).
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.closed.load(Relaxed)
    }

    /// Who is there and who is missing: a look that is old by the time it returns.
    #[must_use]
    pub fn statistics(&self) -> PhaserStatistics {
        let waiting = self.signal.waiters();
        self.signal.with(|| PhaserStatistics {
            phase: self.phase.load(Relaxed),
            parties: self.parties.load(Relaxed),
            missing: self.missing.load(Relaxed),
            waiting,
            closed: self.closed.load(Relaxed),
        })
    }

    /// Lets `leaving` parties go, and one arrive, or be counted out, if it is missing in the phase
    /// that is on. Which that was; `None` if there is no such party.
    fn step(&self, leaving: usize, is_missing: impl FnOnce(usize) -> bool) -> Option<usize> {
        let (phase, over) = self.signal.with(|| {
            let phase = self.phase.load(Relaxed);
            let is_missing = is_missing(phase);
            let parties = self.parties.load(Relaxed).checked_sub(leaving)?;
            let missing = self.missing.load(Relaxed).checked_sub(usize::from(is_missing))?;
            // Nobody is there to go on, or to be waited for.
            let over = missing == 0 && (parties > 0 || is_missing);
            self.parties.store(parties, Relaxed);
            self.missing.store(if over { parties } else { missing }, Relaxed);
            if over {
                // ORDERING: Release pairs with the Acquires in `phase` and `holds`. Who arrived
                // before had the same lock.
                self.phase.store(phase.wrapping_add(1), Release);
            }
            Some((phase, over))
        })?;
        if over && !mutant!("a phase ends unseen") {
            raise(self);
        }
        Some(phase)
    }
}

/// What [`Phaser::statistics`] saw.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PhaserStatistics {
    /// Which phase was on.
    pub phase: usize,
    /// How many parties were registered.
    pub parties: usize,
    /// How many of them had not arrived in this phase.
    pub missing: usize,
    /// How many tasks and threads stood in line.
    pub waiting: usize,
    /// Whether it was closed.
    pub closed: bool,
}

/// A party of a [`Phaser`], deregistered when dropped.
#[must_use = "the party is deregistered at once if it is not kept"]
#[clippy::has_significant_drop]
pub struct PhaserParty<'a> {
    phaser: &'a Phaser,
    /// The phase in which it has last arrived.
    arrived: Option<usize>,
}

impl<'a> PhaserParty<'a> {
    /// Arrives, and does not wait; in which phase. A second time in the same phase changes nothing.
    pub fn arrive(&mut self) -> usize {
        let phase = self.phaser.phase();
        if self.arrived == Some(phase) {
            return phase;
        }
        // It is missing in this phase, so nobody ends it meanwhile.
        let phase = self.phaser.step(0, |_| true).unwrap_or(phase);
        self.arrived = Some(phase);
        phase
    }

    /// Arrives, unless it has in this phase, and waits until the phase is over; which is on then.
    ///
    /// # Cancel safety
    ///
    /// It arrives when this is called: that stands, when the future is dropped. To call this again
    /// in the same phase goes on waiting.
    ///
    /// # Errors
    ///
    /// The future ends with [`PhaserClosed`] if the phaser is closed before the phase is over.
    ///
    /// # Panics
    ///
    /// The future panics if polled after completion.
    #[track_caller]
    pub fn wait(&mut self) -> PhaserWait<'a> {
        let phase = self.arrive();
        self.phaser.wait(phase)
    }

    /// Leaves: the others do not wait for it any more.
    pub fn deregister(self) {}

    /// What it is a party of.
    #[must_use]
    pub fn phaser(&self) -> &'a Phaser {
        self.phaser
    }
}

impl Drop for PhaserParty<'_> {
    fn drop(&mut self) {
        if !shim::doomed() {
            // RACE: 1. A has arrived, and finds its phase still on. 2. B ends the phase: now A is
            //       missing in the next. 3. A leaves as one who has arrived, and the others wait for
            //       it for ever. So A looks with the line locked.
            let early = self.phaser.phase();
            self.phaser.step(1, |phase| {
                let phase = if mutant!("who leaves looks too early") { early } else { phase };
                self.arrived != Some(phase)
            });
        }
    }
}

impl Condition for Phaser {
    type Ask = usize;

    #[inline]
    fn signal(&self) -> &Signal<usize> {
        &self.signal
    }

    fn holds(&self, phase: usize) -> Answer<usize> {
        // ORDERING: Acquire pairs with the Release in `close`.
        let closed = self.closed.load(Acquire);
        if self.phase() != phase {
            Answer::Granted(phase)
        } else if closed {
            Answer::Refused
        } else {
            Answer::Wait
        }
    }
}

// SAFETY: it is its own.
#[expect(unsafe_code, reason = "promises where the state is")]
unsafe impl Primitive for Phaser {
    type Core = Self;

    #[inline(always)]
    fn core(&self) -> &Self {
        self
    }
}

pin_project! {
    /// The future of [`Phaser::wait`] and [`PhaserParty::wait`].
    #[must_use = "futures do nothing unless polled"]
    pub struct PhaserWait<'a> {
        phaser: &'a Phaser,
        #[pin]
        wait: Wait<&'a Phaser, For<usize>>,
    }
}

impl Future for PhaserWait<'_> {
    type Output = Result<usize, PhaserClosed>;

    #[inline]
    #[cfg_attr(selvedge_loom, track_caller)]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let phaser = *this.phaser;
        this.wait.poll_turn(cx).map(|turn| match turn.map(Turn::into_handle) {
            Some(_) => Ok(phaser.phase()),
            None => Err(PhaserClosed),
        })
    }
}

/// The phaser was [closed](Phaser::close) before the phase was over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PhaserClosed;

impl fmt::Display for PhaserClosed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the phaser is closed")
    }
}

impl core::error::Error for PhaserClosed {}

impl fmt::Debug for Phaser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seen = self.statistics();
        f.debug_struct("Phaser")
            .field("phase", &seen.phase)
            .field("parties", &seen.parties)
            .field("missing", &seen.missing)
            .field("waiting", &seen.waiting)
            .field("closed", &seen.closed)
            .finish()
    }
}

impl fmt::Debug for PhaserParty<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PhaserParty").field("arrived", &self.arrived).finish_non_exhaustive()
    }
}

impl fmt::Debug for PhaserWait<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PhaserWait").finish_non_exhaustive()
    }
}
