//! So many in a time, for each key apart.
//!
//! # State
//!
//! An entry a key ([`Keyed`]), which is a [`RateLimit`]. Whoever takes a slot has the entry in hand, and
//! one that somebody has in hand stays in the map. A key whose limit has recovered is one that was
//! never asked for: it goes when the map is swept. That happens when as many keys have been added as
//! there were after the last time, so it costs each of them one more look.

use alloc::sync::Arc;
use core::{
    fmt,
    future::Future,
    hash::{BuildHasher, Hash},
    marker::PhantomData,
    ops::Deref,
    sync::atomic::Ordering::Relaxed,
};
use std::time::Instant;

use foldhash::fast::FixedState;
use selvedge_sync::raw::{
    keyed::{Entry, Keyed},
    shim::{atomic::AtomicUsize, const_in_build, mutant},
};

use super::{
    Ambient, Call, Pacing, RateLimit, RateLimited, Reservation, SendCall, Time, decorate, opaque,
    ticks,
};

/// A [`RateLimit`] for each key.
///
/// Nothing is kept of a key that has not been used for so long that it has its whole burst again.
///
/// # Fairness
///
/// As for [`RateLimit`], key by key.
///
/// # Hashing
///
/// The default hasher is quick and fixed, which makes `new` a `const`. Where keys come from somebody
/// who means harm, take [`with_hasher`](Self::with_hasher) and a hasher with a secret.
///
/// # Examples
///
/// ```
/// use std::time::{Duration, Instant};
///
/// use selvedge_context::decorate::{KeyedRateLimit, RateLimit};
///
/// /// Each user has two calls at once, and one more each second.
/// static LIMITS: KeyedRateLimit<&str> =
///     KeyedRateLimit::new(RateLimit::new(1, Duration::from_secs(1)).burst(2));
///
/// let now = Instant::now();
/// assert!(LIMITS.try_take("ann", now, 2).is_ok());
/// assert!(LIMITS.try_take("ann", now, 1).is_err());
/// assert!(LIMITS.try_take("bob", now, 1).is_ok());
/// assert_eq!(LIMITS.len(), 2);
/// LIMITS.collect(now + Duration::from_secs(2));
/// assert!(LIMITS.is_empty());
/// ```
pub struct KeyedRateLimit<K, S = FixedState> {
    keyed: Keyed<K, RateLimit, S>,
    /// What a key begins with.
    fresh: RateLimit,
    /// How many may still be added before the map is swept.
    room: AtomicUsize,
}

/// So few keys are never swept.
const FEW: usize = if cfg!(selvedge_loom) { 1 } else { 64 };

impl<K> KeyedRateLimit<K> {
    const_in_build! {
        /// Each key has a limit like this.
        #[must_use]
        pub fn new(limit: RateLimit) -> Self {
            Self::with_hasher(limit, FixedState::with_seed(0))
        }
    }
}

impl<K, S> KeyedRateLimit<K, S> {
    const_in_build! {
        /// As `new`; keys are hashed by `hasher`.
        #[must_use]
        pub fn with_hasher(limit: RateLimit, hasher: S) -> Self {
            Self { keyed: Keyed::new(hasher), fresh: limit, room: AtomicUsize::new(FEW) }
        }
    }

    /// How many keys there are: a look that is old by the time it returns.
    #[must_use]
    pub fn len(&self) -> usize {
        self.keyed.len()
    }

    /// Whether there is no key.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.keyed.is_empty()
    }

    /// Forgets the keys that have recovered at `now`. It happens by itself when there are many new
    /// ones.
    pub fn collect(&self, now: Instant) {
        self.sweep(ticks(now));
    }

    #[cold]
    fn sweep(&self, now: u64) {
        let forget = mutant!("a key in debt is forgotten");
        let left = self.keyed.sweep(|limit| !limit.is_rested(now) && !forget);
        self.room.store(left.max(FEW), Relaxed);
    }
}

impl<K: Hash + Eq, S: BuildHasher> KeyedRateLimit<K, S> {
    /// Takes the next slot of `key` for a call of this cost, to begin when
    /// [it says](Reservation::wait).
    ///
    /// # Errors
    ///
    /// If it costs more than a burst: it could never begin.
    pub fn reserve(
        &self,
        key: K,
        now: Instant,
        cost: u32,
    ) -> Result<Reservation<KeyLimit<'_, K, S>>, RateLimited> {
        let price = self.fresh.price(cost)?;
        let (limit, now) = (self.limit(key), ticks(now));
        let slot = Some(limit.take(now, price, u64::MAX)?);
        self.make_room(now);
        Ok(Reservation { limit, slot })
    }

    /// Takes a slot of `key` if it is due.
    ///
    /// # Errors
    ///
    /// Says when one will be; nothing is taken then.
    pub fn try_take(&self, key: K, now: Instant, cost: u32) -> Result<(), RateLimited> {
        let price = self.fresh.price(cost)?;
        let (limit, now) = (self.limit(key), ticks(now));
        limit.take(now, price, 0)?;
        self.make_room(now);
        Ok(())
    }

    /// Waits for a slot of `key`, then for `future`: the call of
    /// [`Op::rate_limit_by`](super::Op::rate_limit_by), of a future that is there already. Time is the
    /// ambient one.
    ///
    /// # Cancel safety
    ///
    /// Dropped while it waits, it gives its slot back if nobody has taken a later one of the key.
    pub fn run<F: Future>(&self, key: K, future: F) -> Pacing<KeyLimit<'_, K, S>, F, Ambient> {
        self.run_on(Ambient, key, future)
    }

    /// As [`run`](Self::run), with the time of `time`.
    ///
    /// # Cancel safety
    ///
    /// As for [`run`](Self::run).
    pub fn run_on<F: Future, T: Time>(
        &self,
        time: T,
        key: K,
        future: F,
    ) -> Pacing<KeyLimit<'_, K, S>, F, T> {
        if self.room.load(Relaxed) == 0 {
            self.sweep(time.ticks());
        }
        Pacing::new(self.limit(key), time, future)
    }

    fn limit(&self, key: K) -> KeyLimit<'_, K, S> {
        let entry = self.keyed.share(key, || {
            self.added();
            self.fresh.fresh()
        });
        KeyLimit { entry, of: PhantomData }
    }

    /// A key was added.
    #[cold]
    fn added(&self) {
        // Two at the same time may count as one, and a sweep may come late by that much.
        let room = self.room.load(Relaxed);
        self.room.store(room.saturating_sub(1), Relaxed);
    }

    #[inline]
    fn make_room(&self, now: u64) {
        if self.room.load(Relaxed) == 0 {
            self.sweep(now);
        }
    }
}

/// The limit of one key of a [`KeyedRateLimit`], which is kept meanwhile.
pub struct KeyLimit<'a, K, S = FixedState> {
    entry: Arc<Entry<K, RateLimit>>,
    of: PhantomData<&'a KeyedRateLimit<K, S>>,
}

impl<K, S> Deref for KeyLimit<'_, K, S> {
    type Target = RateLimit;

    #[inline]
    fn deref(&self) -> &RateLimit {
        self.entry.value()
    }
}

/// See [`Op::rate_limit_by`](super::Op::rate_limit_by).
pub struct PacedBy<C, L, M, T, K, S> {
    pub(super) inner: C,
    pub(super) limits: L,
    pub(super) key: M,
    pub(super) time: T,
    /// A call borrows keys for as long as this.
    pub(super) keys: PhantomData<fn(K, S)>,
}

impl<C: Clone, L: Clone, M: Clone, T: Clone, K, S> Clone for PacedBy<C, L, M, T, K, S> {
    fn clone(&self) -> Self {
        let (inner, limits) = (self.inner.clone(), self.limits.clone());
        Self { inner, limits, key: self.key.clone(), time: self.time.clone(), keys: PhantomData }
    }
}

decorate! {
    [L, M, T, K, S] PacedBy<C, L, M, T, K, S>;
    call: [
        C: Call<Args>,
        L: Deref<Target = KeyedRateLimit<K, S>>,
        M: Fn(&Args) -> K,
        K: Hash + Eq,
        S: BuildHasher,
        T: Time,
    ];
    send_call: [
        C: SendCall<Args>,
        Args: Send,
        L: Deref<Target = KeyedRateLimit<K, S>> + Send + Sync,
        M: Fn(&Args) -> K + Send + Sync,
        K: Hash + Eq + Send + Sync,
        S: BuildHasher + Send + Sync,
        T: Time<Sleep: Send> + Send + Sync,
    ];
    |me, args, inner| -> C::Output {
        let key = (me.key)(&args);
        me.limits.run_on(me.time.clone(), key, inner(args))
    }
}

impl<K, S> fmt::Debug for KeyedRateLimit<K, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (len, each) = (self.len(), &self.fresh);
        f.debug_struct("KeyedRateLimit").field("len", &len).field("each", each).finish()
    }
}

impl<K, S> fmt::Debug for KeyLimit<'_, K, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("KeyLimit").field(&**self).finish()
    }
}

opaque! { PacedBy<C, L, M, T, K, S> }
