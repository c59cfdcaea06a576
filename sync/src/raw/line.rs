//! Waiting in line, and being granted a turn.
//!
//! A primitive says what a turn costs ([`Turns`]); everything about waiting for one is here. A
//! [`Wait`] is one place in the line, inside a future; a [`Turn`] is what comes out of it, and
//! gives itself back.
//!
//! ```text
//!              admit: Wait           grant
//!  outside ───────────────► WAITING ───────────────────────────► GRANTED ──► taken
//!     │                     │  ▲  │ call                            │
//!     │ try_take: Granted   │  │  ▼                                 │ dropped: give_back
//!     ╰──────────► taken    │  ╰─ CALLED ──► taken (admit: Granted) ╰─────────► next in line
//!                           │       │ dropped: left
//!                           ╰───────┴──► next in line
//! ```
//!
//! No waker is cloned, woken or dropped while the line is locked: that is other people's code.
#![expect(unsafe_code, reason = "a `Wait` owns the pinned node that it puts in line")]

use alloc::sync::Arc;
use core::{
    fmt, mem,
    ops::Deref,
    pin::Pin,
    task::{Context, Poll, Waker},
};

use pin_project_lite::pin_project;

use super::{
    list::{List, Slot, State},
    shim::{self, Brief, Label, const_in_build, op},
    trace::Trace,
    wakers::{Wake, WakeList, in_batches},
};

/// A primitive whose turns tasks wait for.
pub trait Turns {
    /// What a task asks for: nothing, a number of permits, a kind of access.
    type Ask: Copy;

    /// Where they wait.
    fn line(&self) -> &Line<Self::Ask>;

    /// The name in a timeline.
    fn label(&self) -> Label;

    /// Takes a turn if none has to be waited for.
    fn try_take(&self, ask: Self::Ask) -> Answer<Self::Ask>;

    /// Whether who asks this stands in front of all others.
    #[inline(always)]
    fn goes_first(_: Self::Ask) -> bool {
        false
    }

    /// Takes a turn, else notes in the state that somebody waits. The line is locked; who asks has
    /// been called ([`Place::Called`]), or is not in it yet.
    fn admit(&self, ask: Self::Ask, place: Place, queue: &Queue<Self::Ask>) -> Answer<Self::Ask>;

    /// Gives a turn back, so that the next in line may have it.
    fn give_back(&self, ask: Self::Ask);

    /// Somebody who was called has looked, and has left the line with a turn, or rests in their
    /// place. Collects who is to be woken now, as [`left`](Self::left) does.
    #[inline(always)]
    fn looked(&self, _queue: &mut Queue<Self::Ask>, _wakes: &mut WakeList) -> bool {
        false
    }

    /// Somebody has left the line without a turn; `called` if they had been called. Collects who
    /// is to be woken now, and says whether there are more than `wakes` has room for.
    fn left(&self, called: bool, queue: &mut Queue<Self::Ask>, wakes: &mut WakeList) -> bool;

    /// Whether a turn has come to all who asked for `ask`, this one too, who is in line still and
    /// has not been reached. Looked at by every poll, without the line's lock and with it.
    #[inline(always)]
    fn is_due(&self, _ask: Self::Ask) -> bool {
        false
    }

    /// Somebody who was to get `ask` has just stepped out of line, of their own accord: to leave,
    /// or because their turn [is due](Self::is_due). The line is locked.
    #[inline(always)]
    fn stepped_out(&self, _ask: Self::Ask, _queue: &Queue<Self::Ask>) {}
}

/// What a task is told that asks for a turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer<Ask> {
    /// Here it is: what was granted.
    Granted(Ask),
    /// There will be none.
    Refused,
    /// Not now.
    Wait,
}

/// Where in line a task stands that asks for a turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// In none: it has just come.
    New,
    /// In line, and called: its head, or among the first.
    Called,
}

/// How the holder of a turn remembers what it asked for.
pub trait Asks<Ask>: Copy {
    /// What it asks for.
    fn ask(self) -> Ask;

    /// What it was granted.
    fn granted(ask: Ask) -> Self;
}

/// Something that has turns, or leads to what has them.
///
/// # Safety
///
/// `core` always leads to the same place.
pub unsafe trait Primitive {
    /// What has the turns.
    type Core: Turns + ?Sized;

    /// Where it is.
    fn core(&self) -> &Self::Core;
}

/// A handle that keeps a primitive alive: `&P` or `Arc<P>`.
///
/// # Safety
///
/// Dereferencing always leads to the same place, wherever the handle is moved.
pub unsafe trait Handle: Deref<Target: Primitive> {}

// SAFETY: a reference leads to one place.
unsafe impl<P: Primitive + ?Sized> Handle for &P {}
// SAFETY: so does an `Arc`.
unsafe impl<P: Primitive + ?Sized> Handle for Arc<P> {}

type Core<H> = <<H as Deref>::Target as Primitive>::Core;
type Ask<H> = <Core<H> as Turns>::Ask;

/// A turn that was taken; dropping it gives it back.
#[must_use = "dropping a turn gives it back"]
pub struct Turn<H, A>
where
    H: Handle,
    A: Asks<Ask<H>>,
{
    handle: H,
    asks: A,
    trace: Trace,
}

impl<H: Handle, A: Asks<Ask<H>>> Turn<H, A> {
    /// Takes a turn without waiting.
    ///
    /// # Errors
    ///
    /// Says why not.
    #[inline(always)]
    #[track_caller]
    pub fn try_take(handle: H, asks: A) -> Result<Self, Answer<Ask<H>>> {
        match handle.core().try_take(asks.ask()) {
            Answer::Granted(ask) => {
                op!(handle.core().label(), "acquired");
                Ok(Self::of(handle, A::granted(ask)))
            }
            other => Err(other),
        }
    }

    /// A turn that is the caller's already: a part of another, or what a change of the state made.
    #[inline(always)]
    #[track_caller]
    pub fn of(handle: H, asks: A) -> Self {
        let core = handle.core();
        let trace = Trace::here().holds(core, || core.label(), None);
        Self { handle, asks, trace }
    }

    /// What the turn belongs to.
    #[inline(always)]
    pub fn handle(&self) -> &H {
        &self.handle
    }

    /// What was granted.
    #[inline(always)]
    pub fn asks(&self) -> A {
        self.asks
    }

    /// Changes what is given back in the end.
    #[inline]
    pub fn set_asks(&mut self, asks: A) {
        self.asks = asks;
    }

    /// Keeps the turn for ever, and hands out what held it.
    #[inline]
    pub fn into_handle(self) -> H {
        self.into_parts().0
    }

    fn into_parts(self) -> (H, Trace) {
        let this = mem::ManuallyDrop::new(self);
        // SAFETY: `this` is not dropped, so both are moved out once.
        unsafe { (core::ptr::read(&this.handle), core::ptr::read(&this.trace)) }
    }

    /// The same turn as something else: `change` is the step on the state.
    #[inline]
    pub fn become_<B: Asks<Ask<H>>>(self, asks: B, change: impl FnOnce(&Core<H>)) -> Turn<H, B> {
        // Should a waker panic in `change`, the turn is given back as what it is by then.
        let (handle, trace) = self.into_parts();
        let turn = Turn { handle, asks, trace };
        change(turn.handle.core());
        turn
    }
}

impl<'a, P, A> Turn<&'a P, A>
where
    P: Primitive<Core: Primitive<Core = P::Core> + Sized> + ?Sized,
    A: Asks<<P::Core as Turns>::Ask>,
{
    /// The same turn, held by the core alone: it no longer names the primitive's type.
    #[inline]
    pub fn narrow(self) -> Turn<&'a P::Core, A> {
        let asks = self.asks;
        let (handle, trace) = self.into_parts();
        Turn { handle: handle.core(), asks, trace }
    }
}

impl<H: Handle, A: Asks<Ask<H>>> Drop for Turn<H, A> {
    #[inline(always)]
    fn drop(&mut self) {
        if !shim::doomed() {
            op!(self.handle.core().label(), "released");
            self.handle.core().give_back(self.asks.ask());
        }
    }
}

impl<H: Handle, A: Asks<Ask<H>>> fmt::Debug for Turn<H, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Turn")
    }
}

/// The line in front of a primitive.
///
/// Whoever waits takes the lock once or twice, and holds it for a few instructions; a lock that
/// parks would be a tenth of what waiting costs.
#[derive(Debug)]
pub struct Line<V>(Brief<Queue<V>>);

/// The line, while its lock is held.
#[derive(Debug)]
pub struct Queue<V>(List<V>);

impl<V: Copy> Line<V> {
    const_in_build! {
        /// An empty line.
        #[expect(clippy::new_without_default, reason = "made by a primitive, in a const")]
        pub fn new() -> Self {
            Self(Brief::new(Queue(List::new())))
        }
    }

    /// Runs `f` with the line locked. No waker is touched in it.
    #[inline]
    #[cfg_attr(selvedge_loom, track_caller)]
    pub fn with<R>(&self, f: impl FnOnce(&mut Queue<V>) -> R) -> R {
        self.0.with(f)
    }
}

impl<V: Copy> Queue<V> {
    /// Whether nobody waits.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether somebody waits behind the head.
    #[inline]
    pub fn has_second(&self) -> bool {
        self.0.has_second()
    }

    /// How many wait, by counting.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// What the head asks for.
    #[inline]
    pub fn first(&self) -> Option<V> {
        self.0.first()
    }

    /// Grants the head its turn, of the size `ask`. Wake it once the line is unlocked.
    #[inline]
    pub fn grant(&mut self, ask: V) -> Wake {
        self.0.set_first(ask);
        self.0.pop_front(State::Granted)
    }

    /// Whether the head has been called and has not looked yet.
    #[inline]
    pub fn is_called(&self) -> bool {
        self.0.is_called()
    }

    /// Calls those at the front of whom `goes` says so, up to the first of whom it does not: each
    /// keeps its place. Whether there are more than `wakes` has room for.
    pub fn call_while(&mut self, goes: impl FnMut(V) -> bool, wakes: &mut WakeList) -> bool {
        self.0.call_while(goes, wakes)
    }

    /// Grants the tail its turn, of the size `ask`. Wake it once the line is unlocked.
    #[inline]
    pub fn grant_last(&mut self, ask: V) -> Wake {
        self.0.set_last(ask);
        self.0.pop_back(State::Granted)
    }

    /// Grants the head, and those behind it, what they ask for, as long as it is `due`. Whether
    /// there are more than `wakes` has room for.
    #[inline]
    pub fn grant_while(&mut self, wakes: &mut WakeList, due: impl Fn(V) -> bool) -> bool {
        self.0.pop_while(wakes, |ask| due(ask).then_some(State::Granted))
    }

    /// Grants or refuses the head, and those behind it, until the `answer` to one is to wait. Whether
    /// there are more than `wakes` has room for.
    #[inline]
    pub fn answer_while(&mut self, wakes: &mut WakeList, answer: impl Fn(V) -> Answer<()>) -> bool {
        self.0.pop_while(wakes, |ask| match answer(ask) {
            Answer::Granted(()) => Some(State::Granted),
            Answer::Refused => Some(State::Refused),
            Answer::Wait => None,
        })
    }

    /// Changes what each in line asks for, or is to get, from the head on.
    pub fn for_each(&self, f: impl FnMut(&mut V)) {
        self.0.for_each(f);
    }

    /// Sends the head away: there will be no turn. Wake it once the line is unlocked.
    #[inline]
    pub fn refuse(&mut self) -> Wake {
        self.0.pop_front(State::Refused)
    }

    /// Calls the head to try its luck; it keeps its place. Wake it once the line is unlocked.
    #[inline]
    pub fn call(&mut self) -> Wake {
        self.0.call_front()
    }
}

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
