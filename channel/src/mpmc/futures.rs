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

use super::{Channel, Permit, Receiver, RecvError, SendError, Sender};
use crate::raw::{
    ends, many,
    side::{Cargo, Seat},
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
            if let Some(message) = ends::leave_send(this.channel, this.cargo, this.seat) {
                this.channel.undelivered(message);
            }
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

pin_project! {
    /// The future of [`Sender::reserve`].
    #[must_use = "futures do nothing unless polled"]
    pub struct Reserve<'a, T> {
        sender: Option<&'a Sender<T>>,
        #[pin]
        seat: Seat<T>,
    }

    impl<T> PinnedDrop for Reserve<'_, T> {
        fn drop(this: Pin<&mut Self>) {
            let this = this.project();
            if let Some(sender) = this.sender {
                ends::leave_reserve(&sender.channel, this.seat);
            }
        }
    }
}

impl<'a, T> Reserve<'a, T> {
    pub(super) fn new(sender: &'a Sender<T>) -> Self {
        Self { sender: Some(sender), seat: Slot::new() }
    }
}

impl<'a, T> Future for Reserve<'a, T> {
    type Output = Result<Permit<'a, T>, SendError<()>>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let sender = this.sender.expect("a future was polled after completion");
        let polled = ends::poll_reserve(&sender.channel, 1, this.seat, cx);
        if polled.is_ready() {
            *this.sender = None;
        }
        polled.map_ok(|()| Permit::new(sender)).map_err(SendError)
    }
}

pin_project! {
    /// The future of [`Receiver::recv`].
    #[must_use = "futures do nothing unless polled"]
    pub struct Recv<'a, T> {
        channel: Option<&'a Channel<T>>,
        #[pin]
        seat: Seat<T>,
    }

    impl<T> PinnedDrop for Recv<'_, T> {
        fn drop(this: Pin<&mut Self>) {
            let this = this.project();
            if let Some(channel) = this.channel {
                many::leave_recv(channel, this.seat);
            }
        }
    }
}

impl<'a, T> Recv<'a, T> {
    #[inline(always)]
    pub(super) fn new(receiver: &'a Receiver<T>) -> Self {
        Self { channel: Some(&receiver.channel), seat: Slot::new() }
    }
}

impl<T> Future for Recv<'_, T> {
    type Output = Result<T, RecvError>;

    #[inline(always)]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let channel = this.channel.expect("a future was polled after completion");
        let polled = many::poll_recv(channel, this.seat, cx);
        if polled.is_ready() {
            *this.channel = None;
        }
        polled.map(|message| message.ok_or(RecvError))
    }
}

pin_project! {
    /// The future of [`Receiver::recv_many`].
    #[must_use = "futures do nothing unless polled"]
    pub struct RecvMany<'a, T> {
        channel: Option<&'a Channel<T>>,
        buffer: &'a mut Vec<T>,
        limit: usize,
        #[pin]
        seat: Seat<T>,
    }

    impl<T> PinnedDrop for RecvMany<'_, T> {
        fn drop(this: Pin<&mut Self>) {
            let this = this.project();
            if let Some(channel) = this.channel {
                many::leave_recv(channel, this.seat);
            }
        }
    }
}

impl<'a, T> RecvMany<'a, T> {
    pub(super) fn new(receiver: &'a Receiver<T>, buffer: &'a mut Vec<T>, limit: usize) -> Self {
        Self { channel: Some(&receiver.channel), buffer, limit, seat: Slot::new() }
    }
}

impl<T> Future for RecvMany<'_, T> {
    type Output = usize;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<usize> {
        let this = self.project();
        let channel = this.channel.expect("a future was polled after completion");
        let polled = many::poll_recv_many(channel, this.buffer, *this.limit, this.seat, cx);
        if polled.is_ready() {
            *this.channel = None;
        }
        polled
    }
}

pin_project! {
    /// The future of [`Sender::closed`] and [`Receiver::closed`].
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

debug! { Send Reserve Recv RecvMany Closed }
