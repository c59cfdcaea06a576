//! The last of many, once there are no more.

use core::{future::Future, ops::Deref, time::Duration};

use selvedge_sync::raw::shim::const_in_build;

use super::{
    Ambient, Call, SendCall, Time, decorate,
    edge::{AtEdge, Edge, Rule, Skipped, Step, Times, nanos},
    opaque,
};

/// Of calls that come in quick succession the last one begins, when there has been none for a while;
/// the others end with [`Skipped`].
///
/// Whoever waits and is dropped takes its place along: nobody stands for those that it stood for.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// use selvedge_context::{decorate::{Debounce, Skipped, op}, join_all};
/// use selvedge_timer::VirtualClock;
///
/// /// Searches when nothing has been typed for 300 ms.
/// static TYPED: Debounce = Debounce::new(Duration::from_millis(300));
///
/// let clock = VirtualClock::new();
/// let search = op(async |text: &str| Ok::<_, Skipped>(text.len()));
/// let search = search.on(clock.clone()).debounce(&TYPED);
/// let typing = join_all(["w", "wa", "war", "warp"].map(|text| search.call(text)));
/// let found = pollster::block_on(clock.auto_advance(typing));
/// assert_eq!(found, [Err(Skipped), Err(Skipped), Err(Skipped), Ok(4)]);
/// ```
#[derive(Debug)]
#[doc(alias = "debounceTime")]
pub struct Debounce {
    edge: Edge,
    quiet: u64,
    /// The longest that a burst is waited for.
    most: u64,
    leading: bool,
    trailing: bool,
}

impl Debounce {
    const_in_build! {
        /// The last call begins when there has been no other for `quiet`.
        #[must_use]
        pub fn new(quiet: Duration) -> Self {
            let (leading, trailing) = (false, true);
            Self { edge: Edge::new(), quiet: nanos(quiet), most: u64::MAX, leading, trailing }
        }
    }

    const_in_build! {
        /// Whether the first call after a quiet time begins at once.
        ///
        /// # Panics
        ///
        /// If no edge is left.
        ///
        /// # Examples
        ///
        /// ```
        /// use std::time::Duration;
        ///
        /// use selvedge_context::{decorate::{Debounce, Skipped, op}, join_all};
        ///
        /// /// The first press counts, and what a bouncing button sends after it does not.
        /// static PRESSED: Debounce =
        ///     Debounce::new(Duration::from_secs(60)).leading(true).trailing(false);
        ///
        /// let press = op(async |n: u32| Ok::<_, Skipped>(n)).debounce(&PRESSED);
        /// # pollster::block_on(async {
        /// let seen = join_all([1, 2, 3].map(|n| press.call(n))).await;
        /// assert_eq!(seen, [Ok(1), Err(Skipped), Err(Skipped)]);
        /// # });
        /// ```
        #[must_use]
        pub fn leading(mut self, begins: bool) -> Self {
            assert!(begins || self.trailing, "without an edge no call ever begins");
            self.leading = begins;
            self
        }
    }

    const_in_build! {
        /// Whether the last call begins when it has become quiet; if not, all but the first are left
        /// out at once.
        ///
        /// # Panics
        ///
        /// If no edge is left: ask for the [leading](Self::leading) one first.
        #[must_use]
        pub fn trailing(mut self, begins: bool) -> Self {
            assert!(begins || self.leading, "without an edge no call ever begins");
            self.trailing = begins;
            self
        }
    }

    const_in_build! {
        /// Even if it never becomes quiet, a call begins when so long has passed since the last one
        /// that did, or since the first that came.
        ///
        /// # Examples
        ///
        /// ```
        /// use std::time::{Duration, Instant};
        ///
        /// use selvedge_context::decorate::{Debounce, Skipped, op};
        ///
        /// /// Saves when nobody has typed for an hour; who types without a pause is saved every 10 ms.
        /// static TYPED: Debounce =
        ///     Debounce::new(Duration::from_secs(3600)).max_wait(Duration::from_millis(10));
        ///
        /// let save = op(async |text: &str| Ok::<_, Skipped>(text.len())).debounce(&TYPED);
        /// # pollster::block_on(async {
        /// let start = Instant::now();
        /// assert_eq!(save.call("warp").await, Ok(4));
        /// assert!(start.elapsed() < Duration::from_secs(3600), "it did not wait for quiet");
        /// # });
        /// ```
        #[must_use]
        pub fn max_wait(mut self, duration: Duration) -> Self {
            self.most = nanos(duration);
            self
        }
    }

    /// Polls `future` when it may begin: the call of [`Op::debounce`](super::Op::debounce), of a future
    /// that is there already. Time is the ambient one.
    ///
    /// # Cancel safety
    ///
    /// Dropped while it waits, it takes its place along: those that it stood for were left out.
    pub fn run<R, E, F>(&self, future: F) -> AtEdge<'_, Self, F, Ambient>
    where
        F: Future<Output = Result<R, E>>,
        E: From<Skipped>,
    {
        self.run_on(Ambient, future)
    }

    /// As [`run`](Self::run), with the time of `time`.
    ///
    /// # Cancel safety
    ///
    /// As for [`run`](Self::run).
    pub fn run_on<R, E, F, T>(&self, time: T, future: F) -> AtEdge<'_, Self, F, T>
    where
        F: Future<Output = Result<R, E>>,
        E: From<Skipped>,
        T: Time,
    {
        AtEdge::new(self, time, future)
    }
}

impl Rule for Debounce {
    fn edge(&self) -> &Edge {
        &self.edge
    }

    fn comes(&self, times: &mut Times, now: u64) -> Step {
        let in_burst = now < times.until;
        times.until = now.saturating_add(self.quiet);
        // Whoever is due has not come yet: this one stands for it.
        if times.due.is_some_and(|due| due <= now) {
            return Step::Begin;
        }
        if !in_burst {
            times.from = now;
            if self.leading {
                return Step::Begin;
            }
        }
        if !self.trailing {
            return Step::Skip;
        }
        let due = times.until.min(times.from.saturating_add(self.most));
        if due <= now { Step::Begin } else { Step::Wait(due) }
    }

    fn begins(&self, times: &mut Times, now: u64) {
        times.from = now;
    }
}

/// See [`Op::debounce`](super::Op::debounce).
#[derive(Clone, Copy)]
pub struct Debounced<C, L, T> {
    pub(super) inner: C,
    pub(super) debounce: L,
    pub(super) time: T,
}

decorate! {
    [R, E, L, T] Debounced<C, L, T>;
    call: [
        C: Call<Args, Output = Result<R, E>>,
        E: From<Skipped>,
        L: Deref<Target = Debounce>,
        T: Time,
    ];
    send_call: [
        C: SendCall<Args, Output = Result<R, E>>,
        Args: Send,
        R: Send,
        E: From<Skipped> + Send,
        L: Deref<Target = Debounce> + Send + Sync,
        T: Time<Sleep: Send> + Send + Sync,
    ];
    |me, args, inner| -> Result<R, E> {
        me.debounce.run_on(me.time.clone(), inner(args))
    }
}

opaque! { Debounced<C, L, T> }
