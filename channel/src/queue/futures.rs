//! What waits for a queue.

use core::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
};

use pin_project_lite::pin_project;
use selvedge_sync::{Acquire, Semaphore, raw::line::Wait};

use super::{Fifo, Order, Queue, error::QueueShutDown};
use crate::raw::gate::{Gate, Past};

pin_project! {
    /// The future of [`Queue::put`].
    #[must_use = "futures do nothing unless polled"]
    pub struct Put<'a, T, O: Order<T> = Fifo> {
        queue: &'a Queue<T, O>,
        item: Option<T>,
        #[pin]
        permit: Option<Acquire<'a>>,
    }
}

impl<'a, T, O: Order<T>> Put<'a, T, O> {
    pub(super) fn new(queue: &'a Queue<T, O>, item: T) -> Self {
        let permit = queue.room.as_ref().map(Semaphore::acquire);
        Self { queue, item: Some(item), permit }
    }
}

impl<T, O: Order<T>> Future for Put<'_, T, O> {
    type Output = Result<(), QueueShutDown<T>>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let mut room = None;
        if let Some(permit) = this.permit.as_mut().as_pin_mut() {
            // If there is none any more, pushing says so.
            room = ready!(permit.poll(cx)).ok();
            this.permit.set(None);
        }
        let Some(item) = this.item.take() else { polled_after_completion() };
        Poll::Ready(this.queue.push(item, room).map_err(QueueShutDown))
    }
}

pin_project! {
    /// The future of [`Queue::get`].
    #[must_use = "futures do nothing unless polled"]
    pub struct Get<'a, T, O: Order<T> = Fifo> {
        queue: &'a Queue<T, O>,
        #[pin]
        permit: Acquire<'a>,
    }
}

impl<'a, T, O: Order<T>> Get<'a, T, O> {
    pub(super) fn new(queue: &'a Queue<T, O>) -> Self {
        Self { queue, permit: queue.items.acquire() }
    }
}

impl<T, O: Order<T>> Future for Get<'_, T, O> {
    type Output = Result<T, QueueShutDown>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let item = match ready!(this.permit.poll(cx)) {
            Ok(permit) => this.queue.pop(permit),
            Err(_) => this.queue.pop_rest(),
        };
        Poll::Ready(item.ok_or(QueueShutDown(())))
    }
}

pin_project! {
    /// The future of [`Queue::join`].
    #[must_use = "futures do nothing unless polled"]
    pub struct Join<'a> {
        state: JoinState,
        gate: &'a Gate,
        #[pin]
        wait: Option<Wait<&'a Gate, Past>>,
    }
}

#[derive(Clone, Copy)]
enum JoinState {
    /// There was nothing to wait for.
    Ready,
    /// Until the number is another.
    Past(u64),
    Done,
}

impl<'a> Join<'a> {
    /// Ready at once, or when the number of `gate` is no more `seen`.
    pub(super) fn new(gate: &'a Gate, seen: Option<u64>) -> Self {
        let state = seen.map_or(JoinState::Ready, JoinState::Past);
        Self { state, gate, wait: None }
    }
}

impl Future for Join<'_> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut this = self.project();
        match *this.state {
            JoinState::Ready => {}
            JoinState::Past(seen) => {
                if this.wait.is_none() {
                    this.wait.set(Some(this.gate.past(seen)));
                }
                if let Some(wait) = this.wait.as_mut().as_pin_mut() {
                    drop(ready!(wait.poll_turn(cx)));
                }
                // What the tasks did is seen.
                let _ = this.gate.look();
            }
            JoinState::Done => polled_after_completion(),
        }
        *this.state = JoinState::Done;
        Poll::Ready(())
    }
}

#[cold]
#[inline(never)]
#[track_caller]
fn polled_after_completion() -> ! {
    panic!("a future was polled after completion")
}

impl<T, O: Order<T>> fmt::Debug for Put<'_, T, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Put").finish_non_exhaustive()
    }
}

impl<T, O: Order<T>> fmt::Debug for Get<'_, T, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Get").finish_non_exhaustive()
    }
}

impl fmt::Debug for Join<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Join").finish_non_exhaustive()
    }
}
