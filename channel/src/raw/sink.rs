//! A sender as a sink.

/// Defines `$sink`, which sends by a `$sender`.
macro_rules! sender_sink {
    ($(#[$attr:meta])* $sink:ident, $sender:ident) => {
        $(#[$attr])*
        pub struct $sink<T> {
            sender: Option<$sender<T>>,
            /// Where it stands that waits for a place: allocated when it first has to.
            seat: Option<core::pin::Pin<alloc::boxed::Box<crate::raw::side::Seat<T>>>>,
            /// Whether it holds a place.
            is_ready: bool,
        }

        impl<T> $sender<T> {
            /// Turns into a sink: ready once it holds a place, closed when it goes.
            ///
            /// # Cancel safety
            ///
            /// A sink keeps the place it waited for from one poll to the next, and gives it back when
            /// it goes.
            #[must_use]
            pub fn into_sink(self) -> $sink<T> {
                $sink { sender: Some(self), seat: None, is_ready: false }
            }
        }

        impl<T> $sink<T> {
            /// The sender; none once the sink was closed.
            pub fn sender(&self) -> Option<&$sender<T>> {
                self.sender.as_ref()
            }

            /// Gives back what it holds, or waits for.
            fn leave(&mut self) {
                let (seat, is_ready) = (self.seat.take(), core::mem::take(&mut self.is_ready));
                let Some(sender) = &self.sender else { return };
                if let Some(mut seat) = seat {
                    crate::raw::ends::leave_reserve(&sender.channel, seat.as_mut());
                }
                if is_ready {
                    sender.channel.give_back(1);
                }
            }
        }

        impl<T> futures_sink::Sink<T> for $sink<T> {
            type Error = SendError<Option<T>>;

            fn poll_ready(
                self: core::pin::Pin<&mut Self>,
                cx: &mut core::task::Context<'_>,
            ) -> core::task::Poll<Result<(), Self::Error>> {
                use core::task::Poll;

                let this = self.get_mut();
                let Some(sender) = &this.sender else { return Poll::Ready(Err(SendError(None))) };
                if this.is_ready {
                    return Poll::Ready(Ok(()));
                }
                let seat = this.seat.get_or_insert_with(|| {
                    alloc::boxed::Box::pin(selvedge_sync::raw::list::Slot::new())
                });
                crate::raw::ends::poll_reserve(&sender.channel, 1, seat.as_mut(), cx).map(|held| {
                    this.is_ready = held.is_ok();
                    held.map_err(|()| SendError(None))
                })
            }

            /// # Panics
            ///
            /// Panics unless `poll_ready` has said that it is ready.
            fn start_send(
                self: core::pin::Pin<&mut Self>,
                message: T,
            ) -> Result<(), Self::Error> {
                let this = self.get_mut();
                let Some(sender) = &this.sender else { return Err(SendError(Some(message))) };
                assert!(core::mem::take(&mut this.is_ready), "a sink is sent to when it is ready");
                sender.channel.send_held(message).map_err(|message| SendError(Some(message)))
            }

            fn poll_flush(
                self: core::pin::Pin<&mut Self>,
                _cx: &mut core::task::Context<'_>,
            ) -> core::task::Poll<Result<(), Self::Error>> {
                core::task::Poll::Ready(Ok(()))
            }

            fn poll_close(
                self: core::pin::Pin<&mut Self>,
                _cx: &mut core::task::Context<'_>,
            ) -> core::task::Poll<Result<(), Self::Error>> {
                let this = self.get_mut();
                this.leave();
                this.sender = None;
                core::task::Poll::Ready(Ok(()))
            }
        }

        impl<T> Drop for $sink<T> {
            fn drop(&mut self) {
                self.leave();
            }
        }

        impl<T> Clone for $sink<T> {
            fn clone(&self) -> Self {
                Self { sender: self.sender.clone(), seat: None, is_ready: false }
            }
        }

        impl<T> core::fmt::Debug for $sink<T> {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.debug_struct(stringify!($sink))
                    .field("sender", &self.sender)
                    .field("is_ready", &self.is_ready)
                    .finish()
            }
        }
    };
}
pub(crate) use sender_sink;
