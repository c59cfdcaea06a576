//! A call whose answer is kept.

use core::{
    fmt,
    future::Future,
    marker::PhantomData,
    pin::Pin,
    sync::atomic::Ordering::Acquire,
    task::{Context, Poll},
};

use pin_project_lite::pin_project;

use super::{
    super::{Ambient, Share, Time, share::Mode},
    Always, Cache, Keep, Keeps, Kept, Store, nanos,
};

pin_project! {
    /// The future of [`Cache::run`] and [`Cache::try_run`].
    #[must_use = "futures do nothing unless polled"]
    pub struct CacheRun<'a, K, V, S, F, Fut, M, D = Always, T = Ambient> {
        cache: &'a Cache<K, V, S>,
        key: Option<K>,
        #[pin]
        step: Step<F, Fut>,
        decide: D,
        time: T,
        mode: Mode<M>,
    }
}

pin_project! {
    #[project = StepNow]
    enum Step<F, Fut> {
        New { f: Option<F> },
        Calls { #[pin] call: Fut, removals: u64 },
        Over,
    }
}

impl<'a, K, V, S, F, Fut, M, D, T> CacheRun<'a, K, V, S, F, Fut, M, D, T> {
    pub(super) fn new(cache: &'a Cache<K, V, S>, key: K, f: F, decide: D, time: T) -> Self {
        let step = Step::New { f: Some(f) };
        Self { cache, key: Some(key), step, decide, time, mode: PhantomData }
    }
}

impl<K, V, S, F, Fut, M, D, T> Future for CacheRun<'_, K, V, S, F, Fut, M, D, T>
where
    K: Clone,
    V: Clone,
    S: Store<K, Kept<V>>,
    F: FnOnce() -> Fut,
    Fut: Future,
    M: Share<Fut::Output, Value = V>,
    D: Keeps<Fut::Output>,
    T: Time,
{
    type Output = Fut::Output;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Fut::Output> {
        let mut this = self.project();
        loop {
            match this.step.as_mut().project() {
                StepNow::New { f } => {
                    let key = this.key.as_ref().expect("there until the end");
                    let kept = this.cache.store.get(key);
                    if let Some(value) = kept.and_then(|kept| kept.fresh(this.time)) {
                        this.step.set(Step::Over);
                        return Poll::Ready(M::output(value));
                    }
                    // ORDERING: Acquire pairs with the Release in `remove`.
                    let removals = this.cache.removals.load(Acquire);
                    let call = f.take().expect("taken once")();
                    this.step.set(Step::Calls { call, removals });
                }
                StepNow::Calls { call, removals } => {
                    let Poll::Ready(output) = call.poll(cx) else { return Poll::Pending };
                    let removals = *removals;
                    this.step.set(Step::Over);
                    if let Some(value) = M::value(&output) {
                        let ttl = match this.decide.keep(&output) {
                            Keep::No => 0,
                            Keep::Yes => this.cache.ttl,
                            Keep::For(ttl) => nanos(ttl),
                        };
                        let key = this.key.take().expect("there until the end");
                        this.cache.keep(key, value, ttl, removals, this.time);
                    }
                    return Poll::Ready(output);
                }
                StepNow::Over => panic!("a future was polled after completion"),
            }
        }
    }
}

impl<K, V, S, F, Fut, M, D, T> fmt::Debug for CacheRun<'_, K, V, S, F, Fut, M, D, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let calls = matches!(self.step, Step::Calls { .. });
        f.debug_struct("CacheRun").field("calls", &calls).finish_non_exhaustive()
    }
}
