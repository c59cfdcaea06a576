//! The making of a value, by whoever has the turn: what all futures of cells and maps share.

use core::{
    future::Future,
    mem,
    pin::Pin,
    task::{Context, Poll, ready},
};

use pin_project_lite::pin_project;

use crate::raw::{
    line::{Asks, Handle, Primitive, Turn, Turns, Wait},
    once::{Make, Once},
    trace::Trace,
};

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
                StepNow::Line { .. } if this.handle.core().done().is_set() => {
                    this.step.set(Step::Over);
                    return Poll::Ready(Ok(this.handle.clone()));
                }
                StepNow::Line { wait } => {
                    let turn = ready!(wait.poll_turn(cx));
                    let init = this.init.take();
                    let Some(turn) = turn else {
                        this.step.set(Step::Over);
                        return Poll::Ready(Ok(this.handle.clone()));
                    };
                    // Should it panic, the turn goes on to the next.
                    let making = init.expect("there is one turn, and it takes it")();
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
    pub(super) fn poll_there(self: Pin<&mut Self>) -> Option<&'a T> {
        match (self.handle.done().get(), &self.step) {
            (Some(value), Step::New) => {
                self.project().step.set(Step::Over);
                Some(value)
            }
            _ => None,
        }
    }
}
