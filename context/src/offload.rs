//! Functions that block or compute, elsewhere, waited for like futures.
//!
//! A [`OffloadJob`] is the half that runs on a pool, [`Offload`] the one that waits; between them is a
//! link, as between the halves of a task (`handle.rs`).

use alloc::{boxed::Box, sync::Arc};
use core::{
    fmt,
    future::Future,
    mem,
    pin::Pin,
    task::{Context, Poll},
};

use selvedge_sync::{AcquireOwned, OwnedSemaphorePermit, Semaphore, raw::shim::doomed};

use crate::{
    JoinError, Panic,
    raw::{
        catch::{catch, swallow},
        link::{Receiver, Sender, link},
    },
};

/// Runs `function`, which blocks, on a thread that is for that: a pool of the crate `blocking`,
/// which grows and shrinks.
///
/// It starts when the future is first polled. The function is given a [`Stop`], to look at from
/// time to time if it takes long.
///
/// # Cancel safety
///
/// Dropping the future abandons the function: its [`Stop`] says so, and what it returns is dropped.
/// It is not interrupted. To have it stop and wait for that, call [`stop`](Offload::stop) and go on
/// waiting.
///
/// # Errors
///
/// If the function panics, with its panic.
///
/// # Examples
///
/// ```
/// # pollster::block_on(async {
/// use selvedge_context::to_thread;
///
/// let text = to_thread(|_| std::fs::read_to_string("Cargo.toml")).await.unwrap();
/// assert!(text.unwrap().contains("[package]"));
/// # });
/// ```
#[cfg(all(feature = "to_thread", not(selvedge_loom)))]
#[doc(alias = "spawn_blocking")]
#[doc(alias = "unblock")]
#[doc(alias = "asyncio.to_thread")]
pub fn to_thread<F, T>(function: F) -> Offload<F, T>
where
    F: FnOnce(&Stop<'_>) -> T + Send + 'static,
    T: Send + 'static,
{
    offload_to(|job| blocking::unblock(|| job.run()).detach(), function)
}

/// Runs `function`, which computes, on rayon's pool: as many threads as there are cores.
///
/// It starts when the future is first polled. In it, rayon's own parallel iterators are at hand.
///
/// # Cancel safety
///
/// As for [`to_thread`].
///
/// # Errors
///
/// If the function panics, with its panic.
///
/// # Examples
///
/// ```
/// # pollster::block_on(async {
/// use selvedge_context::cpu;
///
/// let sum = cpu(|_| (1..=1000_u64).map(|n| n * n).sum::<u64>());
/// assert_eq!(sum.await.unwrap(), 333_833_500);
/// # });
/// ```
#[cfg(all(feature = "cpu", not(selvedge_loom)))]
#[doc(alias = "rayon")]
pub fn cpu<F, T>(function: F) -> Offload<F, T>
where
    F: FnOnce(&Stop<'_>) -> T + Send + 'static,
    T: Send + 'static,
{
    offload_to(|job| rayon::spawn(|| job.run()), function)
}

/// Runs `function` wherever `pool` has the job run.
///
/// # Cancel safety
///
/// As for `to_thread`: dropping the future abandons the function.
///
/// # Errors
///
/// If the function panics, with its panic; if the pool drops the job.
///
/// # Examples
///
/// ```
/// # pollster::block_on(async {
/// use selvedge_context::offload_to;
///
/// let answer = offload_to(|job| drop(std::thread::spawn(|| job.run())), |_| 6 * 7);
/// assert_eq!(answer.await.unwrap(), 42);
/// # });
/// ```
pub fn offload_to<F, T, P>(pool: P, function: F) -> Offload<F, T, P>
where
    F: FnOnce(&Stop<'_>) -> T,
    P: FnOnce(OffloadJob<F, T>),
{
    Offload { state: State::Idle(Parts { pool, function, limit: None }) }
}

/// What a function that was offloaded looks at, to see whether it is to stop.
///
/// # Examples
///
/// ```
/// # pollster::block_on(async {
/// use selvedge_context::offload_to;
///
/// let search = offload_to(|job| drop(std::thread::spawn(|| job.run())), |stop| {
///     let mut looked_at = 0_u64;
///     while !stop.is_stopped() {
///         looked_at += 1; // one more place
///     }
///     looked_at
/// });
/// // Nobody waits any more: the function sees it, and its thread is free again.
/// assert!(futures_lite::future::poll_once(search).await.is_none());
/// # });
/// ```
#[derive(Clone, Copy)]
pub struct Stop<'a> {
    looks: &'a (dyn Fn() -> bool + Sync),
}

impl Stop<'_> {
    /// Whether nobody waits for the function any more, or it was asked to stop.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        (self.looks)()
    }
}

impl fmt::Debug for Stop<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stop").field("is_stopped", &self.is_stopped()).finish()
    }
}

/// A function on its way to a pool, which [runs](Self::run) it: what [`offload_to`] hands out.
///
/// Dropped before that, it tells whoever waits.
#[must_use = "somebody waits for it"]
pub struct OffloadJob<F, T> {
    function: Option<F>,
    link: Option<Sender<Result<T, JoinError>>>,
    permit: Option<OwnedSemaphorePermit>,
}

impl<F, T> OffloadJob<F, T> {
    /// Runs the function, here. Its panic goes to whoever waits for it.
    pub fn run(mut self)
    where
        F: FnOnce(&Stop<'_>) -> T,
        T: Send,
    {
        let (Some(function), Some(link)) = (self.function.take(), &self.link) else { return };
        let looks = || link.is_stopped();
        let outcome = catch(|| function(&Stop { looks: &looks }));
        self.end(outcome.map_err(|payload| JoinError::Panicked(Panic::new(payload))));
    }

    fn end(&mut self, outcome: Result<T, JoinError>) {
        // The function is over, so the next one may start before this one's outcome is looked at.
        self.permit = None;
        if let Some(link) = self.link.take() {
            if let Err(unwanted) = link.send(outcome) {
                swallow(|| drop(unwanted));
            }
        }
    }
}

impl<F, T> Drop for OffloadJob<F, T> {
    fn drop(&mut self) {
        if !doomed() {
            let function = self.function.take();
            swallow(|| drop(function));
            self.end(Err(JoinError::Lost));
        }
    }
}

impl<F, T> fmt::Debug for OffloadJob<F, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OffloadJob")
    }
}

/// The future of a function that runs elsewhere: of `to_thread`, `cpu` and [`offload_to`].
#[must_use = "futures do nothing unless polled"]
pub struct Offload<F, T, P = fn(OffloadJob<F, T>)> {
    state: State<F, T, P>,
}

enum State<F, T, P> {
    Idle(Parts<F, P>),
    /// In line at the limiter.
    Waits(Parts<F, P>, Pin<Box<AcquireOwned>>),
    Runs(Receiver<Result<T, JoinError>>),
    Over,
}

struct Parts<F, P> {
    pool: P,
    function: F,
    limit: Option<Arc<Semaphore>>,
}

// Neither the function nor the pool is pinned, and the place in line is in a box.
impl<F, T, P> Unpin for Offload<F, T, P> {}

impl<F, T, P> Offload<F, T, P> {
    /// Waits for a permit of `limiter` first. It is given back when the function has ended,
    /// abandoned or not.
    ///
    /// If the limiter is closed, the function is not run: [`JoinError::Lost`].
    ///
    /// # Panics
    ///
    /// If it was polled before.
    #[track_caller]
    pub fn limit(mut self, limiter: Arc<Semaphore>) -> Self {
        let State::Idle(parts) = &mut self.state else { panic!("the function runs already") };
        parts.limit = Some(limiter);
        self
    }

    /// Asks the function to stop: its [`Stop`] says so. What it then returns is the output.
    ///
    /// One that has not started yet will not: [`JoinError::Aborted`].
    pub fn stop(&mut self) {
        match &self.state {
            State::Runs(link) => link.stop(),
            State::Over => {}
            State::Idle(_) | State::Waits(..) => self.state = State::Over,
        }
    }
}

impl<F, T, P> Future for Offload<F, T, P>
where
    F: FnOnce(&Stop<'_>) -> T,
    P: FnOnce(OffloadJob<F, T>),
{
    type Output = Result<T, JoinError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        loop {
            let (parts, permit) = match &mut self.state {
                State::Runs(link) => {
                    let poll = link.poll(cx);
                    if poll.is_ready() {
                        self.state = State::Over;
                    }
                    return poll;
                }
                State::Over => return Poll::Ready(Err(JoinError::Aborted)),
                State::Idle(_) => {
                    let State::Idle(mut parts) = mem::replace(&mut self.state, State::Over) else {
                        unreachable!("looked at above")
                    };
                    match parts.limit.take() {
                        None => (parts, None),
                        Some(limiter) => {
                            self.state = State::Waits(parts, Box::pin(limiter.acquire_owned()));
                            continue;
                        }
                    }
                }
                State::Waits(_, acquire) => match acquire.as_mut().poll(cx) {
                    Poll::Pending => return Poll::Pending,
                    Poll::Ready(permit) => {
                        let State::Waits(parts, _) = mem::replace(&mut self.state, State::Over)
                        else {
                            unreachable!("looked at above")
                        };
                        let Ok(permit) = permit else {
                            return Poll::Ready(Err(JoinError::Lost));
                        };
                        (parts, Some(permit))
                    }
                },
            };
            let (sender, receiver) = link();
            self.state = State::Runs(receiver);
            let Parts { pool, function, .. } = parts;
            pool(OffloadJob { function: Some(function), link: Some(sender), permit });
        }
    }
}

impl<F, T, P> Drop for Offload<F, T, P> {
    fn drop(&mut self) {
        if let State::Runs(link) = &self.state {
            if !doomed() {
                link.stop();
            }
        }
    }
}

impl<F, T, P> fmt::Debug for Offload<F, T, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match &self.state {
            State::Idle(_) => "idle",
            State::Waits(..) => "waits",
            State::Runs(_) => "runs",
            State::Over => "over",
        };
        f.debug_struct("Offload").field("state", &state).finish()
    }
}
