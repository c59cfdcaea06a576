//! A cell whose value is made by the first who asks for it.
//!
//! # State
//!
//! A value that is written once, and the turn to make it ([`raw::once::Once`](Once)): those who
//! ask stand in line for the turn, and are sent away from there when there is a value.

use core::{
    convert::Infallible,
    fmt,
    future::Future,
    mem,
    pin::Pin,
    task::{Context, Poll, ready},
};

use pin_project_lite::pin_project;

use crate::raw::{
    line::{Answer, Asks, Handle, Primitive, Turn, Turns, Wait},
    once::{Done, Make, Once},
    shim::const_in_build,
    signal::For,
    trace::Trace,
};

/// A cell whose value is made once, by the first who asks for it.
///
/// Those who ask meanwhile wait in line. If the one who makes the value is cancelled, fails or
/// panics, the cell stays empty, and exactly one of them takes over, with its own initialiser.
///
/// # Memory ordering
///
/// Whoever sees the value sees everything that happened before it was set; whoever takes over sees
/// what those did who tried before.
///
/// # Panics in an initialiser
///
/// As if it had failed: the cell stays empty, and the next in line takes over.
///
/// # Examples
///
/// ```
/// # pollster::block_on(async {
/// use selvedge_sync::OnceCell;
///
/// static CONFIG: OnceCell<String> = OnceCell::new();
///
/// async fn config() -> &'static str {
///     CONFIG.get_or_init(|| async { "four shafts".to_owned() }).await
/// }
///
/// assert_eq!(config().await, "four shafts");
/// assert_eq!(CONFIG.get().unwrap(), "four shafts");
/// # });
/// ```
pub struct OnceCell<T> {
    once: Once<T>,
}

impl<T> OnceCell<T> {
    const_in_build! {
        /// An empty cell.
        #[must_use]
        pub fn new() -> Self {
            Self { once: Once::new("once cell", ()) }
        }
    }

    const_in_build! {
        /// As [`new`](Self::new), under tokio's name for it.
        #[must_use]
        pub fn const_new() -> Self {
            Self::new()
        }
    }

    const_in_build! {
        /// A cell with a value.
        #[must_use]
        pub fn const_new_with(value: T) -> Self {
            Self { once: Once::full("once cell", value, ()) }
        }
    }

    /// A cell with a value, if there is one.
    ///
    /// # Examples
    ///
    /// ```
    /// use selvedge_sync::{OnceCell, SetOnce};
    ///
    /// static MADE: OnceCell<u8> = OnceCell::const_new_with(7);
    /// static NOT_YET: OnceCell<u8> = OnceCell::const_new();
    ///
    /// assert_eq!((MADE.get(), NOT_YET.get()), (Some(&7), None));
    /// assert_eq!(OnceCell::new_with(Some("warp")).get(), Some(&"warp"));
    /// # static SET: SetOnce<u8> = SetOnce::const_new_with(7);
    /// # assert_eq!(SetOnce::new_with(SET.get().copied()).get(), Some(&7));
    /// ```
    #[must_use]
    pub fn new_with(value: Option<T>) -> Self {
        value.map_or_else(Self::new, Self::const_new_with)
    }

    /// Gets the value; makes it, if there is none and nobody is about to.
    ///
    /// An initialiser that asks the same cell waits for itself, for ever.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future drops the initialiser, wherever it is, or gives up the place in line.
    /// The cell stays empty then, and the next in line takes over with its own initialiser.
    ///
    /// # Panics
    ///
    /// The future panics if polled after completion.
    #[inline]
    #[track_caller]
    pub fn get_or_init<F, Fut>(&self, init: F) -> GetOrInit<'_, T, F, Fut>
    where
        F: FnOnce() -> Fut,
        Fut: Future<Output = T>,
    {
        GetOrInit { making: Making::new(&self.once, init) }
    }

    /// As [`get_or_init`](Self::get_or_init), with an initialiser that may fail.
    ///
    /// # Cancel safety
    ///
    /// As for [`get_or_init`](Self::get_or_init).
    ///
    /// # Errors
    ///
    /// The initialiser's error, which goes to whoever ran it and to nobody else. The next in line
    /// takes over.
    ///
    /// # Panics
    ///
    /// The future panics if polled after completion.
    #[inline]
    #[track_caller]
    pub fn get_or_try_init<E, F, Fut>(&self, init: F) -> GetOrTryInit<'_, T, F, Fut>
    where
        F: FnOnce() -> Fut,
        Fut: Future<Output = Result<T, E>>,
    {
        GetOrTryInit { making: Making::new(&self.once, init) }
    }

    /// Waits until somebody else has set the value.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future gives up the place in line, and nothing else.
    ///
    /// # Panics
    ///
    /// The future panics if polled after completion.
    #[track_caller]
    pub fn wait(&self) -> OnceCellWait<'_, T> {
        OnceCellWait { wait: Wait::new(self.once.done(), For(())) }
    }

    /// Parks the calling thread until somebody else has set the value.
    #[cfg(any(feature = "std", selvedge_loom))]
    #[track_caller]
    pub fn blocking_wait(&self) -> &T {
        crate::raw::block::block_on(self.wait())
    }

    /// Sets the value.
    ///
    /// # Errors
    ///
    /// If there is one already, or somebody is about to make it; `value` comes back.
    pub fn set(&self, value: T) -> Result<(), SetError<T>> {
        match Turn::try_take(&self.once, Make) {
            Ok(turn) => {
                Once::fill(turn, value);
                Ok(())
            }
            Err(Answer::Refused) => Err(SetError::AlreadyInitializedError(value)),
            Err(_) => Err(SetError::InitializingError(value)),
        }
    }

    /// The value, if there is one.
    #[inline]
    #[must_use]
    #[cfg_attr(selvedge_loom, track_caller)]
    pub fn get(&self) -> Option<&T> {
        self.once.done().get()
    }

    /// The value, if there is one.
    pub fn get_mut(&mut self) -> Option<&mut T> {
        self.once.done_mut().get_mut()
    }

    /// Whether there is a value.
    #[inline]
    #[must_use]
    pub fn initialized(&self) -> bool {
        self.once.done().is_set()
    }

    /// Unwraps the value.
    #[must_use]
    pub fn into_inner(mut self) -> Option<T> {
        self.take()
    }

    /// Takes the value out: the cell is empty afterwards.
    pub fn take(&mut self) -> Option<T> {
        self.once.done_mut().take()
    }

    /// Who waits, and for what: a look that is old by the time it returns.
    #[must_use]
    pub fn statistics(&self) -> OnceCellStatistics {
        OnceCellStatistics {
            initialized: self.initialized(),
            initializing: self.once.is_busy(),
            waiting: self.once.makers() + self.once.done().waiters(),
        }
    }
}

/// What [`OnceCell::statistics`] saw.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct OnceCellStatistics {
    /// Whether there was a value.
    pub initialized: bool,
    /// Whether somebody was about to make it.
    pub initializing: bool,
    /// How many tasks and threads stood in line.
    pub waiting: usize,
}

// SAFETY: the value stays where it is.
#[expect(unsafe_code, reason = "promises where the state is")]
unsafe impl<T> Primitive for OnceCell<T> {
    type Core = Once<T>;

    #[inline(always)]
    fn core(&self) -> &Once<T> {
        &self.once
    }
}

pin_project! {
    /// Waits for the turn to make the value, and makes it.
    pub(crate) struct Making<H: Handle, F, Fut>
    where
        Make: Asks<<<H::Target as Primitive>::Core as Turns>::Ask>,
    {
        handle: H,
        init: Option<F>,
        trace: Trace,
        #[pin]
        step: Step<H, Fut>,
    }
}

pin_project! {
    #[project = StepNow]
    enum Step<H: Handle, Fut>
    where
        Make: Asks<<<H::Target as Primitive>::Core as Turns>::Ask>,
    {
        // All that is written before the value is looked for.
        New,
        Line { #[pin] wait: Wait<H, Make> },
        // The order of the fields is the order in which they go: first what makes, then the turn.
        Making { #[pin] making: Fut, turn: Option<Turn<H, Make>> },
        Over,
    }
}

impl<H, T, F, Fut> Making<H, F, Fut>
where
    H: Handle<Target: Primitive<Core = Once<T>>> + Clone,
    F: FnOnce() -> Fut,
    Fut: Future,
{
    #[inline(always)]
    #[track_caller]
    pub(crate) fn new(handle: H, init: F) -> Self {
        Self { handle, init: Some(init), trace: Trace::here(), step: Step::New }
    }

    /// Leads to the value, once there is one.
    #[inline(never)]
    #[cfg_attr(selvedge_loom, track_caller)]
    pub(crate) fn poll_made<E>(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        finish: fn(Fut::Output) -> Result<T, E>,
    ) -> Poll<Result<H, E>> {
        let mut this = self.project();
        loop {
            match this.step.as_mut().project() {
                StepNow::New => {
                    let trace = mem::replace(this.trace, Trace::here());
                    let wait = Wait::of(this.handle.clone(), Make, trace);
                    this.step.set(Step::Line { wait });
                }
                StepNow::Line { wait } => {
                    assert!(this.init.is_some(), "a future was polled after completion");
                    let turn = ready!(wait.poll_turn(cx));
                    let init = this.init.take();
                    let Some(turn) = turn else {
                        this.step.set(Step::Over);
                        return Poll::Ready(Ok(this.handle.clone()));
                    };
                    // Should it panic, the turn goes on to the next.
                    let making = init.expect("looked at above")();
                    this.step.set(Step::Making { making, turn: Some(turn) });
                }
                StepNow::Making { making, turn: kept } => {
                    // Held here, so that a panic gives it back at once.
                    let turn = kept.take();
                    let Poll::Ready(made) = making.poll(cx) else {
                        *kept = turn;
                        return Poll::Pending;
                    };
                    let made = finish(made);
                    this.step.set(Step::Over);
                    let turn = turn.expect("there while it is made");
                    return Poll::Ready(made.map(|value| Once::fill(turn, value)));
                }
                StepNow::Over => panic!("a future was polled after completion"),
            }
        }
    }
}

impl<'a, T, F, Fut> Making<&'a Once<T>, F, Fut> {
    /// The value, if there is one before this has begun to make it: it never will.
    #[inline(always)]
    #[cfg_attr(selvedge_loom, track_caller)]
    fn poll_there(self: Pin<&mut Self>) -> Option<&'a T> {
        let value = self.handle.done().get()?;
        self.project().init.take().map(|_| value)
    }
}

pin_project! {
    /// The future of [`OnceCell::get_or_init`].
    #[must_use = "futures do nothing unless polled"]
    pub struct GetOrInit<'a, T, F, Fut> {
        #[pin]
        making: Making<&'a Once<T>, F, Fut>,
    }
}

pin_project! {
    /// The future of [`OnceCell::get_or_try_init`].
    #[must_use = "futures do nothing unless polled"]
    pub struct GetOrTryInit<'a, T, F, Fut> {
        #[pin]
        making: Making<&'a Once<T>, F, Fut>,
    }
}

pin_project! {
    /// The future of [`OnceCell::wait`].
    #[must_use = "futures do nothing unless polled"]
    pub struct OnceCellWait<'a, T> {
        #[pin]
        wait: Wait<&'a Done<T>, For<()>>,
    }
}

impl<'a, T, F, Fut> Future for GetOrInit<'a, T, F, Fut>
where
    F: FnOnce() -> Fut,
    Fut: Future<Output = T>,
{
    type Output = &'a T;

    #[inline(always)]
    #[cfg_attr(selvedge_loom, track_caller)]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<&'a T> {
        let mut this = self.project();
        if let Some(value) = this.making.as_mut().poll_there() {
            return Poll::Ready(value);
        }
        this.making.poll_made::<Infallible>(cx, Ok).map(|made| match made {
            Ok(once) => once.done().get().expect("it is made"),
            Err(never) => match never {},
        })
    }
}

impl<'a, T, E, F, Fut> Future for GetOrTryInit<'a, T, F, Fut>
where
    F: FnOnce() -> Fut,
    Fut: Future<Output = Result<T, E>>,
{
    type Output = Result<&'a T, E>;

    #[inline(always)]
    #[cfg_attr(selvedge_loom, track_caller)]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        if let Some(value) = this.making.as_mut().poll_there() {
            return Poll::Ready(Ok(value));
        }
        let made = ready!(this.making.poll_made(cx, |made| made));
        Poll::Ready(made.map(|once| once.done().get().expect("it is made")))
    }
}

impl<'a, T> Future for OnceCellWait<'a, T> {
    type Output = &'a T;

    #[inline]
    #[cfg_attr(selvedge_loom, track_caller)]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<&'a T> {
        self.project().wait.poll_turn(cx).map(|turn| {
            let done: &'a Done<T> = turn.map(Turn::into_handle).expect("never abandoned");
            done.get().expect("the wait is over once it is set")
        })
    }
}

/// Why [`OnceCell::set`] did not; the value comes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SetError<T> {
    /// There was a value already.
    AlreadyInitializedError(T),
    /// Somebody was about to make one.
    InitializingError(T),
}

impl<T> SetError<T> {
    /// Whether there was a value already.
    #[must_use]
    pub fn is_already_init_err(&self) -> bool {
        matches!(self, Self::AlreadyInitializedError(_))
    }

    /// Whether somebody was about to make one.
    #[must_use]
    pub fn is_initializing_err(&self) -> bool {
        matches!(self, Self::InitializingError(_))
    }
}

impl<T> fmt::Display for SetError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::AlreadyInitializedError(_) => "the cell is set already",
            Self::InitializingError(_) => "the cell is being set",
        })
    }
}

impl<T: fmt::Debug> core::error::Error for SetError<T> {}

impl<T: fmt::Debug> fmt::Debug for OnceCell<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OnceCell").field("value", &self.get()).finish()
    }
}

impl<T, F, Fut> fmt::Debug for GetOrInit<'_, T, F, Fut> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GetOrInit").finish_non_exhaustive()
    }
}

impl<T, F, Fut> fmt::Debug for GetOrTryInit<'_, T, F, Fut> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GetOrTryInit").finish_non_exhaustive()
    }
}

impl<T> fmt::Debug for OnceCellWait<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OnceCellWait").finish_non_exhaustive()
    }
}

impl<T> Default for OnceCell<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> From<T> for OnceCell<T> {
    fn from(value: T) -> Self {
        Self::const_new_with(value)
    }
}

impl<T: Clone> Clone for OnceCell<T> {
    fn clone(&self) -> Self {
        Self::new_with(self.get().cloned())
    }
}

impl<T: PartialEq> PartialEq for OnceCell<T> {
    fn eq(&self, other: &Self) -> bool {
        self.get() == other.get()
    }
}

impl<T: Eq> Eq for OnceCell<T> {}
