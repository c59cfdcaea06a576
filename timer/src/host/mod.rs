//! Timers on the runtimes' own, a feature each.

#[cfg(feature = "async-io")]
mod async_io;
#[cfg(feature = "tokio")]
mod tokio;

#[cfg(feature = "async-io")]
pub use self::async_io::AsyncIoTimer;
#[cfg(feature = "tokio")]
pub use self::tokio::TokioTimer;
