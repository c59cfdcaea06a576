//! A map whose values are made once a key, by the first who asks.
//!
//! # State
//!
//! An entry a key ([`Keyed`]), which is a cell. It is there while somebody makes its value or waits
//! for that, and stays once there is one.

use core::{
    borrow::Borrow,
    convert::Infallible,
    fmt,
    future::Future,
    hash::{BuildHasher, Hash},
    pin::Pin,
    task::{Context, Poll, ready},
};

use alloc::sync::Arc;
use foldhash::fast::FixedState;
use pin_project_lite::pin_project;

use crate::{
    once_cell::{Making, OnceCell},
    raw::{
        keyed::{Entry, Interest, Keyed, Map},
        shim::const_in_build,
    },
};

/// A map whose values are made once a key, by the first who asks for it.
///
/// Those who ask for the same key meanwhile wait, those who ask for others do not. If whoever makes
/// a value is cancelled, fails or panics, exactly one of those who wait takes over, with its own
/// initialiser; if nobody waits, nothing is left of the key.
///
/// Values are handed out as clones: an [`Arc`] makes that cheap.
///
/// # Hashing
///
/// The default hasher is quick and fixed, which makes `new` a `const`. Where keys come from somebody
/// who means harm, take [`with_hasher`](Self::with_hasher) and a hasher with a secret.
///
/// # Memory ordering
///
/// Whoever gets a value sees everything that happened before it was made.
///
/// # Examples
///
/// ```
/// # pollster::block_on(async {
/// use selvedge_sync::OnceMap;
///
/// static LENGTHS: OnceMap<&str, usize> = OnceMap::new();
///
/// assert_eq!(LENGTHS.compute("warp", || async { 4 }).await, 4);
/// assert_eq!(LENGTHS.compute("warp", || async { unreachable!() }).await, 4);
/// assert_eq!(LENGTHS.try_compute("weft", || async { Err("torn") }).await, Err("torn"));
/// assert_eq!(LENGTHS.get("weft"), None);
/// assert_eq!(LENGTHS.remove("warp"), Some(4));
/// # });
/// ```
pub struct OnceMap<K, V, S = FixedState> {
    keyed: Keyed<K, OnceCell<V>, S>,
}

impl<K, V> OnceMap<K, V> {
    const_in_build! {
        /// An empty map.
        #[must_use]
        pub fn new() -> Self {
            Self::with_hasher(FixedState::with_seed(0))
        }
    }
}

impl<K, V, S> OnceMap<K, V, S> {
    const_in_build! {
        /// An empty map whose keys are hashed by `hasher`.
        #[must_use]
        pub fn with_hasher(hasher: S) -> Self {
            Self { keyed: Keyed::new(hasher) }
        }
    }

    /// How many keys there are, with a value or with somebody who makes it.
    #[must_use]
    pub fn len(&self) -> usize {
        self.keyed.len()
    }

    /// Whether there is no key.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.keyed.is_empty()
    }
}

impl<K: Hash + Eq, V: Clone, S: BuildHasher> OnceMap<K, V, S> {
    /// Gets the value of `key`; makes it, if there is none and nobody is about to.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future drops the initialiser, wherever it is, or gives up the place in line.
    /// The next in line takes over with its own initialiser; if there is none, nothing is left of
    /// the key.
    ///
    /// # Panics
    ///
    /// The future panics if polled after completion.
    #[track_caller]
    pub fn compute<F, Fut>(&self, key: K, init: F) -> Compute<'_, K, V, S, F, Fut>
    where
        F: FnOnce() -> Fut,
        Fut: Future<Output = V>,
    {
        Compute { asking: self.ask(key, init) }
    }

    /// As [`compute`](Self::compute), with an initialiser that may fail.
    ///
    /// # Cancel safety
    ///
    /// As for [`compute`](Self::compute).
    ///
    /// # Errors
    ///
    /// The initialiser's error, which goes to whoever ran it and to nobody else.
    ///
    /// # Panics
    ///
    /// The future panics if polled after completion.
    #[track_caller]
    pub fn try_compute<E, F, Fut>(&self, key: K, init: F) -> TryCompute<'_, K, V, S, F, Fut>
    where
        F: FnOnce() -> Fut,
        Fut: Future<Output = Result<V, E>>,
    {
        TryCompute { asking: self.ask(key, init) }
    }

    /// The value of `key`, or an interest in it and the wait for the turn to make it.
    #[track_caller]
    fn ask<F, Fut>(&self, key: K, init: F) -> Asking<'_, K, V, S, F, Fut>
    where
        F: FnOnce() -> Fut,
        Fut: Future,
    {
        // Those who find a value have no interest to note, and to give up again.
        if let Some(value) = self.get(&key) {
            return Asking::There { value: Some(value) };
        }
        let interest = Interest::new(self, key, OnceCell::new);
        Asking::Making { making: Making::new(Arc::clone(interest.entry()), init), interest }
    }

    /// The value of `key`, if it is made.
    pub fn get<Q>(&self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        self.keyed.look(key, |entry| entry.value().get().cloned())?
    }

    /// Forgets `key`. Whoever makes its value goes on, for those who wait for it already.
    ///
    /// # Examples
    ///
    /// ```
    /// # pollster::block_on(async {
    /// use selvedge_sync::OnceMap;
    ///
    /// let pages = OnceMap::with_hasher(std::collections::hash_map::RandomState::new());
    /// assert_eq!(pages.compute("home", async || 1).await, 1);
    /// pages.discard("home");
    /// assert_eq!(pages.compute("home", async || 2).await, 2);
    /// # });
    /// ```
    pub fn discard<Q>(&self, key: &Q)
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        drop(self.keyed.remove(key));
    }

    /// As [`discard`](Self::discard), and hands out the value if it is made.
    pub fn remove<Q>(&self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        self.keyed.remove(key)?.value().get().cloned()
    }
}

impl<K, V, S> Map for OnceMap<K, V, S> {
    type Key = K;
    type Value = OnceCell<V>;
    type Hasher = S;

    fn keyed(&self) -> &Keyed<K, OnceCell<V>, S> {
        &self.keyed
    }

    fn keeps(cell: &OnceCell<V>) -> bool {
        cell.initialized()
    }
}

pin_project! {
    #[project = AskingNow]
    enum Asking<'a, K, V, S, F, Fut> {
        /// There was a value, or it has been handed out.
        There { value: Option<V> },
        Making {
            // Goes first: whoever was making has stopped before the entry is left.
            #[pin]
            making: Making<Arc<Entry<K, OnceCell<V>>>, F, Fut>,
            interest: Interest<&'a OnceMap<K, V, S>>,
        },
    }
}

impl<K, V: Clone, S, F, Fut> Asking<'_, K, V, S, F, Fut>
where
    F: FnOnce() -> Fut,
    Fut: Future,
{
    #[inline]
    #[cfg_attr(selvedge_loom, track_caller)]
    fn poll_value<E>(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        finish: fn(Fut::Output) -> Result<V, E>,
    ) -> Poll<Result<V, E>> {
        match self.project() {
            AskingNow::There { value } => {
                Poll::Ready(Ok(value.take().expect("a future was polled after completion")))
            }
            AskingNow::Making { making, .. } => {
                let made = ready!(making.poll_made(cx, finish));
                Poll::Ready(made.map(|entry| entry.value().get().cloned().expect("it is made")))
            }
        }
    }
}

pin_project! {
    /// The future of [`OnceMap::compute`].
    #[must_use = "futures do nothing unless polled"]
    pub struct Compute<'a, K, V, S, F, Fut> {
        #[pin]
        asking: Asking<'a, K, V, S, F, Fut>,
    }
}

pin_project! {
    /// The future of [`OnceMap::try_compute`].
    #[must_use = "futures do nothing unless polled"]
    pub struct TryCompute<'a, K, V, S, F, Fut> {
        #[pin]
        asking: Asking<'a, K, V, S, F, Fut>,
    }
}

impl<K, V: Clone, S, F, Fut> Future for Compute<'_, K, V, S, F, Fut>
where
    F: FnOnce() -> Fut,
    Fut: Future<Output = V>,
{
    type Output = V;

    #[cfg_attr(selvedge_loom, track_caller)]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<V> {
        match ready!(self.project().asking.poll_value::<Infallible>(cx, Ok)) {
            Ok(value) => Poll::Ready(value),
            Err(never) => match never {},
        }
    }
}

impl<K, V: Clone, E, S, F, Fut> Future for TryCompute<'_, K, V, S, F, Fut>
where
    F: FnOnce() -> Fut,
    Fut: Future<Output = Result<V, E>>,
{
    type Output = Result<V, E>;

    #[cfg_attr(selvedge_loom, track_caller)]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.project().asking.poll_value(cx, |made| made)
    }
}

impl<K, V, S: Default> Default for OnceMap<K, V, S> {
    fn default() -> Self {
        Self::with_hasher(S::default())
    }
}

impl<K: fmt::Debug, V: fmt::Debug, S> fmt::Debug for OnceMap<K, V, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let entries = self.keyed.entries();
        f.debug_map()
            .entries(entries.iter().map(|entry| (entry.key(), entry.value().get())))
            .finish()
    }
}

impl<K, V, S, F, Fut> fmt::Debug for Compute<'_, K, V, S, F, Fut> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Compute").finish_non_exhaustive()
    }
}

impl<K, V, S, F, Fut> fmt::Debug for TryCompute<'_, K, V, S, F, Fut> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TryCompute").finish_non_exhaustive()
    }
}
