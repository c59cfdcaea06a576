//! Mutual exclusion a key.
//!
//! # State
//!
//! An entry a key ([`Keyed`]), which is a [`Mutex`] of nothing. It is there while somebody holds it
//! or waits for it.

use alloc::sync::Arc;
use core::{
    fmt,
    future::Future,
    hash::{BuildHasher, Hash},
    pin::Pin,
    task::{Context, Poll, ready},
};

use foldhash::fast::FixedState;
use pin_project_lite::pin_project;

use crate::{
    TryLockError,
    mutex::{Alone, Mutex},
    raw::{
        keyed::{Entry, Interest, Keyed, Map},
        line::{Turn, Wait},
        shim::const_in_build,
    },
};

/// Mutual exclusion between tasks, for each key apart.
///
/// Nothing is kept of a key but while somebody holds it, or waits for it: from the call of
/// [`lock`](Self::lock) on, until its future or guard is dropped.
///
/// # Fairness
///
/// As for [`Mutex`], key by key.
///
/// # Hashing
///
/// The default hasher is quick and fixed, which makes `new` a `const`. Where keys come from somebody
/// who means harm, take [`with_hasher`](Self::with_hasher) and a hasher with a secret.
///
/// # Memory ordering
///
/// Whoever gets a key sees everything that happened before it was last given back.
///
/// # Panics in a critical section
///
/// A guard that is dropped by a panic gives the key back. There is no poisoning.
///
/// # Examples
///
/// ```
/// # pollster::block_on(async {
/// use selvedge_sync::KeyedMutex;
///
/// static ACCOUNTS: KeyedMutex<u64> = KeyedMutex::new();
///
/// let guard = ACCOUNTS.lock(7).await;
/// assert!(ACCOUNTS.try_lock(7).is_err());
/// assert!(ACCOUNTS.try_lock(8).is_ok());
/// drop(guard);
/// assert!(ACCOUNTS.is_empty());
/// # });
/// ```
pub struct KeyedMutex<K, S = FixedState> {
    keyed: Keyed<K, Mutex<()>, S>,
}

impl<K> KeyedMutex<K> {
    const_in_build! {
        /// No key is held.
        #[must_use]
        pub fn new() -> Self {
            Self::with_hasher(FixedState::with_seed(0))
        }
    }
}

impl<K, S> KeyedMutex<K, S> {
    const_in_build! {
        /// No key is held; keys are hashed by `hasher`.
        #[must_use]
        pub fn with_hasher(hasher: S) -> Self {
            Self { keyed: Keyed::new(hasher) }
        }
    }

    /// How many keys are held or waited for: a look that is old by the time it returns.
    #[must_use]
    pub fn len(&self) -> usize {
        self.keyed.len()
    }

    /// Whether no key is held or waited for.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.keyed.is_empty()
    }
}

impl<K: Hash + Eq, S: BuildHasher> KeyedMutex<K, S> {
    /// Waits for `key`.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future gives up the place in line, and nothing else: if the key was already
    /// handed to it, the next in line gets it.
    ///
    /// # Panics
    ///
    /// The future panics if polled after completion.
    #[track_caller]
    pub fn lock(&self, key: K) -> LockKey<'_, K, S> {
        LockKey { waiting: Waiting::new(self, key) }
    }

    /// As [`lock`](Self::lock), and keeps all of it alive for as long as the guard lives.
    ///
    /// # Cancel safety
    ///
    /// As for [`lock`](Self::lock).
    ///
    /// # Panics
    ///
    /// The future panics if polled after completion.
    #[track_caller]
    pub fn lock_owned(self: Arc<Self>, key: K) -> LockKeyOwned<K, S> {
        LockKeyOwned { waiting: Waiting::new(self, key) }
    }

    /// Parks the calling thread until it has `key`.
    #[cfg(any(feature = "std", selvedge_loom))]
    #[track_caller]
    pub fn blocking_lock(&self, key: K) -> KeyedMutexGuard<'_, K, S> {
        crate::raw::block::block_on(self.lock(key))
    }

    /// Takes `key` if nobody has it.
    ///
    /// # Errors
    ///
    /// If somebody has it, or waits for it who may not be overtaken.
    #[track_caller]
    pub fn try_lock(&self, key: K) -> Result<KeyedMutexGuard<'_, K, S>, TryLockError> {
        let interest = Interest::new(self, key, || Mutex::new(()));
        let turn = Turn::try_take(Arc::clone(interest.entry()), Alone);
        Ok(KeyedMutexGuard { turn: turn.map_err(|_| TryLockError(()))?, interest })
    }

    /// As [`try_lock`](Self::try_lock), and keeps all of it alive for as long as the guard lives.
    ///
    /// # Errors
    ///
    /// As for [`try_lock`](Self::try_lock).
    ///
    /// # Examples
    ///
    /// ```
    /// use std::{collections::hash_map::RandomState, sync::Arc};
    ///
    /// use selvedge_sync::KeyedMutex;
    ///
    /// let accounts = Arc::new(KeyedMutex::with_hasher(RandomState::new()));
    /// let guard = accounts.clone().try_lock_owned("ada")?;
    /// assert_eq!(guard.key(), &"ada");
    /// assert!(accounts.clone().try_lock_owned("ada").is_err());
    /// assert!(accounts.clone().try_lock_owned("grace").is_ok());
    /// # Ok::<(), selvedge_sync::TryLockError>(())
    /// ```
    #[track_caller]
    pub fn try_lock_owned(
        self: Arc<Self>,
        key: K,
    ) -> Result<OwnedKeyedMutexGuard<K, S>, TryLockError> {
        let interest = Interest::new(self, key, || Mutex::new(()));
        let turn = Turn::try_take(Arc::clone(interest.entry()), Alone);
        Ok(OwnedKeyedMutexGuard { turn: turn.map_err(|_| TryLockError(()))?, interest })
    }
}

impl<K, S> Map for KeyedMutex<K, S> {
    type Key = K;
    type Value = Mutex<()>;
    type Hasher = S;

    fn keyed(&self) -> &Keyed<K, Mutex<()>, S> {
        &self.keyed
    }

    fn keeps(_: &Mutex<()>) -> bool {
        false
    }
}

type Key<K> = Arc<Entry<K, Mutex<()>>>;

/// A key that is held, and what keeps it in the map.
type Held<H, K> = (Turn<Key<K>, Alone>, Interest<H>);

/// A key of a borrowed [`KeyedMutex`], given back when dropped.
#[must_use = "the key is given back at once if the guard is not kept"]
#[clippy::has_significant_drop]
pub struct KeyedMutexGuard<'a, K, S = FixedState> {
    // Goes first: the entry is left by one who holds nothing.
    #[expect(dead_code, reason = "held for its drop")]
    turn: Turn<Key<K>, Alone>,
    interest: Interest<&'a KeyedMutex<K, S>>,
}

/// A key of an [`Arc`]ed [`KeyedMutex`], given back when dropped.
#[must_use = "the key is given back at once if the guard is not kept"]
#[clippy::has_significant_drop]
pub struct OwnedKeyedMutexGuard<K, S = FixedState> {
    // As in `KeyedMutexGuard`.
    #[expect(dead_code, reason = "held for its drop")]
    turn: Turn<Key<K>, Alone>,
    interest: Interest<Arc<KeyedMutex<K, S>>>,
}

impl<K, S> KeyedMutexGuard<'_, K, S> {
    /// The key that is held.
    #[must_use]
    pub fn key(&self) -> &K {
        self.interest.entry().key()
    }
}

impl<K, S> OwnedKeyedMutexGuard<K, S> {
    /// The key that is held.
    #[must_use]
    pub fn key(&self) -> &K {
        self.interest.entry().key()
    }
}

pin_project! {
    struct Waiting<H: core::ops::Deref, K>
    where
        H::Target: Map,
    {
        // As in `KeyedMutexGuard`.
        #[pin]
        wait: Wait<Key<K>, Alone>,
        interest: Option<Interest<H>>,
    }
}

impl<H, K: Hash + Eq, S: BuildHasher> Waiting<H, K>
where
    H: core::ops::Deref<Target = KeyedMutex<K, S>>,
{
    #[track_caller]
    fn new(map: H, key: K) -> Self {
        let interest = Interest::new(map, key, || Mutex::new(()));
        let wait = Wait::new(Arc::clone(interest.entry()), Alone);
        Self { wait, interest: Some(interest) }
    }
}

impl<H, K, S> Waiting<H, K>
where
    H: core::ops::Deref<Target = KeyedMutex<K, S>>,
{
    #[cfg_attr(selvedge_loom, track_caller)]
    fn poll_key(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Held<H, K>> {
        let this = self.project();
        let turn = ready!(this.wait.poll_turn(cx)).expect("never closed");
        Poll::Ready((turn, this.interest.take().expect("kept until there is a turn")))
    }
}

pin_project! {
    /// The future of [`KeyedMutex::lock`].
    #[must_use = "futures do nothing unless polled"]
    pub struct LockKey<'a, K, S = FixedState> {
        #[pin]
        waiting: Waiting<&'a KeyedMutex<K, S>, K>,
    }
}

pin_project! {
    /// The future of [`KeyedMutex::lock_owned`].
    #[must_use = "futures do nothing unless polled"]
    pub struct LockKeyOwned<K, S = FixedState> {
        #[pin]
        waiting: Waiting<Arc<KeyedMutex<K, S>>, K>,
    }
}

impl<'a, K, S> Future for LockKey<'a, K, S> {
    type Output = KeyedMutexGuard<'a, K, S>;

    #[cfg_attr(selvedge_loom, track_caller)]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let (turn, interest) = ready!(self.project().waiting.poll_key(cx));
        Poll::Ready(KeyedMutexGuard { turn, interest })
    }
}

impl<K, S> Future for LockKeyOwned<K, S> {
    type Output = OwnedKeyedMutexGuard<K, S>;

    #[cfg_attr(selvedge_loom, track_caller)]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let (turn, interest) = ready!(self.project().waiting.poll_key(cx));
        Poll::Ready(OwnedKeyedMutexGuard { turn, interest })
    }
}

impl<K, S: Default> Default for KeyedMutex<K, S> {
    fn default() -> Self {
        Self::with_hasher(S::default())
    }
}

impl<K: fmt::Debug, S> fmt::Debug for KeyedMutex<K, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let entries = self.keyed.entries();
        let waiting = |entry: &Key<K>| entry.value().statistics().waiting;
        f.debug_map().entries(entries.iter().map(|entry| (entry.key(), waiting(entry)))).finish()
    }
}

impl<K: fmt::Debug, S> fmt::Debug for KeyedMutexGuard<'_, K, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyedMutexGuard").field("key", self.key()).finish()
    }
}

impl<K: fmt::Debug, S> fmt::Debug for OwnedKeyedMutexGuard<K, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OwnedKeyedMutexGuard").field("key", self.key()).finish()
    }
}

impl<K, S> fmt::Debug for LockKey<'_, K, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LockKey").finish_non_exhaustive()
    }
}

impl<K, S> fmt::Debug for LockKeyOwned<K, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LockKeyOwned").finish_non_exhaustive()
    }
}
