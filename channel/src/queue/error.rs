//! Why an item was not put into a [`queue`](super), or none was got.

use core::{error::Error, fmt};

pub use self::{GetNowaitError::QueueEmpty, PutNowaitError::QueueFull};

/// The queue was [shut down](super::Queue::shutdown). An item that was to be put is inside.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct QueueShutDown<T = ()>(pub T);

/// Why [`put_nowait`](super::Queue::put_nowait) gives the item back.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum PutNowaitError<T> {
    /// There is no room now.
    QueueFull(T),
    /// The queue was shut down.
    QueueShutDown(T),
}

/// Why [`get_nowait`](super::Queue::get_nowait) has no item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GetNowaitError {
    /// There is none now, or those that are there are promised to others.
    QueueEmpty,
    /// The queue was shut down, and there is none left.
    QueueShutDown,
}

/// [`task_done`](super::Queue::task_done) was called more often than items were put.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TaskDoneError(pub(super) ());

impl<T> PutNowaitError<T> {
    /// The item.
    pub fn into_inner(self) -> T {
        match self {
            Self::QueueFull(item) | Self::QueueShutDown(item) => item,
        }
    }
}

impl<T> fmt::Debug for QueueShutDown<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("QueueShutDown(..)")
    }
}

impl<T> fmt::Debug for PutNowaitError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::QueueFull(_) => "QueueFull(..)",
            Self::QueueShutDown(_) => "QueueShutDown(..)",
        })
    }
}

const SHUT_DOWN: &str = "the queue is shut down";

impl<T> fmt::Display for QueueShutDown<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(SHUT_DOWN)
    }
}

impl<T> fmt::Display for PutNowaitError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::QueueFull(_) => "the queue is full",
            Self::QueueShutDown(_) => SHUT_DOWN,
        })
    }
}

impl fmt::Display for GetNowaitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::QueueEmpty => "the queue is empty",
            Self::QueueShutDown => SHUT_DOWN,
        })
    }
}

impl fmt::Display for TaskDoneError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("more tasks were done than items were put")
    }
}

impl<T> Error for QueueShutDown<T> {}
impl<T> Error for PutNowaitError<T> {}
impl Error for GetNowaitError {}
impl Error for TaskDoneError {}
