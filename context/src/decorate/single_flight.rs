//! One call for all who ask for the same at the same time.
//!
//! # State
//!
//! An entry a key ([`Keyed`]), which is a value that is written once and the turn to make it
//! ([`Once`]). Whoever has the turn leads: it runs its own call. The others stand in line for the turn.
//!
//! ```text
//!             nobody leads              the call ends, with something to share
//!   enters ───────────────► leads ───────────────────────────────────────────► out of the map,
//!     │                     ▲   │                                               then the value
//!     │ somebody leads      │   │ failed, panicked, dropped: the turn goes on         │
//!     ╰────────────► in line ◄──╯                                                     │
//!                       ╰─────────────────────────────────────────────────────────────╯ a clone
//! ```
//!
//! Invariants:
//! 1. An entry is taken out of the map before its value is written: whoever comes later begins anew.
//! 2. So nobody has an interest in it by then but those who were counted when it was taken out, and
//!    those who get the value need not tell the map that they leave.

use alloc::sync::Arc;
use core::{
    borrow::Borrow,
    fmt,
    future::Future,
    hash::{BuildHasher, Hash},
    marker::PhantomData,
};

use foldhash::fast::FixedState;
use selvedge_sync::raw::{
    keyed::{Keyed, Map},
    once::Once,
    shim::const_in_build,
};

pub use self::run::FlightRun;

use super::{Call, Flagged, OkOnly, Op, SendCall, Share, Whole, decorate, opaque, share::Mode};

mod run;

/// Calls that are under way, by their keys: who asks for the same meanwhile gets the same answer.
///
/// A key is there for as long as a call for it runs. As soon as that has something to share, the key
/// is gone, and whoever comes next begins a new call: this is no cache. To keep answers, put it into
/// one, as [`Op::single_flight`] shows.
///
/// # Who leads
///
/// The first who asks runs its call, the others wait. If the leader is dropped or panics, the first
/// of those in line takes over, with its own call. So it does if the leader fails
/// ([`try_run`](Self::try_run)): the error is the leader's alone. Where one failure is to be the answer
/// for all, as it is in Go, share the whole output ([`run`](Self::run)).
///
/// # Hashing
///
/// The default hasher is quick and fixed, which makes `new` a `const`. Where keys come from somebody
/// who means harm, take [`with_hasher`](Self::with_hasher) and a hasher with a secret.
///
/// # Coming from elsewhere
///
/// | there | here |
/// |-------|------|
/// | Go's `Group.Do`, with its `shared` | [`run`](Self::run), and [`flagged`](FlightRun::flagged) |
/// | Go's `Group.Forget` | [`forget`](Self::forget) |
/// | `singleflight-async`'s `work` | [`run`](Self::run) |
/// | moka's `get_with` and `try_get_with` | `run` and `try_run`, behind a cache |
/// | a map of `OnceCell`s | [`try_run`](Self::try_run) |
///
/// # Examples
///
/// ```
/// use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
///
/// use selvedge_context::decorate::Flight;
///
/// static FLIGHT: Flight<String, usize> = Flight::new();
/// static CALLS: AtomicU32 = AtomicU32::new(0);
///
/// async fn length(name: &str) -> usize {
///     CALLS.fetch_add(1, Relaxed);
///     futures_lite::future::yield_now().await;
///     name.len()
/// }
///
/// # pollster::block_on(async {
/// let ask = || FLIGHT.run("weft".to_owned(), || length("weft"));
/// assert_eq!(futures_lite::future::zip(ask(), ask()).await, (4, 4));
/// assert_eq!(CALLS.load(Relaxed), 1);
/// assert!(FLIGHT.is_empty());
/// # });
/// ```
#[doc(alias = "singleflight")]
#[doc(alias = "singleflight.Group")]
pub struct Flight<K, V, S = FixedState> {
    keyed: Keyed<K, Once<V>, S>,
}

impl<K, V> Flight<K, V> {
    const_in_build! {
        /// Nothing is under way.
        #[must_use]
        pub fn new() -> Self {
            Self::with_hasher(FixedState::with_seed(0))
        }
    }
}

impl<K, V, S> Flight<K, V, S> {
    const_in_build! {
        /// As [`new`](Flight::new), with keys that are hashed by `hasher`.
        #[must_use]
        pub fn with_hasher(hasher: S) -> Self {
            Self { keyed: Keyed::new(hasher) }
        }
    }

    /// How many keys somebody is under way for.
    #[must_use]
    pub fn len(&self) -> usize {
        self.keyed.len()
    }

    /// Whether nobody is under way.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.keyed.is_empty()
    }
}

impl<K: Hash + Eq, V: Clone, S: BuildHasher> Flight<K, V, S> {
    /// Runs `f`, unless somebody is under way for `key`; then waits for what comes of that. Nothing
    /// happens before the future is polled.
    ///
    /// Whatever `f` ends with is shared; an `Err`, too.
    ///
    /// A call that asks for its own key waits for itself, for ever.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future drops the call, wherever it is, or gives up the place in line. The next in
    /// line takes over with its own call; if there is none, nothing is left of the key.
    ///
    /// # Panics
    ///
    /// The future panics if polled after completion.
    #[doc(alias = "Do")]
    #[doc(alias = "work")]
    #[doc(alias = "get_with")]
    pub fn run<F, Fut>(&self, key: K, f: F) -> FlightRun<'_, K, V, S, F, Fut, Whole>
    where
        F: FnOnce() -> Fut,
        Fut: Future<Output = V>,
    {
        FlightRun::new(self, key, f)
    }

    /// As [`run`](Self::run), for what may fail: a success is shared, and an error is for whoever ran
    /// into it. The next in line takes over.
    ///
    /// Where everything fails, so many calls fail one after the other as there are in line: each gets
    /// its own error.
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
    /// use std::cell::Cell;
    ///
    /// use futures_lite::future::yield_now;
    /// use selvedge_context::{decorate::Flight, join_all};
    ///
    /// let (flight, calls) = (Flight::<&str, usize>::new(), Cell::new(0));
    /// let fetch = || async {
    ///     calls.set(calls.get() + 1);
    ///     let is_first = calls.get() == 1;
    ///     yield_now().await;
    ///     if is_first { Err("no route") } else { Ok(4) }
    /// };
    /// // The first has its error to itself; the second takes over, and the third gets what that found.
    /// let found = join_all((0..3).map(|_| flight.try_run("weft", fetch))).await;
    /// assert_eq!(found, [Err("no route"), Ok(4), Ok(4)]);
    /// assert_eq!(calls.get(), 2);
    /// # });
    /// ```
    #[doc(alias = "try_get_with")]
    #[doc(alias = "get_or_try_init")]
    pub fn try_run<E, F, Fut>(&self, key: K, f: F) -> FlightRun<'_, K, V, S, F, Fut, OkOnly>
    where
        F: FnOnce() -> Fut,
        Fut: Future<Output = Result<V, E>>,
    {
        FlightRun::new(self, key, f)
    }

    /// Forgets `key`: whoever asks next begins anew. Who is under way goes on, for those who wait for
    /// it already.
    pub fn forget<Q>(&self, key: &Q)
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        drop(self.keyed.remove(key));
    }
}

impl<K, V, S> Map for Flight<K, V, S> {
    type Key = K;
    type Value = Once<V>;
    type Hasher = S;

    fn keyed(&self) -> &Keyed<K, Once<V>, S> {
        &self.keyed
    }

    fn keeps(_: &Once<V>) -> bool {
        false
    }
}

/// A handle to a [`Flight`]: `&Flight` or `Arc<Flight>`.
pub trait Flights {
    /// Its keys.
    type Key;
    /// What is shared.
    type Value;
    /// How keys are hashed.
    type Hasher;

    /// The flight.
    fn flight(&self) -> &Flight<Self::Key, Self::Value, Self::Hasher>;
}

macro_rules! flights {
    ($($handle:ty;)*) => {$(
        impl<K, V, S> Flights for $handle {
            type Key = K;
            type Value = V;
            type Hasher = S;

            #[inline]
            fn flight(&self) -> &Flight<K, V, S> {
                self
            }
        }
    )*};
}
flights! { &Flight<K, V, S>; Arc<Flight<K, V, S>>; }

/// See [`Op::single_flight`].
#[derive(Clone, Copy)]
pub struct SingleFlight<C, H, F, M = OkOnly> {
    pub(super) inner: C,
    pub(super) flight: H,
    pub(super) key: F,
    pub(super) mode: Mode<M>,
}

impl<C, H, F, M, T> Op<SingleFlight<C, H, F, M>, T> {
    /// Tells of each output whether it was shared: `Ok((value, shared))`, or `(output, shared)` where
    /// the whole output is shared.
    #[must_use]
    pub fn flagged(self) -> Op<SingleFlight<C, H, F, Flagged<M>>, T> {
        let SingleFlight { inner, flight, key, .. } = self.inner;
        Op { inner: SingleFlight { inner, flight, key, mode: PhantomData }, time: self.time }
    }
}

decorate! {
    [H, F, M] SingleFlight<C, H, F, M>;
    call: [
        C: Call<Args>,
        H: Flights<Key: Hash + Eq, Value: Clone, Hasher: BuildHasher>,
        F: Fn(&Args) -> H::Key,
        M: Share<C::Output, Value = H::Value>,
    ];
    send_call: [
        C: SendCall<Args>,
        Args: Send,
        H: Flights<
                Key: Hash + Eq + Send + Sync,
                Value: Clone + Send + Sync,
                Hasher: BuildHasher + Sync,
            > + Send
            + Sync,
        F: Fn(&Args) -> H::Key + Send + Sync,
        M: Share<C::Output, Value = H::Value, Told: Send>,
    ];
    |me, args, inner| -> M::Told {
        let (flight, key) = (me.flight.flight(), (me.key)(&args));
        FlightRun::<_, _, _, _, _, M>::new(flight, key, move || inner(args))
    }
}

/// See [`Op::arc_errors`].
#[derive(Clone, Copy)]
pub struct ArcErrors<C> {
    pub(super) inner: C,
}

decorate! {
    [R, E] ArcErrors<C>;
    call: [C: Call<Args, Output = Result<R, E>>];
    send_call: [
        C: SendCall<Args, Output = Result<R, E>>,
        Args: Send,
        R: Send,
        E: Send + Sync,
    ];
    |_me, args, inner| -> Result<R, Arc<E>> {
        let call = inner(args);
        async move { call.await.map_err(Arc::new) }
    }
}

impl<K, V, S: Default> Default for Flight<K, V, S> {
    fn default() -> Self {
        Self::with_hasher(S::default())
    }
}

impl<K: fmt::Debug, V, S> fmt::Debug for Flight<K, V, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let entries = self.keyed.entries();
        f.debug_set().entries(entries.iter().map(|entry| entry.key())).finish()
    }
}

opaque! { SingleFlight<C, H, F, M> ArcErrors<C> }
