//! At most one in a time, the first and the last of many.

use core::{future::Future, ops::Deref, time::Duration};

use selvedge_sync::raw::shim::const_in_build;

use super::{
    Ambient, Call, SendCall, Time, decorate,
    edge::{AtEdge, Edge, Rule, Skipped, Step, Times, nanos},
    opaque,
};

/// At most one call begins in a window of time: the one that opens it, and at its end the last of those
/// that came meanwhile. The others end with [`Skipped`].
///
/// The window begins with the call that begins, so no two begin within one. Whoever waits for the end
/// of a window and is dropped takes its place along: nobody stands for those that it stood for.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// use selvedge_context::decorate::{Skipped, Throttle, op};
///
/// /// Saves at once, and then at most once a second.
/// static SAVES: Throttle = Throttle::new(Duration::from_secs(1)).trailing(false);
///
/// let save = op(async |text: &str| Ok::<_, Skipped>(text.len())).throttle(&SAVES);
/// # pollster::block_on(async {
/// assert_eq!(save.call("warp").await, Ok(4));
/// assert_eq!(save.call("warp and weft").await, Err(Skipped));
/// # });
/// ```
#[derive(Debug)]
#[doc(alias = "throttleTime")]
pub struct Throttle {
    edge: Edge,
    window: u64,
    leading: bool,
    trailing: bool,
}

impl Throttle {
    const_in_build! {
        /// One call in `window`, at both edges of it.
        #[must_use]
        pub fn new(window: Duration) -> Self {
            Self { edge: Edge::new(), window: nanos(window), leading: true, trailing: true }
        }
    }

    const_in_build! {
        /// Whether a call that finds no window begins at once. If not it opens one, and waits for its
        /// end.
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
        /// use selvedge_context::{decorate::{Skipped, Throttle, op}, join_all};
        /// use selvedge_timer::VirtualClock;
        ///
        /// /// Draws once a window, at its end: what it draws is the last that came.
        /// static FRAMES: Throttle = Throttle::new(Duration::from_millis(16)).leading(false);
        ///
        /// let clock = VirtualClock::new();
        /// let draw = op(async |n: u32| Ok::<_, Skipped>(n)).on(clock.clone()).throttle(&FRAMES);
        /// let drawing = join_all([1, 2, 3].map(|frame| draw.call(frame)));
        /// let drawn = pollster::block_on(clock.auto_advance(drawing));
        /// assert_eq!(drawn, [Err(Skipped), Err(Skipped), Ok(3)]);
        /// ```
        #[must_use]
        pub fn leading(mut self, begins: bool) -> Self {
            assert!(begins || self.trailing, "without an edge no call ever begins");
            self.leading = begins;
            self
        }
    }

    const_in_build! {
        /// Whether the last of the calls that come during a window begins at its end. If not, they
        /// are all left out at once.
        ///
        /// # Panics
        ///
        /// If no edge is left.
        #[must_use]
        pub fn trailing(mut self, begins: bool) -> Self {
            assert!(begins || self.leading, "without an edge no call ever begins");
            self.trailing = begins;
            self
        }
    }

    /// Polls `future` when it may begin: the call of [`Op::throttle`](super::Op::throttle), of a future
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

impl Rule for Throttle {
    fn edge(&self) -> &Edge {
        &self.edge
    }

    fn comes(&self, times: &mut Times, now: u64) -> Step {
        if now < times.until {
            return if self.trailing { Step::Wait(times.until) } else { Step::Skip };
        }
        // The window is over. Whoever waited for that has not come yet: this one stands for it.
        if self.leading || times.due.is_some() {
            return Step::Begin;
        }
        times.until = now.saturating_add(self.window);
        Step::Wait(times.until)
    }

    fn begins(&self, times: &mut Times, now: u64) {
        times.until = now.saturating_add(self.window);
    }
}

/// See [`Op::throttle`](super::Op::throttle).
#[derive(Clone, Copy)]
pub struct Throttled<C, L, T> {
    pub(super) inner: C,
    pub(super) throttle: L,
    pub(super) time: T,
}

decorate! {
    [R, E, L, T] Throttled<C, L, T>;
    call: [
        C: Call<Args, Output = Result<R, E>>,
        E: From<Skipped>,
        L: Deref<Target = Throttle>,
        T: Time,
    ];
    send_call: [
        C: SendCall<Args, Output = Result<R, E>>,
        Args: Send,
        R: Send,
        E: From<Skipped> + Send,
        L: Deref<Target = Throttle> + Send + Sync,
        T: Time<Sleep: Send> + Send + Sync,
    ];
    |me, args, inner| -> Result<R, E> {
        me.throttle.run_on(me.time.clone(), inner(args))
    }
}

opaque! { Throttled<C, L, T> }
