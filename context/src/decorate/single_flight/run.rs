//! A call that leads, or waits for what another ends with. The picture is in the head of
//! `single_flight.rs`.

use alloc::sync::Arc;
use core::{
    fmt,
    future::Future,
    hash::{BuildHasher, Hash},
    marker::PhantomData,
    pin::Pin,
    task::{Context, Poll, ready},
};

use pin_project_lite::pin_project;
use selvedge_sync::raw::{
    keyed::{Entry, Interest},
    line::{Answer, Turn, Turns, Wait},
    once::{Make, Once},
    shim::mutant,
};

use super::{
    super::{Flagged, Share, share::Mode},
    Flight,
};

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
    pub(crate) fn new(flight: &'a Flight<K, V, S>, key: K, f: F) -> Self {
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

impl<K, V, S, F, Fut, M> fmt::Debug for FlightRun<'_, K, V, S, F, Fut, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let leads = matches!(self.step, Step::Leads { .. });
        f.debug_struct("FlightRun").field("leads", &leads).finish_non_exhaustive()
    }
}
