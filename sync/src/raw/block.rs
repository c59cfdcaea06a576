//! Waiting with a thread instead of a task.

use core::{
    future::Future,
    pin::pin,
    task::{Context, Poll},
};

use super::shim::Parker;

/// Runs `future` to its end on the calling thread, which sleeps while there is nothing to do.
///
/// It asks for no runtime, and minds none that is present.
pub fn block_on<F: Future>(future: F) -> F::Output {
    let parker = Parker::new();
    let waker = parker.waker();
    let mut cx = Context::from_waker(&waker);
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut cx) {
            return output;
        }
        parker.park();
    }
}
