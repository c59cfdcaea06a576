//! Keeping what calls ended with.
//!
//! # State
//!
//! A [`Store`] of other people's making or [our own](Recent), and one word: how often something was
//! removed by hand. A call notes the word before it begins, and takes back what it has put if the word
//! has changed by then: it may have looked before the change on account of which somebody removed the
//! key.

use alloc::sync::Arc;
use core::{
    fmt,
    future::Future,
    marker::PhantomData,
    sync::atomic::Ordering::{Relaxed, Release},
    time::Duration,
};

use selvedge_sync::raw::shim::{atomic::AtomicU64, const_in_build, mutant};

pub use self::{run::CacheRun, store::Recent};
use super::{Ambient, Call, OkOnly, SendCall, Share, Time, Whole, decorate, opaque, share::Mode};

mod adapters;
mod run;
mod store;

/// Where a [`Cache`] keeps its values: [`Recent`], one of your own, or with the feature of that name
/// `moka::sync::Cache` or `quick_cache::sync::Cache`.
///
/// It may forget whatever it likes, whenever it likes.
pub trait Store<K, V> {
    /// What is kept under `key`.
    fn get(&self, key: &K) -> Option<V>;

    /// Keeps `value` under `key`, in place of what was there.
    fn put(&self, key: K, value: V);

    /// Forgets what is kept under `key`.
    fn remove(&self, key: &K);
}

macro_rules! handles_of_stores {
    ($($handle:ty;)*) => {$(
        impl<K, V, S: Store<K, V> + ?Sized> Store<K, V> for $handle {
            fn get(&self, key: &K) -> Option<V> {
                (**self).get(key)
            }

            fn put(&self, key: K, value: V) {
                (**self).put(key, value);
            }

            fn remove(&self, key: &K) {
                (**self).remove(key);
            }
        }
    )*};
}
handles_of_stores! { &S; Arc<S>; }

/// A value, and until when it is good: what a [`Cache`] puts into its [`Store`].
#[derive(Clone, Copy, Debug)]
pub struct Kept<V> {
    value: V,
    /// In [ticks](Time::ticks).
    until: u64,
}

/// The end of what is good for ever.
const FOREVER: u64 = u64::MAX;

impl<V> Kept<V> {
    /// The value, good or not.
    pub fn value(&self) -> &V {
        &self.value
    }

    /// The value, if it is good still. What is good for ever reads no clock.
    #[inline]
    fn fresh(self, time: &impl Time) -> Option<V> {
        let fresh = self.until == FOREVER || time.ticks() < self.until;
        fresh.then_some(self.value)
    }
}

/// What is to be done with an output: what [`Op::cache_when`](super::Op::cache_when) is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Keep {
    /// It is not kept.
    No,
    /// It is kept for as long as the cache [says](Cache::ttl).
    Yes,
    /// It is kept for so long.
    For(Duration),
}

/// What tells outputs that are kept from others, for [`Op::cache_when`](super::Op::cache_when):
/// [`Always`], [`Negative`], or any `Fn(&Output) -> Keep`.
pub trait Keeps<O> {
    /// What is to be done with `output`.
    fn keep(&self, output: &O) -> Keep;
}

/// Whatever there is is kept: so does [`Op::cache`](super::Op::cache).
#[derive(Clone, Copy, Debug, Default)]
pub struct Always;

/// Errors are kept as well, for a time of their own: negative caching, by
/// [`Op::cache_when`](super::Op::cache_when).
#[derive(Clone, Copy, Debug)]
pub struct Negative(pub Duration);

impl<O> Keeps<O> for Always {
    #[inline]
    fn keep(&self, _: &O) -> Keep {
        Keep::Yes
    }
}

impl<R, E> Keeps<Result<R, E>> for Negative {
    fn keep(&self, output: &Result<R, E>) -> Keep {
        if output.is_ok() { Keep::Yes } else { Keep::For(self.0) }
    }
}

impl<O, F: Fn(&O) -> Keep> Keeps<O> for F {
    fn keep(&self, output: &O) -> Keep {
        self(output)
    }
}

/// Values by their keys, for some time.
///
/// By itself it does not hinder a hundred calls from beginning at once when a value has expired (a
/// *stampede*): put a [flight](super::Op::single_flight) inside of it.
///
/// ```
/// # #[cfg(feature = "single_flight")]
/// # pollster::block_on(async {
/// use std::time::Duration;
///
/// use selvedge_context::decorate::{Cache, Flight, op};
///
/// /// The last thousand, for a minute; none older, and some up to a tenth younger, so that those that
/// /// came together do not go together.
/// static LENGTHS: Cache<String, usize> =
///     Cache::new(1000).ttl(Duration::from_secs(60)).jitter(10);
/// static FLIGHT: Flight<String, usize> = Flight::new();
///
/// let key = |(name,): &(&str,)| (*name).to_owned();
/// let length = op(async |name: &str| Ok::<_, std::io::Error>(name.len()))
///     // Whoever leads looks once more: the one before may have ended meanwhile.
///     .cache(&LENGTHS, key)
///     .single_flight(&FLIGHT, key)
///     // What is there does not take part in a flight.
///     .cache(&LENGTHS, key);
/// assert_eq!(length.call("weft").await.unwrap(), 4);
/// assert_eq!(LENGTHS.get(&"weft".to_owned()), Some(4));
/// # });
/// ```
///
/// # Where time comes from
///
/// A value's time begins when its call has ended, on the clock of the chain. Where there is no limit no
/// clock is read.
pub struct Cache<K, V, S = Recent<K, Kept<V>>> {
    store: S,
    /// In nanoseconds.
    ttl: u64,
    /// In percent.
    jitter: u64,
    removals: AtomicU64,
    entries: PhantomData<fn(K) -> V>,
}

impl<K, V> Cache<K, V> {
    const_in_build! {
        /// Keeps up to so many values, until there is no room for them: the inner store is a
        /// [`Recent`].
        ///
        /// # Panics
        ///
        /// If there is room for none.
        #[must_use]
        pub fn new(capacity: usize) -> Self {
            Self::with_store(Recent::new(capacity))
        }
    }
}

impl<K, V, S> Cache<K, V, S> {
    const_in_build! {
        /// Keeps values in a store of your own.
        ///
        /// # Examples
        ///
        /// ```
        /// use std::{collections::HashMap, sync::{Mutex, PoisonError}};
        ///
        /// use selvedge_context::decorate::{Cache, Kept, Store};
        ///
        /// /// Few keys, which are never forgotten.
        /// #[derive(Default)]
        /// struct All(Mutex<HashMap<u32, Kept<String>>>);
        ///
        /// impl Store<u32, Kept<String>> for All {
        ///     fn get(&self, key: &u32) -> Option<Kept<String>> {
        ///         self.0.lock().unwrap_or_else(PoisonError::into_inner).get(key).cloned()
        ///     }
        ///
        ///     fn put(&self, key: u32, value: Kept<String>) {
        ///         self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(key, value);
        ///     }
        ///
        ///     fn remove(&self, key: &u32) {
        ///         self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(key);
        ///     }
        /// }
        ///
        /// let names = Cache::with_store(All::default());
        /// names.put(7, "weft".to_owned());
        /// assert_eq!(names.get(&7).as_deref(), Some("weft"));
        /// ```
        pub fn with_store(store: S) -> Self {
            let removals = AtomicU64::new(0);
            Self { store, ttl: FOREVER, jitter: 0, removals, entries: PhantomData }
        }
    }

    const_in_build! {
        /// No value is handed out that is older than this.
        #[must_use]
        pub fn ttl(mut self, ttl: Duration) -> Self {
            self.ttl = nanos(ttl);
            self
        }
    }

    const_in_build! {
        /// Values live up to so many percent shorter, as chance will have it.
        ///
        /// # Panics
        ///
        /// If that is more than 100.
        #[must_use]
        pub fn jitter(mut self, percent: u32) -> Self {
            assert!(percent <= 100, "nothing lives shorter than not at all");
            self.jitter = percent as u64;
            self
        }
    }

    /// The store.
    pub fn store(&self) -> &S {
        &self.store
    }

    /// Until when what is put now is good, if it is to be for `ttl`.
    fn until(&self, ttl: u64, time: &impl Time) -> u64 {
        if ttl == FOREVER {
            return FOREVER;
        }
        let most = u128::from(ttl) * u128::from(self.jitter) / 100;
        // No more than `ttl`, which is a u64.
        let most = u64::try_from(most).unwrap_or(ttl);
        let shorter = if most == 0 { 0 } else { fastrand::u64(0..=most) };
        time.ticks().saturating_add(ttl - shorter)
    }
}

/// As a number of nanoseconds; [`FOREVER`] if they do not fit.
const fn nanos(duration: Duration) -> u64 {
    let nanos = duration.as_nanos();
    if nanos < FOREVER as u128 { nanos as u64 } else { FOREVER }
}

impl<K, V, S: Store<K, Kept<V>>> Cache<K, V, S> {
    /// The value of `key`, if there is one that is good still, on the current timer.
    pub fn get(&self, key: &K) -> Option<V> {
        self.store.get(key)?.fresh(&Ambient)
    }

    /// Keeps `value` under `key`, as if a call had ended with it.
    pub fn put(&self, key: K, value: V) {
        let until = self.until(self.ttl, &Ambient);
        self.store.put(key, Kept { value, until });
    }

    /// Forgets `key`: for whoever has changed what its value was made of.
    ///
    /// What calls end with that are under way by now is handed to those who wait for it, and not kept;
    /// this is so for all keys, not only for this one. A flight in the chain is to
    /// [forget](super::Flight::forget) the key as well, before, so that nobody joins such a call.
    #[doc(alias = "invalidate")]
    pub fn remove(&self, key: &K) {
        // RACE: 1. A call reads what there is. 2. Somebody changes that, and removes the key. 3. The
        //       call ends, and its old value is kept. So calls look whether anything was removed after
        //       they have put their value: either they see this, or their value is there already.
        // ORDERING: Release pairs with the Acquire in `CacheRun::poll`: who begins with the new number
        // sees what was changed before.
        self.removals.fetch_add(1, Release);
        self.store.remove(key);
    }

    /// The value of `key`; else calls `f`, and keeps whatever that ends with. Time is that of the
    /// current timer.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future drops the call, and nothing is kept.
    ///
    /// # Panics
    ///
    /// The future panics if polled after completion.
    #[doc(alias = "get_with")]
    pub fn run<F, Fut>(&self, key: K, f: F) -> CacheRun<'_, K, V, S, F, Fut, Whole>
    where
        K: Clone,
        V: Clone,
        F: FnOnce() -> Fut,
        Fut: Future<Output = V>,
    {
        CacheRun::new(self, key, f, Always, Ambient)
    }

    /// As [`run`](Self::run), for what may fail: errors are not kept.
    ///
    /// # Cancel safety
    ///
    /// As for [`run`](Self::run).
    ///
    /// # Errors
    ///
    /// The call's own.
    ///
    /// # Panics
    ///
    /// The future panics if polled after completion.
    ///
    /// # Examples
    ///
    /// ```
    /// # pollster::block_on(async {
    /// use selvedge_context::decorate::Cache;
    ///
    /// static LENGTHS: Cache<&str, usize> = Cache::new(100);
    ///
    /// // What failed is asked for again ...
    /// assert_eq!(LENGTHS.try_run("weft", || async { Err("no route") }).await, Err("no route"));
    /// assert_eq!(LENGTHS.try_run("weft", || async { Ok::<_, &str>(4) }).await, Ok(4));
    /// // ... what did not is there.
    /// assert_eq!(LENGTHS.try_run("weft", || async { Err("no route") }).await, Ok(4));
    /// # });
    /// ```
    #[doc(alias = "try_get_with")]
    pub fn try_run<E, F, Fut>(&self, key: K, f: F) -> CacheRun<'_, K, V, S, F, Fut, OkOnly>
    where
        K: Clone,
        V: Clone,
        F: FnOnce() -> Fut,
        Fut: Future<Output = Result<V, E>>,
    {
        CacheRun::new(self, key, f, Always, Ambient)
    }

    /// A call that began when `removals` was what it was has ended with `value`.
    fn keep(&self, key: K, value: &V, ttl: u64, removals: u64, time: &impl Time)
    where
        K: Clone,
        V: Clone,
    {
        // The second look comes after a lock of the store's, and sees whoever had it before.
        let fresh = || self.removals.load(Relaxed) == removals;
        if ttl == 0 || !fresh() {
            return;
        }
        let until = self.until(ttl, time);
        self.store.put(key.clone(), Kept { value: value.clone(), until });
        if !fresh() && !mutant!("what was removed comes back") {
            self.store.remove(&key);
        }
    }
}

/// A handle to a [`Cache`]: `&Cache` or `Arc<Cache>`.
pub trait Caches {
    /// Its keys.
    type Key;
    /// Its values.
    type Value;
    /// Where it keeps them.
    type Store: Store<Self::Key, Kept<Self::Value>>;

    /// The cache.
    fn cache(&self) -> &Cache<Self::Key, Self::Value, Self::Store>;
}

macro_rules! handles_of_caches {
    ($($handle:ty;)*) => {$(
        impl<K, V, S: Store<K, Kept<V>>> Caches for $handle {
            type Key = K;
            type Value = V;
            type Store = S;

            #[inline]
            fn cache(&self) -> &Cache<K, V, S> {
                self
            }
        }
    )*};
}
handles_of_caches! { &Cache<K, V, S>; Arc<Cache<K, V, S>>; }

/// See [`Op::cache`](super::Op::cache).
#[derive(Clone, Copy)]
pub struct Cached<C, H, F, T, M = OkOnly, D = Always> {
    pub(super) inner: C,
    pub(super) cache: H,
    pub(super) key: F,
    pub(super) decide: D,
    pub(super) time: T,
    pub(super) mode: Mode<M>,
}

decorate! {
    [H, F, T, M, D] Cached<C, H, F, T, M, D>;
    call: [
        C: Call<Args>,
        H: Caches<Key: Clone, Value: Clone>,
        F: Fn(&Args) -> H::Key,
        T: Time,
        M: Share<C::Output, Value = H::Value>,
        D: Keeps<C::Output>,
    ];
    send_call: [
        C: SendCall<Args>,
        Args: Send,
        H: Caches<Key: Clone + Send, Value: Clone + Send, Store: Sync> + Send + Sync,
        F: Fn(&Args) -> H::Key + Send + Sync,
        T: Time + Send + Sync,
        M: Share<C::Output, Value = H::Value>,
        D: Keeps<C::Output> + Send + Sync,
    ];
    |me, args, inner| -> C::Output {
        let (cache, key) = (me.cache.cache(), (me.key)(&args));
        let decide = ByRef(&me.decide);
        CacheRun::<_, _, _, _, _, M, _, _>::new(
            cache, key, move || inner(args), decide, me.time.clone(),
        )
    }
}

/// A decision that is lent.
struct ByRef<'a, D>(&'a D);

impl<O, D: Keeps<O>> Keeps<O> for ByRef<'_, D> {
    #[inline]
    fn keep(&self, output: &O) -> Keep {
        self.0.keep(output)
    }
}

impl<K, V, S: fmt::Debug> fmt::Debug for Cache<K, V, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cache").field("store", &self.store).finish_non_exhaustive()
    }
}

opaque! { Cached<C, H, F, T, M, D> }
