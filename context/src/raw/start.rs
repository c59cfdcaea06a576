//! A child that says that it has started.

use core::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use super::link::{Receiver, Sender};
use crate::NotStarted;

/// How a child says, once, that it has started.
///
/// Dropped unused, it says that it has not.
///
/// # Examples
///
/// ```
/// # pollster::block_on(async {
/// use selvedge_context::{NotStarted, Started, TaskGroup, Threads};
///
/// let group: TaskGroup<_, ()> = TaskGroup::new(Threads);
/// let port = group.start(async |started: Started<u16>| {
///     started.send(8080); // and only now does the other go on
///     Ok(())
/// });
/// assert_eq!(port.await, Ok(8080));
/// // A child that ends without a word has not started.
/// let silent = group.start(async |_: Started<u16>| Ok(()));
/// assert_eq!(silent.await, Err(NotStarted));
/// group.join().await.unwrap();
/// # });
/// ```
#[must_use = "somebody waits for it"]
pub struct Started<T> {
    sender: Option<Sender<Option<T>>>,
}

impl<T> Started<T> {
    pub(crate) fn new(sender: Sender<Option<T>>) -> Self {
        Self { sender: Some(sender) }
    }

    /// Says so. Whether anybody still waited to hear it.
    pub fn send(mut self, value: T) -> bool {
        self.sender.take().is_some_and(|sender| sender.send(Some(value)).is_ok())
    }
}

impl<T> Drop for Started<T> {
    fn drop(&mut self) {
        if let Some(sender) = self.sender.take() {
            if !selvedge_sync::raw::shim::doomed() {
                // Nobody need wait.
                let _ = sender.send(None);
            }
        }
    }
}

impl<T> fmt::Debug for Started<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Started")
    }
}

/// The future of a group's `start`: waits for what the child says by [`Started`].
#[must_use = "futures do nothing unless polled"]
pub struct Start<T> {
    receiver: Receiver<Option<T>>,
}

impl<T> Start<T> {
    pub(crate) fn new(receiver: Receiver<Option<T>>) -> Self {
        Self { receiver }
    }
}

impl<T> Future for Start<T> {
    type Output = Result<T, NotStarted>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.receiver.poll(cx).map(|value| value.ok_or(NotStarted))
    }
}

impl<T> fmt::Debug for Start<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Start")
    }
}
