//! Asking somebody else.

use core::future::Future;

use super::{Call, SendCall, opaque};

/// See [`Op::fallback`](super::Op::fallback).
#[derive(Clone, Copy)]
pub struct Fallback<C, G> {
    pub(super) inner: C,
    pub(super) other: G,
}

// By hand: the macro calls one function, and here there are two.
macro_rules! fall_back {
    ($($trait:ident $method:ident [$($send:tt)*] [$($bounds:tt)*];)*) => {$(
        impl<C, G, R, E, F, Args> $trait<Args> for Fallback<C, G>
        where
            C: $trait<Args, Output = Result<R, E>>,
            G: $trait<(E, Args), Output = Result<R, F>>,
            Args: Clone,
            $($bounds)*
        {
            fall_back! { @output $trait R F }

            fn $method(&self, args: Args) -> impl Future<Output = Result<R, F>> $($send)* {
                let call = self.inner.$method(args.clone());
                async move {
                    match call.await {
                        Ok(output) => Ok(output),
                        Err(error) => self.other.$method((error, args)).await,
                    }
                }
            }
        }
    )*};
    (@output Call $r:ident $f:ident) => { type Output = Result<$r, $f>; };
    (@output SendCall $r:ident $f:ident) => {};
}
fall_back! {
    Call call [] [];
    SendCall send_call [+ Send] [Args: Send, R: Send, E: Send, F: Send];
}

opaque! { Fallback<C, G> }
