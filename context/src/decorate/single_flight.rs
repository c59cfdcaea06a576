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
    pin::Pin,
    task::{Context, Poll, ready},
};

use foldhash::fast::FixedState;
use pin_project_lite::pin_project;
use selvedge_sync::raw::{
    keyed::{Entry, Interest, Keyed, Map},
    line::{Answer, Turn, Turns, Wait},
    once::{Make, Once},
    shim::{const_in_build, mutant},
};

use super::{Call, Flagged, OkOnly, Op, SendCall, Share, Whole, decorate, opaque, share::Mode};

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

type Asks<'a, K, V, S> = Interest<&'a Flight<K, V, S>>;
/// The turn to lead; dropping it hands it on, and then gives up the interest.
type Lead<'a, K, V, S> = Turn<Asks<'a, K, V, S>, Make>;

pin_project! {
    /// The future of [`Flight::run`] and [`Flight::try_run`].
    #[must_use = "futures do nothing unless polled"]
    pub struct FlightRun<'a, K, V, S, F, Fut, M> {
        flight: &'a Flight<K, V, S>,
        #[pin]
        step: Step<'a, K, V, S, F, Fut>,
        mode: Mode<M>,
    }
}

pin_project! {
    #[project = StepNow]
    enum Step<'a, K, V, S, F, Fut> {
        New { key: Option<K>, f: Option<F> },
        InLine {
            #[pin]
            wait: Wait<Arc<Entry<K, Once<V>>>, Make>,
            // After the place in line.
            interest: Option<Asks<'a, K, V, S>>,
            f: Option<F>,
        },
        // The order of the fields is the order in which they go: first the call, then the turn.
        Leads { #[pin] call: Fut, lead: Option<Lead<'a, K, V, S>> },
        Over,
    }
}

impl<'a, K, V, S, F, Fut, M> FlightRun<'a, K, V, S, F, Fut, M> {
    pub(super) fn new(flight: &'a Flight<K, V, S>, key: K, f: F) -> Self {
        Self { flight, step: Step::New { key: Some(key), f: Some(f) }, mode: PhantomData }
    }

    /// Tells whether the output was shared, as Go's does: `(output, shared)`, or `Ok((value, shared))`
    /// of [`try_run`](Flight::try_run).
    ///
    /// Shared is what somebody else was in line for when the call ended.
    ///
    /// # Cancel safety
    ///
    /// As for [`Flight::run`].
    ///
    /// # Examples
    ///
    /// ```
    /// # pollster::block_on(async {
    /// use selvedge_context::{decorate::Flight, join_all};
    ///
    /// let flight = Flight::<&str, usize>::new();
    /// let fetch = || async {
    ///     futures_lite::future::yield_now().await;
    ///     4
    /// };
    /// // For a counter of what the flight has saved.
    /// let calls = [0, 1].map(|_| flight.run("weft", fetch).flagged());
    /// assert_eq!(join_all(calls).await, [(4, true), (4, true)]);
    /// assert_eq!(flight.run("weft", fetch).flagged().await, (4, false));
    /// # });
    /// ```
    pub fn flagged(self) -> FlightRun<'a, K, V, S, F, Fut, Flagged<M>> {
        let Self { flight, step, .. } = self;
        FlightRun { flight, step, mode: PhantomData }
    }
}

impl<K, V, S, F, Fut, M> Future for FlightRun<'_, K, V, S, F, Fut, M>
where
    K: Hash + Eq,
    V: Clone,
    S: BuildHasher,
    F: FnOnce() -> Fut,
    Fut: Future,
    M: Share<Fut::Output, Value = V>,
{
    type Output = M::Told;

    #[inline]
    #[cfg_attr(selvedge_loom, track_caller)]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<M::Told> {
        let mut this = self.project();
        loop {
            match this.step.as_mut().project() {
                StepNow::New { key, f } => {
                    let (key, f) = (key.take().expect("taken once"), f.take());
                    let interest = Interest::new(*this.flight, key, || Once::new("flight", ()));
                    match interest.value().try_take(()) {
                        Answer::Granted(()) => {
                            let lead = Turn::of(interest, Make);
                            let call = f.expect("taken once")();
                            this.step.set(Step::Leads { call, lead: Some(lead) });
                        }
                        _ => {
                            let wait = Wait::new(Arc::clone(interest.entry()), Make);
                            this.step.set(Step::InLine { wait, interest: Some(interest), f });
                        }
                    }
                }
                StepNow::InLine { wait, interest, f } => {
                    let turn = ready!(wait.poll_turn(cx));
                    let (interest, f) = (interest.take().expect("taken once"), f.take());
                    let Some(turn) = turn else {
                        let entry = interest.settle();
                        let value = entry.value().done().get().cloned();
                        this.step.set(Step::Over);
                        return Poll::Ready(M::tell(M::output(value.expect("it is made")), true));
                    };
                    drop(turn.into_handle());
                    // Should `f` panic, the turn goes on to the next.
                    let lead = Turn::of(interest, Make);
                    let call = f.expect("taken once")();
                    this.step.set(Step::Leads { call, lead: Some(lead) });
                }
                StepNow::Leads { call, lead: kept } => {
                    // Held here, so that a panic gives it back at once.
                    let lead = kept.take();
                    let Poll::Ready(output) = call.poll(cx) else {
                        *kept = lead;
                        return Poll::Pending;
                    };
                    // The call goes before anybody else leads, or gets something.
                    this.step.set(Step::Over);
                    let lead = lead.expect("there while it runs");
                    let shared = M::value(&output).is_some_and(|value| land(lead, value));
                    return Poll::Ready(M::tell(output, shared));
                }
                StepNow::Over => panic!("a future was polled after completion"),
            }
        }
    }
}

/// The call has ended, with something to share; whether there is somebody to share it with.
fn land<K, V: Clone, S>(lead: Lead<'_, K, V, S>, value: &V) -> bool {
    if mutant!("a finished call can be joined") {
        let interest = Once::fill(lead, value.clone());
        return interest.take_out() > 1;
    }
    let before = lead.handle().users();
    // RACE: 1. A has ended, sees that it is alone, and has nobody to write a value for. 2. B joins, and
    //       stands in line. 3. A goes. B sleeps for ever. So the others are counted in the step that
    //       takes the entry out.
    let users = lead.handle().take_out();
    let users = if mutant!("who joins at the last moment is not counted") { before } else { users };
    if users > 1 {
        // Should cloning panic, the next in line takes over.
        drop(Once::fill(lead, value.clone()).settle());
    } else {
        drop(lead.into_handle().settle());
    }
    users > 1
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

impl<K, V, S, F, Fut, M> fmt::Debug for FlightRun<'_, K, V, S, F, Fut, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let leads = matches!(self.step, Step::Leads { .. });
        f.debug_struct("FlightRun").field("leads", &leads).finish_non_exhaustive()
    }
}

opaque! { SingleFlight<C, H, F, M> ArcErrors<C> }
