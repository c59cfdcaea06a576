//! A value that is made at its first use, by one initialiser that everybody drives on.
//!
//! # State
//!
//! A value that is written once, and the turn to make it ([`Once`]); beside them, lent to whoever
//! has the turn, the initialiser in flight.
//!
//! | turn   | in flight | meaning                                                  |
//! |--------|:---------:|----------------------------------------------------------|
//! | free   |    no     | nobody has asked yet, or the last attempt panicked       |
//! | free   |    yes    | whoever drove it was cancelled; the next drives it on    |
//! | taken  |     –     | somebody drives it, or is about to                       |
//! | never  |    no     | there is a value                                         |

use alloc::boxed::Box;
use core::{
    fmt,
    future::{Future, IntoFuture},
    mem,
    pin::Pin,
    task::{Context, Poll, ready},
};

use pin_project_lite::pin_project;

use crate::raw::{
    line::{Turn, Wait},
    once::{Make, Once},
    shim::{const_in_build, mutant},
    trace::Trace,
};

/// A boxed future, as an initialiser of [`Lazy`] returns.
pub type LazyFuture<T> = Pin<Box<dyn Future<Output = T> + Send + 'static>>;

/// A value that is made at its first use, by an asynchronous initialiser.
///
/// The first who asks drives the initialiser, the others wait. Whoever drives it may be cancelled:
/// the initialiser stays where it is, and the next in line drives it on.
///
/// The future of the initialiser is boxed, once, at the first use: that makes a `static` of it.
///
/// # Memory ordering
///
/// Whoever sees the value sees everything that the initialiser did.
///
/// # Panics in an initialiser
///
/// The panic goes to whoever drives it; its future is dropped, and the next in line begins anew.
///
/// # Examples
///
/// ```
/// # pollster::block_on(async {
/// use selvedge_sync::Lazy;
///
/// static SHAFTS: Lazy<u32> = Lazy::new(|| Box::pin(async { 4 }));
///
/// assert_eq!(SHAFTS.get(), None);
/// assert_eq!(*SHAFTS.force().await, 4);
/// assert_eq!(*(&SHAFTS).await, 4);
/// # });
/// ```
pub struct Lazy<T, F = fn() -> LazyFuture<T>> {
    once: Once<T, Work<T, F>>,
}

/// What those share who make the value, one at a time.
struct Work<T, F> {
    init: F,
    in_flight: Option<LazyFuture<T>>,
}

impl<T, F> Lazy<T, F> {
    const_in_build! {
        /// Not made yet.
        #[must_use]
        pub fn new(init: F) -> Self {
            Self { once: Once::new("lazy", Work { init, in_flight: None }) }
        }
    }

    /// The value, if it is made.
    #[inline]
    #[must_use]
    #[cfg_attr(selvedge_loom, track_caller)]
    pub fn get(&self) -> Option<&T> {
        self.once.done().get()
    }

    /// The value, if it is made.
    pub fn get_mut(&mut self) -> Option<&mut T> {
        self.once.done_mut().get_mut()
    }

    /// How many tasks and threads stand in line: a look that is old by the time it returns.
    #[must_use]
    pub fn waiters(&self) -> usize {
        self.once.makers()
    }
}

impl<T, F: Fn() -> LazyFuture<T>> Lazy<T, F> {
    /// Gets the value; makes it if there is none.
    ///
    /// An initialiser that asks for its own value waits for itself, for ever.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future gives up the place in line, or leaves the initialiser where it is: the
    /// next in line drives it on.
    ///
    /// # Panics
    ///
    /// The future panics if the initialiser does, and if polled after completion.
    #[inline]
    #[track_caller]
    pub fn force(&self) -> Force<'_, T, F> {
        Force { once: &self.once, step: Step::New { trace: Trace::here() } }
    }
}

impl<'a, T, F: Fn() -> LazyFuture<T>> IntoFuture for &'a Lazy<T, F> {
    type Output = &'a T;
    type IntoFuture = Force<'a, T, F>;

    #[track_caller]
    fn into_future(self) -> Force<'a, T, F> {
        self.force()
    }
}

pin_project! {
    /// The future of [`Lazy::force`].
    #[must_use = "futures do nothing unless polled"]
    pub struct Force<'a, T, F> {
        once: &'a Once<T, Work<T, F>>,
        #[pin]
        step: Step<'a, T, F>,
    }
}

pin_project! {
    #[project = StepNow]
    enum Step<'a, T, F> {
        // All that is written before the value is looked for.
        New { trace: Trace },
        Line { #[pin] wait: Wait<&'a Once<T, Work<T, F>>, Make> },
        Making { turn: Option<Turn<&'a Once<T, Work<T, F>>, Make>> },
        Over,
    }
}

impl<'a, T, F: Fn() -> LazyFuture<T>> Future for Force<'a, T, F> {
    type Output = &'a T;

    #[inline(always)]
    #[cfg_attr(selvedge_loom, track_caller)]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<&'a T> {
        if let (Some(value), Step::New { .. }) = (self.once.done().get(), &self.step) {
            self.as_mut().project().step.set(Step::Over);
            return Poll::Ready(value);
        }
        self.poll_slowly(cx)
    }
}

impl<'a, T, F: Fn() -> LazyFuture<T>> Force<'a, T, F> {
    #[inline(never)]
    #[cfg_attr(selvedge_loom, track_caller)]
    fn poll_slowly(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<&'a T> {
        let mut this = self.project();
        loop {
            // Held here, so that a panic gives it back at once.
            let turn = match this.step.as_mut().project() {
                StepNow::New { trace } => {
                    let wait = Wait::of(*this.once, Make, mem::replace(trace, Trace::here()));
                    this.step.set(Step::Line { wait });
                    continue;
                }
                StepNow::Line { .. } if this.once.done().is_set() => None,
                StepNow::Line { wait } => ready!(wait.poll_turn(cx)),
                StepNow::Making { turn } if turn.is_some() => turn.take(),
                StepNow::Making { .. } | StepNow::Over => {
                    panic!("a future was polled after completion")
                }
            };
            if let Some(mut turn) = turn {
                match Once::work(&mut turn, |work| work.drive(cx)) {
                    Poll::Ready(value) => _ = Once::fill(turn, value),
                    Poll::Pending => {
                        this.step.set(Step::Making { turn: Some(turn) });
                        return Poll::Pending;
                    }
                }
            }
            this.step.set(Step::Over);
            return Poll::Ready(this.once.done().get().expect("made, or refused because it is"));
        }
    }
}

impl<T, F: Fn() -> LazyFuture<T>> Work<T, F> {
    fn drive(&mut self, cx: &mut Context<'_>) -> Poll<T> {
        // Taken out, so that one that panics does not stay.
        let mut in_flight = match self.in_flight.take() {
            Some(in_flight) if !mutant!("an initialiser in flight is dropped") => in_flight,
            _ => (self.init)(),
        };
        let made = in_flight.as_mut().poll(cx);
        if made.is_pending() {
            self.in_flight = Some(in_flight);
        }
        made
    }
}

impl<T: fmt::Debug, F> fmt::Debug for Lazy<T, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lazy").field("value", &self.get()).finish_non_exhaustive()
    }
}

impl<T, F> fmt::Debug for Force<'_, T, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Force").finish_non_exhaustive()
    }
}
