//! The newest value, for everybody who looks: a receiver that looks seldom misses those between.
//!
//! ```
//! # pollster::block_on(async {
//! use selvedge_channel::watch;
//!
//! let (tx, mut rx) = watch::channel("dark");
//! assert_eq!(*rx.borrow(), "dark");
//!
//! tx.send("dawn")?;
//! tx.send("light")?;
//! rx.changed().await.unwrap();
//! assert_eq!(*rx.borrow_and_update(), "light");
//!
//! drop(tx);
//! assert!(rx.changed().await.is_err());
//! # Ok::<(), watch::error::SendError<&str>>(())
//! # }).unwrap();
//! ```
//!
//! # State
//!
//! ```text
//!            ╭──────────────────╮ Some  ╭────────────────╮ counts  ╭──────╮
//!  locked:   │ current          ├──────►│ Kept: a value  │◄────────┤ Ref  │ any number
//!            ╰──────────────────╯       ╰────────────────╯         ╰──────╯
//!  gate:     version, CLOSED, WAITERS            (raw/gate.rs, raw/kept.rs)
//! ```
//!
//! | `current` | meaning                                                                       |
//! |-----------|-------------------------------------------------------------------------------|
//! | `Some`    | the newest value; the version belongs to it, and changes with it, locked      |
//! | `None`    | a closure of `send_modify` has it; who wants it parks, and is told            |
//!
//! Invariants:
//! 1. The lock is held for a count, a move of the value or a step of the version: never while a
//!    closure, a predicate, a `Clone` or a `Drop` runs.
//! 2. A value is written in place only while no `Ref` counts; else the new one comes beside it.

use alloc::sync::Arc;
use core::{fmt, ops::Deref, sync::atomic::Ordering::Relaxed};

use self::{
    error::{RecvError, SendError},
    shared::{Look, Shared},
};

pub mod error;
mod futures;
mod shared;

#[cfg(feature = "stream")]
pub use self::futures::Changes;
pub use self::futures::{Changed, Closed, WaitFor};

/// Makes a channel whose first value is `init`. The receiver has seen that. The [module](self) shows
/// it.
pub fn channel<T>(init: T) -> (Sender<T>, Receiver<T>) {
    let shared = Arc::new(Shared::new(init));
    let seen = shared.version.look().number();
    (Sender { shared: Arc::clone(&shared) }, Receiver { shared, seen })
}

/// The sending end; it can be cloned.
///
/// # Memory ordering
///
/// Whoever looks at a value, or finds that it has changed, sees everything that happened before it
/// was sent.
///
/// # Panics in a critical section
///
/// A closure that panics leaves the value as it is then, and wakes nobody; the channel goes on.
///
/// # Examples
///
/// ```
/// use selvedge_channel::watch;
///
/// let (config, reader) = watch::channel(vec!["red"]);
/// // In place: nothing is cloned, and readers see all of it or nothing.
/// config.send_modify(|colors| colors.push("blue"));
/// assert_eq!(*reader.borrow(), ["red", "blue"]);
/// // Only if something changed is anybody woken.
/// let changed = config.send_if_modified(|colors| {
///     let before = colors.len();
///     colors.retain(|color| *color != "green");
///     colors.len() < before
/// });
/// assert!(!changed);
/// ```
pub struct Sender<T> {
    shared: Arc<Shared<T>>,
}

/// The receiving end; it can be cloned, and each remembers what it has seen.
///
/// # Examples
///
/// ```
/// # pollster::block_on(async {
/// use selvedge_channel::watch;
///
/// let (config, mut worker) = watch::channel(1);
/// let mut other = worker.clone();
/// config.send(2).unwrap();
/// config.send(3).unwrap();
/// // The newest counts: whoever looks seldom misses those between, and never the last.
/// worker.changed().await.unwrap();
/// assert_eq!(*worker.borrow_and_update(), 3);
/// assert_eq!(worker.has_changed(), Ok(false));
/// assert_eq!(other.has_changed(), Ok(true));
/// assert_eq!(*other.wait_for(|n| *n > 2).await.unwrap(), 3);
/// # });
/// ```
pub struct Receiver<T> {
    shared: Arc<Shared<T>>,
    seen: u64,
}

/// A look at a value.
///
/// It keeps that value, and holds nobody up who sends another. `send_modify` and its like, which
/// change the value itself, wait for it, and so does `send_replace`, which hands it out: do not call
/// these with a `Ref` in the same thread's hands.
///
/// # Examples
///
/// ```
/// use selvedge_channel::watch;
///
/// let (config, reader) = watch::channel(String::from("plain"));
/// let look = reader.borrow();
/// config.send("twill".into()).unwrap(); // waits for nobody
/// assert_eq!(*look, "plain");
/// drop(look);
/// assert_eq!(*reader.borrow(), "twill");
/// ```
#[must_use = "a look keeps the value for as long as it lives"]
pub struct Ref<'a, T> {
    look: Look<'a, T>,
    has_changed: bool,
}

impl<T> Sender<T> {
    /// As [`channel`], without a receiver.
    #[must_use]
    pub fn new(init: T) -> Self {
        channel(init).0
    }

    /// Waits until there is no receiver.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses nothing.
    pub fn closed(&self) -> Closed<'_, T> {
        Closed::new(&self.shared)
    }

    /// Sends a value in the place of the one that is there. Never waits for a receiver's `Ref`.
    ///
    /// # Errors
    ///
    /// The value, if there is no receiver; [`send_replace`](Self::send_replace) does not mind.
    #[inline]
    pub fn send(&self, value: T) -> Result<(), SendError<T>> {
        if self.is_closed() {
            return Err(SendError(value));
        }
        self.shared.send(value);
        Ok(())
    }

    /// Changes the value in place, and wakes everybody.
    ///
    /// Waits for every [`Ref`], with its thread. `f` must not look at the channel's value by another
    /// way than its argument.
    ///
    /// # Panics
    ///
    /// Passes a panic of `f` on; the value stays as it is then, and nobody is woken.
    pub fn send_modify<F>(&self, f: F)
    where
        F: FnOnce(&mut T),
    {
        self.send_if_modified(|value| {
            f(value);
            true
        });
    }

    /// As [`send_modify`](Self::send_modify), and wakes nobody if `f` says that it changed nothing.
    /// Returns what `f` does.
    ///
    /// # Panics
    ///
    /// As for [`send_modify`](Self::send_modify).
    ///
    /// # Examples
    ///
    /// ```
    /// let (tx, rx) = selvedge_channel::watch::channel(1);
    /// let raise = |to: i32| {
    ///     tx.send_if_modified(|value| {
    ///         let is_higher = *value < to;
    ///         *value = to.max(*value);
    ///         is_higher
    ///     })
    /// };
    /// assert!(raise(5));
    /// assert!(!raise(3));
    /// assert_eq!(*rx.borrow(), 5);
    /// ```
    pub fn send_if_modified<F>(&self, f: F) -> bool
    where
        F: FnOnce(&mut T) -> bool,
    {
        self.shared.send_if_modified(f)
    }

    /// Sends a value, whether there is a receiver or not, and hands out the one before.
    ///
    /// The new value is there at once; the call waits for each [`Ref`] of the old one, with its
    /// thread.
    ///
    /// # Examples
    ///
    /// ```
    /// use selvedge_channel::watch;
    ///
    /// let (tx, mut rx) = watch::channel(1);
    /// assert_eq!(tx.send_replace(2), 1);
    /// assert!(rx.has_changed().unwrap());
    /// rx.mark_unchanged();
    /// assert!(!rx.has_changed().unwrap());
    /// rx.mark_changed();
    /// assert!(rx.borrow_and_update().has_changed());
    /// assert!(tx.same_channel(&tx.clone()) && rx.same_channel(&rx.clone()));
    /// ```
    pub fn send_replace(&self, value: T) -> T {
        self.shared.send_replace(value)
    }

    /// Looks at the value.
    pub fn borrow(&self) -> Ref<'_, T> {
        Ref { look: self.shared.look().0, has_changed: false }
    }

    /// Makes a receiver, which has seen the value that is there.
    #[must_use]
    pub fn subscribe(&self) -> Receiver<T> {
        self.shared.enter();
        let seen = self.shared.version.look().number();
        Receiver { shared: Arc::clone(&self.shared), seen }
    }

    /// Whether there is no receiver.
    #[must_use]
    #[inline]
    pub fn is_closed(&self) -> bool {
        self.receiver_count() == 0
    }

    /// How many receivers there are.
    #[must_use]
    #[inline]
    pub fn receiver_count(&self) -> usize {
        self.shared.receivers.load(Relaxed)
    }

    /// How many senders there are.
    #[must_use]
    pub fn sender_count(&self) -> usize {
        self.shared.senders.load(Relaxed)
    }

    /// Whether both send to the same receivers.
    #[must_use]
    pub fn same_channel(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.shared, &other.shared)
    }
}

impl<T> Receiver<T> {
    /// Looks at the value. It counts as seen only by
    /// [`borrow_and_update`](Self::borrow_and_update).
    pub fn borrow(&self) -> Ref<'_, T> {
        let (look, version) = self.shared.look();
        Ref { look, has_changed: version != self.seen }
    }

    /// Looks at the value, which counts as seen.
    #[inline]
    pub fn borrow_and_update(&mut self) -> Ref<'_, T> {
        let (look, version) = self.shared.look();
        let has_changed = version != core::mem::replace(&mut self.seen, version);
        Ref { look, has_changed }
    }

    /// Whether there is a value that was not seen.
    ///
    /// # Errors
    ///
    /// If every sender is gone, seen or not.
    pub fn has_changed(&self) -> Result<bool, RecvError> {
        let version = self.shared.version.look();
        if version.is_closed() { Err(RecvError(())) } else { Ok(version.number() != self.seen) }
    }

    /// Waits until there is a value that was not seen, and counts it as seen.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses nothing: what was not seen stays so.
    ///
    /// # Errors
    ///
    /// The future ends with an error if every sender is gone and the last value was seen.
    ///
    /// # Panics
    ///
    /// The future panics if polled after completion.
    #[inline]
    pub fn changed(&mut self) -> Changed<'_> {
        Changed::new(&self.shared.version, &mut self.seen)
    }

    /// Waits for a value that `predicate` accepts, the one that is there included.
    ///
    /// Every value that is looked at counts as seen. Nothing is locked while `predicate` runs.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses nothing but what `predicate` has seen and refused.
    ///
    /// # Errors
    ///
    /// The future ends with an error if every sender is gone and the last value was refused.
    ///
    /// # Panics
    ///
    /// The future passes a panic of `predicate` on, and panics if polled after completion.
    ///
    /// # Examples
    ///
    /// ```
    /// # pollster::block_on(async {
    /// use selvedge_channel::watch;
    ///
    /// let (tx, mut rx) = watch::channel(0);
    /// let counter = std::thread::spawn(move || (1..=100).try_for_each(|n| tx.send(n)));
    /// assert!(*rx.wait_for(|n| *n >= 50).await.unwrap() >= 50);
    /// # drop(rx);
    /// # let _ = counter.join().unwrap();
    /// # });
    /// ```
    pub fn wait_for<F>(&mut self, predicate: F) -> WaitFor<'_, T, F>
    where
        F: FnMut(&T) -> bool,
    {
        WaitFor::new(&self.shared, &mut self.seen, predicate)
    }

    /// A stream of the value that is there, and of each that is the newest when looked for.
    ///
    /// # Examples
    ///
    /// ```
    /// # pollster::block_on(async {
    /// use std::pin::pin;
    ///
    /// use futures_lite::StreamExt;
    /// use selvedge_channel::watch;
    ///
    /// let (tx, rx) = watch::channel("day");
    /// let mut themes = pin!(rx.into_stream().map(str::len));
    /// assert_eq!(themes.next().await, Some(3), "what is there already");
    /// tx.send("dusk").unwrap();
    /// tx.send("night").unwrap();
    /// drop(tx);
    /// assert_eq!(themes.next().await, Some(5), "the newest, not each");
    /// assert_eq!(themes.next().await, None);
    /// # });
    /// ```
    #[cfg(feature = "stream")]
    pub fn into_stream(self) -> Changes<T>
    where
        T: Clone,
    {
        Changes::new(self)
    }

    /// Counts the value as not seen.
    pub fn mark_changed(&mut self) {
        self.seen = self.shared.version.look().number().wrapping_sub(1);
    }

    /// Counts the value as seen.
    pub fn mark_unchanged(&mut self) {
        self.seen = self.shared.version.look().number();
    }

    /// Whether every sender is gone.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.shared.version.look().is_closed()
    }

    /// Whether both receive from the same senders.
    #[must_use]
    pub fn same_channel(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.shared, &other.shared)
    }
}

impl<T> Ref<'_, T> {
    /// Whether the receiver had not seen this value before.
    #[must_use]
    pub fn has_changed(&self) -> bool {
        self.has_changed
    }
}

impl<T> Deref for Ref<'_, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        self.look.get()
    }
}

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Self {
        self.shared.senders.fetch_add(1, Relaxed);
        Self { shared: Arc::clone(&self.shared) }
    }
}

impl<T> Clone for Receiver<T> {
    fn clone(&self) -> Self {
        self.shared.enter();
        Self { shared: Arc::clone(&self.shared), seen: self.seen }
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        if !selvedge_sync::raw::shim::doomed() {
            self.shared.retire();
        }
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        if !selvedge_sync::raw::shim::doomed() {
            self.shared.leave();
        }
    }
}

impl<T: Default> Default for Sender<T> {
    fn default() -> Self {
        Self::new(T::default())
    }
}

impl<T> fmt::Debug for Sender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender").field("receivers", &self.receiver_count()).finish_non_exhaustive()
    }
}

impl<T> fmt::Debug for Receiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receiver").field("closed", &self.is_closed()).finish_non_exhaustive()
    }
}

impl<T: fmt::Debug> fmt::Debug for Ref<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}
