//! Calls that are made elsewhere.
//!
//! # State
//!
//! A queue under a lock. A call gets room in it from a semaphore, and gives that back when the driver
//! takes it out; its answer comes over a link of its own.
//!
//! Invariants:
//! 1. Each job is answered once: by the driver, or as it is dropped.
//! 2. Once `closed` is set nothing is in the queue, and nothing comes into it.

use alloc::{collections::VecDeque, sync::Arc};
use core::{
    fmt,
    future::{Future, poll_fn},
    mem,
    pin::{Pin, pin},
    task::{Context, Poll, ready},
};

use futures_core::Stream;
use pin_project_lite::pin_project;
use selvedge_sync::{
    AcquireOwned, OwnedSemaphorePermit, Semaphore,
    raw::{
        shim::{Brief, doomed, mutant},
        slot::WakerSlot,
    },
};

use super::{Call, SendCall};
use crate::{
    combine::for_each_limit::for_each_limit,
    raw::{
        catch::{Catch, Payload},
        link::{Receiver, Sender, link},
    },
};

/// The [`Driver`] of a [`buffer`] is gone: the call was not made, or not to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BufferClosed;

/// Puts a queue for `bound` calls in front of `function`. Whoever has the [`Buffer`] calls, the
/// [`Driver`] makes the calls, up to `at_once` at a time, in the order in which they came. Nothing is
/// spawned: the driver is a future, for an executor, a thread or a `join` of yours.
///
/// So a function can stay where it is, with what must not cross threads or is not to be shared, while
/// its callers are anywhere.
///
/// A call waits for room in the queue, and then for its answer. When the driver is dropped, calls end
/// with [`BufferClosed`]. A panic of the function is that call's: it goes on in the caller, and the driver
/// makes the next call. The driver ends when all handles are gone and all calls have been made.
///
/// # Panics
///
/// If `bound` or `at_once` is 0: no call would ever be made.
///
/// # Examples
///
/// ```
/// use std::cell::Cell;
///
/// use selvedge_context::decorate::{BufferClosed, buffer, op};
///
/// // It counts without a lock, since all calls are made in one place.
/// let calls = Cell::new(0);
/// let count = async |n: u32| {
///     calls.set(calls.get() + n);
///     Ok::<_, BufferClosed>(calls.get())
/// };
/// let (count, driver) = buffer(op(count), 8, 1);
/// pollster::block_on(async {
///     let user = async {
///         assert_eq!(count.call((2,)).await, Ok(2));
///         assert_eq!(op(count).call(3).await, Ok(5));
///     };
///     // The last handle goes with `user`, and so the driver ends.
///     selvedge_context::join_all([
///         Box::pin(user) as std::pin::Pin<Box<dyn Future<Output = ()>>>,
///         Box::pin(driver),
///     ])
///     .await;
/// });
/// ```
#[track_caller]
pub fn buffer<C, A>(
    function: C,
    bound: usize,
    at_once: usize,
) -> (Buffer<A, C::Output>, Driver<impl Future<Output = ()>>)
where
    C: Call<A>,
{
    assert!(bound > 0, "a buffer without room takes no call");
    assert!(at_once > 0, "a buffer that makes no call at a time makes none");
    let room = Arc::new(Semaphore::new(bound));
    let state = State { queue: VecDeque::new(), handles: 1, closed: false };
    let shared = Arc::new(Shared { state: Brief::new(state), driver: WakerSlot::new(), room });
    let mut jobs = Jobs(shared.clone());
    let run = async move {
        if at_once == 1 {
            // One call is no crowd, which would need a waker for each.
            let mut turns = 0_u32;
            while let Some(job) = poll_fn(|cx| Pin::new(&mut jobs).poll_next(cx)).await {
                serve(&function, job).await;
                turns = turns.wrapping_add(1);
                if turns % AT_A_TIME == 0 {
                    gives_way().await;
                }
            }
        } else if let Ok(all) = for_each_limit(jobs, at_once, |job| serve(&function, job)) {
            all.await;
        }
    };
    (Buffer { shared }, Driver { run })
}

/// After so many calls others run.
const AT_A_TIME: u32 = 64;

/// Lets others run.
async fn gives_way() {
    let mut first = true;
    poll_fn(|cx| {
        if mem::take(&mut first) {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(())
    })
    .await;
}

/// Makes one call, unless nobody waits for it any more.
async fn serve<C: Call<A>, A>(function: &C, job: Job<A, C::Output>) {
    let Job { args, reply, room } = job;
    // From here on it is no longer in the queue.
    drop(room);
    let mut call = pin!(Catch::new(function.call(args)));
    let ended = poll_fn(|cx| {
        if reply.is_stopped() {
            return Poll::Ready(None);
        }
        if let Poll::Ready(outcome) = call.as_mut().poll(cx) {
            return Poll::Ready(Some(outcome));
        }
        if reply.is_unwanted(cx) { Poll::Ready(None) } else { Poll::Pending }
    });
    if let Some(outcome) = ended.await {
        reply.send(outcome.map_err(Lost::Panicked));
    }
}

/// A handle to a function that a [`Driver`] calls, made by [`buffer`]. Clones lead to the same one.
pub struct Buffer<A, O> {
    shared: Arc<Shared<A, O>>,
}

struct Shared<A, O> {
    state: Brief<State<A, O>>,
    driver: WakerSlot,
    room: Arc<Semaphore>,
}

impl<A, O> Shared<A, O> {
    /// Puts a call into the queue; where its answer will come.
    fn enter(&self, args: A, room: OwnedSemaphorePermit) -> Receiver<Result<O, Lost>> {
        let (sender, answer) = link();
        let job = Job { args, reply: Reply(Some(sender)), room };
        let refused = self.state.with(|state| {
            if state.closed {
                return Some(job);
            }
            state.queue.push_back(job);
            None
        });
        if refused.is_none() && !mutant!("a call comes without a word") {
            self.driver.wake();
        }
        // It answers as it is dropped.
        drop(refused);
        answer
    }
}

struct State<A, O> {
    queue: VecDeque<Job<A, O>>,
    handles: usize,
    closed: bool,
}

/// A call that is to be made.
struct Job<A, O> {
    args: A,
    reply: Reply<O>,
    room: OwnedSemaphorePermit,
}

/// Why there is no output.
enum Lost {
    Closed,
    Panicked(Payload),
}

/// Answers once, at the latest when it is dropped.
struct Reply<O>(Option<Sender<Result<O, Lost>>>);

impl<O> Reply<O> {
    fn send(mut self, outcome: Result<O, Lost>) {
        if let Some(sender) = self.0.take() {
            // If nobody takes it, it is dropped here.
            drop(sender.send(outcome));
        }
    }

    /// Whether the caller has gone.
    fn is_stopped(&self) -> bool {
        self.0.as_ref().is_none_or(Sender::is_stopped)
    }

    /// Whether the caller has gone; if not, the driver is woken when it does.
    fn is_unwanted(&self, cx: &Context<'_>) -> bool {
        self.0.as_ref().is_none_or(|sender| sender.poll_stopped(cx))
    }
}

impl<O> Drop for Reply<O> {
    fn drop(&mut self) {
        if doomed() {
            mem::forget(self.0.take());
        } else if let Some(sender) = self.0.take() {
            drop(sender.send(Err(Lost::Closed)));
        }
    }
}

/// The queue, as the driver sees it.
struct Jobs<A, O>(Arc<Shared<A, O>>);

impl<A, O> Jobs<A, O> {
    fn next(&self) -> Poll<Option<Job<A, O>>> {
        self.0.state.with(|state| match state.queue.pop_front() {
            Some(job) => Poll::Ready(Some(job)),
            None if state.handles == 0 => Poll::Ready(None),
            None => Poll::Pending,
        })
    }
}

impl<A, O> Stream for Jobs<A, O> {
    type Item = Job<A, O>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Job<A, O>>> {
        if let Poll::Ready(next) = self.next() {
            return Poll::Ready(next);
        }
        self.0.driver.register(cx.waker());
        // RACE: 1. The driver finds nothing. 2. A call comes, and finds nobody to wake. 3. The driver
        //       registers, and sleeps for ever. So it looks again.
        if mutant!("a driver looks once") { Poll::Pending } else { self.next() }
    }
}

impl<A, O> Drop for Jobs<A, O> {
    fn drop(&mut self) {
        if doomed() {
            return;
        }
        if mutant!("a driver goes without a word") {
            return;
        }
        let left = self.0.state.with(|state| {
            state.closed = true;
            mem::take(&mut state.queue)
        });
        self.0.room.close();
        // Arguments are dropped here, and callers are told.
        drop(left);
    }
}

pin_project! {
    /// What makes the calls of a [`Buffer`], made by [`buffer`]. Does nothing unless it is polled.
    ///
    /// # Cancel safety
    ///
    /// Dropping it drops the calls that it makes; they and those in the queue end with
    /// [`BufferClosed`].
    #[must_use = "calls wait until their driver is polled"]
    pub struct Driver<F> {
        #[pin]
        run: F,
    }
}

impl<F: Future<Output = ()>> Future for Driver<F> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.project().run.poll(cx)
    }
}

impl<A, O> Buffer<A, O> {
    /// Waits for room, and for the answer.
    ///
    /// # Cancel safety
    ///
    /// Dropped before its turn, the call is not made. Dropped later, the driver drops it.
    ///
    /// # Panics
    ///
    /// The future panics if the function does, with what that panicked with; and if it is polled after
    /// completion.
    pub fn call<R, E>(&self, args: A) -> Buffering<'_, A, O>
    where
        Self: Call<A, Output = Result<R, E>>,
    {
        Buffering { shared: &self.shared, step: Step::New { args: Some(args) } }
    }

    /// How many calls wait in the queue: a look that is old by the time it returns.
    #[must_use]
    pub fn len(&self) -> usize {
        self.shared.state.with(|state| state.queue.len())
    }

    /// Whether no call waits in the queue.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether the driver is gone.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.shared.state.with(|state| state.closed)
    }
}

impl<A, R, E: From<BufferClosed>> Call<A> for Buffer<A, Result<R, E>> {
    type Output = Result<R, E>;

    fn call(&self, args: A) -> impl Future<Output = Result<R, E>> {
        Buffer::call(self, args)
    }
}

impl<A, R, E> SendCall<A> for Buffer<A, Result<R, E>>
where
    A: Send,
    R: Send,
    E: From<BufferClosed> + Send,
{
    fn send_call(&self, args: A) -> impl Future<Output = Result<R, E>> + Send {
        Buffer::call(self, args)
    }
}

impl<A, O> Clone for Buffer<A, O> {
    fn clone(&self) -> Self {
        self.shared.state.with(|state| state.handles += 1);
        Self { shared: self.shared.clone() }
    }
}

impl<A, O> Drop for Buffer<A, O> {
    fn drop(&mut self) {
        if doomed() {
            return;
        }
        let last = self.shared.state.with(|state| {
            state.handles -= 1;
            state.handles == 0
        });
        if last && !mutant!("a driver outlives its handles") {
            self.shared.driver.wake();
        }
    }
}

pin_project! {
    /// A call that is made elsewhere, by the driver of a [`buffer`].
    #[must_use = "futures do nothing unless polled"]
    pub struct Buffering<'a, A, O> {
        shared: &'a Shared<A, O>,
        #[pin]
        step: Step<A, O>,
    }

    impl<A, O> PinnedDrop for Buffering<'_, A, O> {
        fn drop(this: Pin<&mut Self>) {
            if let StepProj::Waits { answer } = this.project().step.project() {
                if !doomed() && !mutant!("a caller goes without a word") {
                    answer.stop();
                }
            }
        }
    }
}

pin_project! {
    #[project = StepProj]
    enum Step<A, O> {
        New { args: Option<A> },
        Enters { #[pin] room: AcquireOwned, args: Option<A> },
        Waits { answer: Receiver<Result<O, Lost>> },
        Over,
    }
}

impl<A, R, E: From<BufferClosed>> Future for Buffering<'_, A, Result<R, E>> {
    type Output = Result<R, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<R, E>> {
        let mut this = self.project();
        let outcome = loop {
            match this.step.as_mut().project() {
                StepProj::New { args } => {
                    let room = this.shared.room.clone();
                    // What has come back since is there for whoever lines up.
                    let Ok(room) = room.clone().try_acquire_owned() else {
                        let (room, args) = (room.acquire_owned(), args.take());
                        this.step.set(Step::Enters { room, args });
                        continue;
                    };
                    let args = args.take().expect("they are taken once");
                    let answer = this.shared.enter(args, room);
                    this.step.set(Step::Waits { answer });
                }
                StepProj::Enters { room, args } => {
                    let Ok(room) = ready!(room.poll(cx)) else { break Err(Lost::Closed) };
                    let args = args.take().expect("they are taken once");
                    let answer = this.shared.enter(args, room);
                    this.step.set(Step::Waits { answer });
                }
                StepProj::Waits { answer } => break ready!(answer.poll(cx)),
                StepProj::Over => panic!("a future was polled after completion"),
            }
        };
        this.step.set(Step::Over);
        match outcome {
            Ok(output) => Poll::Ready(output),
            Err(Lost::Closed) => Poll::Ready(Err(BufferClosed.into())),
            Err(Lost::Panicked(payload)) => std::panic::resume_unwind(payload),
        }
    }
}

impl fmt::Display for BufferClosed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the driver of the buffer is gone")
    }
}

impl core::error::Error for BufferClosed {}

impl<A, O> fmt::Debug for Buffer<A, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Buffer").field("len", &self.len()).finish_non_exhaustive()
    }
}

impl<F> fmt::Debug for Driver<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Driver").finish_non_exhaustive()
    }
}

impl<A, O> fmt::Debug for Buffering<'_, A, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Buffering").finish_non_exhaustive()
    }
}
