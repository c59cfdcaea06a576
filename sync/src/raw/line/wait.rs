//! A place in line: how a task takes it, looks after it, and leaves it.

use core::{
    fmt, mem,
    pin::Pin,
    task::{Context, Poll, Waker},
};

use pin_project_lite::pin_project;

use super::{Answer, Ask, Asks, Handle, Place, Primitive, Turn, Turns};
use crate::raw::{
    list::{Slot, State},
    shim::{self, op},
    trace::Trace,
    wakers::in_batches,
};

pin_project! {
    /// A place in line, in front of what `H` leads to.
    pub struct Wait<H: Handle, A>
    where
        A: Asks<Ask<H>>,
    {
        handle: Option<H>,
        asks: A,
        trace: Trace,
        #[pin]
        slot: Slot<Ask<H>>,
    }

    impl<H: Handle, A> PinnedDrop for Wait<H, A>
    where
        A: Asks<Ask<H>>,
    {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            if this.slot.as_mut().is_taken() {
                if let Some(handle) = this.handle {
                    leave(handle.core(), this.slot);
                }
            }
        }
    }
}

impl<H: Handle, A: Asks<Ask<H>>> Wait<H, A> {
    /// Outside of the line still: the first poll asks for a turn.
    #[inline(always)]
    #[track_caller]
    pub fn new(handle: H, asks: A) -> Self {
        Self { handle: Some(handle), asks, trace: Trace::here(), slot: Slot::new() }
    }

    /// As [`new`](Self::new), for one that asked where `trace` says.
    #[inline(always)]
    pub fn of(handle: H, asks: A, trace: Trace) -> Self {
        Self { handle: Some(handle), asks, trace, slot: Slot::new() }
    }

    /// What the place is in front of, until the turn is taken.
    pub fn handle(&self) -> Option<&H> {
        self.handle.as_ref()
    }

    /// Takes a place in line with nobody to wake, or looks whether the turn has come; `None` if
    /// there will be none. Whoever stands in line already keeps its waker.
    pub fn enter(mut self: Pin<&mut Self>) -> Poll<Option<Turn<H, A>>> {
        let mut this = self.as_mut().project();
        if let (Some(handle), true) = (this.handle, this.slot.as_mut().is_taken()) {
            // SAFETY: just found taken.
            match unsafe { this.slot.state() } {
                State::Waiting if handle.core().is_due(this.asks.ask()) => {}
                State::Waiting | State::Called => return Poll::Pending,
                State::Granted | State::Refused => {}
            }
        }
        self.poll_turn(&mut Context::from_waker(Waker::noop()))
    }

    /// Waits for a turn; `None` if there will be none.
    ///
    /// # Panics
    ///
    /// Panics if polled again after it was ready.
    #[inline(always)]
    #[cfg_attr(selvedge_loom, track_caller)]
    pub fn poll_turn(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Turn<H, A>>> {
        let mut this = self.project();
        let Some(handle) = this.handle.as_ref() else { polled_after_completion() };
        let core = handle.core();
        let answer = if this.slot.as_mut().is_taken() {
            again(core, this.slot, this.asks.ask(), cx)
        } else {
            match core.try_take(this.asks.ask()) {
                Answer::Wait => {
                    this.trace.waits(core, core.label(), this.slot.as_mut().place(), cx);
                    stand(core, this.slot, this.asks.ask(), cx)
                }
                answer => answer,
            }
        };
        match answer {
            Answer::Wait => Poll::Pending,
            Answer::Granted(ask) => {
                op!(core.label(), "acquired");
                let trace = this.trace.holds(core, || core.label(), Some(cx));
                let handle = this.handle.take();
                // SAFETY: it was there at the top of this function.
                let handle = unsafe { handle.unwrap_unchecked() };
                Poll::Ready(Some(Turn { handle, asks: A::granted(ask), trace }))
            }
            Answer::Refused => {
                op!(core.label(), "refused");
                *this.trace = Trace::here();
                *this.handle = None;
                Poll::Ready(None)
            }
        }
    }
}

#[cold]
#[inline(never)]
#[track_caller]
fn polled_after_completion() -> ! {
    panic!("a future was polled after completion")
}

/// The first poll that has to wait.
#[cold]
#[inline(never)]
#[cfg_attr(selvedge_loom, track_caller)]
fn stand<C: Turns + ?Sized>(
    core: &C,
    mut slot: Pin<&mut Slot<C::Ask>>,
    ask: C::Ask,
    cx: &mut Context<'_>,
) -> Answer<C::Ask> {
    slot.as_mut().fill(ask, cx.waker().clone());
    let apart = shim::mutant!("check and line up apart");
    let answer = core.line().with(|queue| {
        let answer = core.admit(ask, Place::New, queue);
        if matches!(answer, Answer::Wait) && !apart {
            if C::goes_first(ask) {
                // SAFETY: filled above and in no list; `Wait`'s drop takes it out if nobody else
                // does.
                unsafe { queue.0.push_front(slot.as_mut()) };
            } else {
                // SAFETY: as above.
                unsafe { queue.0.push_back(slot.as_mut()) };
            }
        }
        answer
    });
    if matches!(answer, Answer::Wait) && apart {
        // SAFETY: as above.
        core.line().with(|queue| unsafe { queue.0.push_back(slot.as_mut()) });
    }
    if matches!(answer, Answer::Wait) {
        op!(core.label(), "queued");
        return answer;
    }
    // SAFETY: filled above, and not put in line.
    let waker = unsafe { slot.clear() };
    let unclaimed = Unclaimed(core, answer);
    drop(waker);
    unclaimed.claim()
}

/// A turn on its way to its holder: should other people's code panic before, it goes on.
struct Unclaimed<'a, C: Turns + ?Sized>(&'a C, Answer<C::Ask>);

impl<C: Turns + ?Sized> Unclaimed<'_, C> {
    #[inline]
    fn claim(self) -> Answer<C::Ask> {
        let answer = self.1;
        mem::forget(self);
        answer
    }
}

impl<C: Turns + ?Sized> Drop for Unclaimed<'_, C> {
    fn drop(&mut self) {
        if let Answer::Granted(ask) = self.1 {
            self.0.give_back(ask);
        }
    }
}

/// Every later poll.
#[inline]
#[cfg_attr(selvedge_loom, track_caller)]
fn again<C: Turns + ?Sized>(
    core: &C,
    mut slot: Pin<&mut Slot<C::Ask>>,
    ask: C::Ask,
    cx: &mut Context<'_>,
) -> Answer<C::Ask> {
    // SAFETY: the caller has found the slot taken.
    match unsafe { slot.as_mut().state() } {
        State::Granted => {
            // SAFETY: taken, and a granted node is in no list.
            let ask = unsafe { slot.as_mut().value() };
            // SAFETY: as above.
            let waker = unsafe { slot.clear() };
            debug_assert!(waker.is_none(), "whoever granted it took the waker");
            mem::forget(waker);
            Answer::Granted(ask)
        }
        // SAFETY: the caller has found the slot taken.
        State::Waiting if unsafe { slot.as_mut().knows(cx.waker()) } && !core.is_due(ask) => {
            Answer::Wait
        }
        _ => look_up(core, slot, ask, cx),
    }
}

/// A later poll that was called, was refused, is due, or brings another waker.
#[cold]
#[inline(never)]
#[cfg_attr(selvedge_loom, track_caller)]
fn look_up<C: Turns + ?Sized>(
    core: &C,
    mut slot: Pin<&mut Slot<C::Ask>>,
    ask: C::Ask,
    cx: &mut Context<'_>,
) -> Answer<C::Ask> {
    let mut waker = Some(cx.waker().clone());
    // Outlive the wake-ups below, one of which may panic, and are dropped by that as well.
    let (mut _spare, mut _rest) = (None, None);
    let mut unclaimed = Unclaimed(core, Answer::Wait);
    in_batches(|wakes| {
        core.line().with(|queue| {
            // Only the first batch begins with it.
            let Some(waker) = waker.take() else { return core.looked(queue, wakes) };
            // SAFETY: the caller has found the slot taken; it is in line while waiting or called.
            let state = unsafe { slot.as_mut().state() };
            unclaimed.1 = match state {
                // SAFETY: taken, and a granted node is in no list.
                State::Granted => Answer::Granted(unsafe { slot.as_mut().value() }),
                State::Refused => Answer::Refused,
                State::Waiting if core.is_due(ask) => Answer::Granted(ask),
                State::Waiting => Answer::Wait,
                State::Called => {
                    // SAFETY: taken, and in line.
                    let ask = unsafe { queue.0.value(slot.as_mut()) };
                    core.admit(ask, Place::Called, queue)
                }
            };
            if !matches!(unclaimed.1, Answer::Wait) {
                if matches!(state, State::Waiting | State::Called) {
                    // SAFETY: taken, and in line.
                    unsafe { queue.0.unlink(slot.as_mut()) };
                }
                if state == State::Waiting {
                    core.stepped_out(ask, queue);
                }
                // SAFETY: taken, and out of line by now.
                (_spare, _rest) = (Some(waker), unsafe { slot.as_mut().clear() });
            } else if state == State::Waiting && shim::mutant!("the waker is not replaced") {
                _spare = Some(waker);
            } else {
                // SAFETY: taken, and in line.
                _spare = unsafe { queue.0.rest(slot.as_mut(), waker) };
            }
            state == State::Called && core.looked(queue, wakes)
        })
    });
    drop((_spare, _rest));
    unclaimed.claim()
}

/// Steps out of line. A turn that was granted and never taken goes to the next.
#[cold]
#[inline(never)]
fn leave<C: Turns + ?Sized>(core: &C, mut slot: Pin<&mut Slot<C::Ask>>) {
    if shim::doomed() {
        return;
    }
    op!(core.label(), "left the line");
    // Outlives the wake-ups below, one of which may panic, and is dropped by that as well.
    let mut _waker = None;
    let mut granted = None;
    let mut first = true;
    in_batches(|wakes| {
        core.line().with(|queue| {
            if !mem::take(&mut first) {
                return core.left(false, queue, wakes);
            }
            // SAFETY: the caller has found the slot taken; it is in line while waiting or called.
            let state = unsafe { slot.as_mut().state() };
            match state {
                // SAFETY: taken, and a granted node is in no list.
                State::Granted => granted = Some(unsafe { slot.as_mut().value() }),
                State::Refused => {}
                State::Waiting | State::Called => {
                    // SAFETY: taken, and in line.
                    unsafe { queue.0.unlink(slot.as_mut()) };
                    // SAFETY: taken, and in no list any more.
                    core.stepped_out(unsafe { slot.as_mut().value() }, queue);
                }
            }
            // SAFETY: taken, and out of line by now.
            _waker = unsafe { slot.as_mut().clear() };
            matches!(state, State::Waiting | State::Called)
                && core.left(state == State::Called, queue, wakes)
        })
    });
    if let Some(ask) = granted.filter(|_| !shim::mutant!("no re-grant on cancel")) {
        core.give_back(ask);
    }
}

impl<H: Handle, A: Asks<Ask<H>>> fmt::Debug for Wait<H, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wait").finish_non_exhaustive()
    }
}
