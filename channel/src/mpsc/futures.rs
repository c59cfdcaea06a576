//! The waits of a channel.

use alloc::vec::Vec;
use core::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use pin_project_lite::pin_project;
use selvedge_sync::raw::list::Slot;

use super::{Channel, OwnedPermit, Permit, PermitIterator, Sender, error::SendError};
use crate::raw::{
    ends,
    side::{Cargo, Seat},
    solo,
};

pin_project! {
    /// The future of [`Sender::send`].
    #[must_use = "futures do nothing unless polled"]
    pub struct Send<'a, T> {
        channel: &'a Channel<T>,
        #[pin]
        cargo: Cargo<T>,
        #[pin]
        seat: Seat<T>,
    }

    impl<T> PinnedDrop for Send<'_, T> {
        fn drop(this: Pin<&mut Self>) {
            let this = this.project();
            drop(ends::leave_send(this.channel, this.cargo, this.seat));
        }
    }
}

impl<'a, T> Send<'a, T> {
    #[inline(always)]
    pub(super) fn new(sender: &'a Sender<T>, message: T) -> Self {
        Self { channel: &sender.channel, cargo: Cargo::new(message), seat: Slot::new() }
    }
}

impl<T> Future for Send<'_, T> {
    type Output = Result<(), SendError<T>>;

    #[inline(always)]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        ends::poll_send(this.channel, this.cargo, this.seat, cx).map_err(SendError)
    }
}

/// A wait for places: `$permit` is what comes out of it.
macro_rules! reserve {
    (
        $(#[$attr:meta])*
        [$($generics:tt)*] $future:ty, $name:ident { sender: $sender:ty $(, $n:ident: usize)? }
        => $permit:ty: |$handle:ident, $count:ident| $make:expr
    ) => {
        pin_project! {
            $(#[$attr])*
            #[must_use = "futures do nothing unless polled"]
            pub struct $name<$($generics)*> {
                sender: Option<$sender>,
                $($n: usize,)?
                #[pin]
                seat: Seat<T>,
            }

            impl<$($generics)*> PinnedDrop for $future {
                fn drop(this: Pin<&mut Self>) {
                    let this = this.project();
                    if let Some(sender) = this.sender {
                        ends::leave_reserve(&sender.channel, this.seat);
                    }
                }
            }
        }

        impl<$($generics)*> Future for $future {
            type Output = Result<$permit, SendError<()>>;

            fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
                let this = self.project();
                let sender = this.sender.as_ref().expect("a future was polled after completion");
                let n = 1;
                $(let n = { let _ = n; *this.$n };)?
                let polled = if n > sender.channel.capacity() {
                    Poll::Ready(Err(()))
                } else {
                    ends::poll_reserve(&sender.channel, n, this.seat, cx)
                };
                let Poll::Ready(held) = polled else { return Poll::Pending };
                let $handle = this.sender.take().expect("it was there at the top");
                let $count = n;
                Poll::Ready(match held {
                    Ok(()) => Ok($make),
                    Err(()) => Err(SendError(())),
                })
            }
        }

        impl<$($generics)*> fmt::Debug for $future {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($name)).finish_non_exhaustive()
            }
        }
    };
}

reserve! {
    /// The future of [`Sender::reserve`].
    ['a, T] Reserve<'a, T>, Reserve { sender: &'a Sender<T> }
    => Permit<'a, T>: |sender, _n| Permit::new(&sender.channel)
}

reserve! {
    /// The future of [`Sender::reserve_many`].
    ['a, T] ReserveMany<'a, T>, ReserveMany { sender: &'a Sender<T>, n: usize }
    => PermitIterator<'a, T>: |sender, n| PermitIterator::new(&sender.channel, n)
}

reserve! {
    /// The future of [`Sender::reserve_owned`].
    [T] ReserveOwned<T>, ReserveOwned { sender: Sender<T> }
    => OwnedPermit<T>: |sender, _n| OwnedPermit::new(sender)
}

impl<'a, T> Reserve<'a, T> {
    pub(super) fn new(sender: &'a Sender<T>) -> Self {
        Self { sender: Some(sender), seat: Slot::new() }
    }
}

impl<'a, T> ReserveMany<'a, T> {
    pub(super) fn new(sender: &'a Sender<T>, n: usize) -> Self {
        Self { sender: Some(sender), n, seat: Slot::new() }
    }
}

impl<T> ReserveOwned<T> {
    pub(super) fn new(sender: Sender<T>) -> Self {
        Self { sender: Some(sender), seat: Slot::new() }
    }
}

/// Where the one receiver is with its wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Progress {
    New,
    Waits,
    Done,
}

impl Progress {
    /// What a poll says of it.
    #[inline(always)]
    fn note<O>(&mut self, polled: Poll<O>) -> Poll<O> {
        *self = if polled.is_ready() { Self::Done } else { Self::Waits };
        polled
    }

    #[inline(always)]
    fn check(self) {
        assert!(self != Self::Done, "a future was polled after completion");
    }
}

/// The future of [`Receiver::recv`](super::Receiver::recv), and of the unbounded one's.
#[must_use = "futures do nothing unless polled"]
pub struct Recv<'a, T> {
    channel: &'a Channel<T>,
    progress: Progress,
}

impl<'a, T> Recv<'a, T> {
    #[inline(always)]
    pub(super) fn new(channel: &'a Channel<T>) -> Self {
        Self { channel, progress: Progress::New }
    }
}

impl<T> Future for Recv<'_, T> {
    type Output = Option<T>;

    #[inline(always)]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        let this = self.get_mut();
        this.progress.check();
        this.progress.note(solo::poll_recv(this.channel, cx))
    }
}

impl<T> Drop for Recv<'_, T> {
    #[inline]
    fn drop(&mut self) {
        if self.progress == Progress::Waits {
            solo::leave_recv(self.channel);
        }
    }
}

/// The future of [`Receiver::recv_many`](super::Receiver::recv_many), and of the unbounded one's.
#[must_use = "futures do nothing unless polled"]
pub struct RecvMany<'a, T> {
    channel: &'a Channel<T>,
    buffer: &'a mut Vec<T>,
    limit: usize,
    progress: Progress,
}

impl<'a, T> RecvMany<'a, T> {
    pub(super) fn new(channel: &'a Channel<T>, buffer: &'a mut Vec<T>, limit: usize) -> Self {
        Self { channel, buffer, limit, progress: Progress::New }
    }
}

impl<T> Future for RecvMany<'_, T> {
    type Output = usize;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<usize> {
        let this = self.get_mut();
        this.progress.check();
        let polled = solo::poll_recv_many(this.channel, this.buffer, this.limit, cx);
        this.progress.note(polled)
    }
}

impl<T> Drop for RecvMany<'_, T> {
    fn drop(&mut self) {
        if self.progress == Progress::Waits {
            solo::leave_recv(self.channel);
        }
    }
}

pin_project! {
    /// The future of [`Sender::closed`], and of the unbounded one's.
    #[must_use = "futures do nothing unless polled"]
    pub struct Closed<'a, T> {
        channel: Option<&'a Channel<T>>,
        #[pin]
        seat: Slot<()>,
    }

    impl<T> PinnedDrop for Closed<'_, T> {
        fn drop(this: Pin<&mut Self>) {
            let this = this.project();
            if let Some(channel) = this.channel {
                ends::leave_closed(channel, this.seat);
            }
        }
    }
}

impl<'a, T> Closed<'a, T> {
    pub(super) fn new(channel: &'a Channel<T>) -> Self {
        Self { channel: Some(channel), seat: Slot::new() }
    }
}

impl<T> Future for Closed<'_, T> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.project();
        let channel = this.channel.expect("a future was polled after completion");
        let polled = ends::poll_closed(channel, this.seat, cx);
        if polled.is_ready() {
            *this.channel = None;
        }
        polled
    }
}

macro_rules! debug {
    ($($future:ident)*) => {$(
        impl<T> fmt::Debug for $future<'_, T> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($future)).finish_non_exhaustive()
            }
        }
    )*};
}

debug! { Send Recv RecvMany Closed }
