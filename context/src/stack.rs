//! A stack of exits: last in, first out, each awaited to its end before the next.

use alloc::{boxed::Box, vec::Vec};
use core::{
    error::Error,
    fmt,
    future::Future,
    mem,
    pin::{Pin, pin},
    task::{Context, Poll},
};
use std::{panic::resume_unwind, thread};

use selvedge_sync::raw::shim;

use crate::{
    Closing, Exit, Reap, With, WithError,
    guard::{dropped, exit_of, settle},
    raw::catch::{Catch, Payload, catch},
};

/// What an exit of a [`Stack`] says of the failure that it was told of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// It stands.
    Stands,
    /// It has been dealt with: exits further out are told of success. A panic goes on all the same.
    Handled,
}

type ExitFuture<E> = Pin<Box<dyn Future<Output = Result<Verdict, E>> + Send>>;
type ExitFn<E> = Box<dyn FnOnce(Exit) -> ExitFuture<E> + Send>;

/// Resources that are left together, in the reverse order of their entering.
///
/// The exits run one after the other: none begins before the last has ended, and one that fails or
/// panics does not stop the rest. A stack that is dropped, or whose close is dropped half-way,
/// leaves the rest of it to its reaper, as one cleanup, in order.
///
/// # Examples
///
/// ```
/// # pollster::block_on(async {
/// use selvedge_context::{Reaper, with_stack};
///
/// async fn open(name: &'static str) -> Result<&'static str, String> {
///     if name == "c" { Err("no c".into()) } else { Ok(name) }
/// }
///
/// let reaper = Reaper::new();
/// let opened = with_stack(&reaper, async |stack| {
///     for name in ["a", "b", "c"] {
///         let file = open(name).await?;
///         stack.enter(file, async |file, exit| {
///             println!("closing {file}: {exit:?}"); // b, then a
///             Ok::<(), String>(())
///         });
///     }
///     Ok::<(), String>(())
/// });
/// assert_eq!(opened.await.unwrap_err().to_string(), "no c");
/// # });
/// ```
#[doc(alias = "AsyncExitStack")]
#[must_use = "dropping the stack leaves its exits to its reaper: `stack.close().await`"]
pub struct Stack<E, P: Reap<Unwind<E>>> {
    exits: Vec<ExitFn<E>>,
    /// `None` once the exits are on their way.
    reaper: Option<P>,
    made_in_panic: bool,
}

impl<E, P: Reap<Unwind<E>>> Stack<E, P> {
    /// An empty stack.
    pub fn new(reaper: P) -> Self {
        Self { exits: Vec::new(), reaper: Some(reaper), made_in_panic: thread::panicking() }
    }

    /// Keeps a handle of `resource` for its exit, and hands it back.
    #[doc(alias = "enter_async_context")]
    pub fn enter<R, F>(
        &mut self,
        resource: R,
        close: impl FnOnce(R, Exit) -> F + Send + 'static,
    ) -> R
    where
        R: Clone + Send + 'static,
        F: Future<Output = Result<(), E>> + Send + 'static,
    {
        let kept = resource.clone();
        self.exits.push(Box::new(move |exit| stands(move || close(kept, exit))));
        resource
    }

    /// Has `work` done in the end, however that comes.
    #[doc(alias = "push_async_callback")]
    pub fn defer<F>(&mut self, work: impl FnOnce() -> F + Send + 'static)
    where
        F: Future<Output = Result<(), E>> + Send + 'static,
    {
        self.exits.push(Box::new(move |_| stands(work)));
    }

    /// Adds an exit that is told how those inside of it ended, and may declare that handled.
    #[doc(alias = "push_async_exit")]
    pub fn push<F>(&mut self, exit: impl FnOnce(Exit) -> F + Send + 'static)
    where
        F: Future<Output = Result<Verdict, E>> + Send + 'static,
    {
        self.exits.push(Box::new(move |how| Box::pin(exit(how))));
    }

    /// Moves the exits to a new stack; this one is empty then.
    ///
    /// # Examples
    ///
    /// ```
    /// # pollster::block_on(async {
    /// use selvedge_context::{Reaper, Stack};
    ///
    /// let reaper = Reaper::new();
    /// let mut opening = Stack::<String, _>::new(&reaper);
    /// opening.defer(async || Ok(()));
    /// // All went well: whoever has the new stack closes it.
    /// let kept = opening.pop_all();
    /// opening.close().await.unwrap();
    /// kept.close().await.unwrap();
    /// # });
    /// ```
    pub fn pop_all(&mut self) -> Self
    where
        P: Clone,
    {
        Self {
            exits: mem::take(&mut self.exits),
            reaper: self.reaper.clone(),
            made_in_panic: thread::panicking(),
        }
    }

    /// Runs the exits here, with [`Exit::Done`].
    ///
    /// # Cancel safety
    ///
    /// Dropping the future hands the rest to the reaper, which goes on from where it was.
    ///
    /// # Errors
    ///
    /// The future ends with the errors of the exits, in the order in which they came.
    ///
    /// # Panics
    ///
    /// The future passes the first panic of an exit on, after all have run; and panics if polled
    /// after completion.
    pub fn close(self) -> Closing<Unwind<E>, P> {
        self.close_as(Exit::Done)
    }

    /// As [`close`](Self::close), with another exit.
    ///
    /// # Cancel safety
    ///
    /// As for [`close`](Self::close).
    ///
    /// # Errors
    ///
    /// As for [`close`](Self::close).
    ///
    /// # Panics
    ///
    /// As for [`close`](Self::close).
    ///
    /// # Examples
    ///
    /// ```
    /// # pollster::block_on(async {
    /// use selvedge_context::{Exit, Reaper, Stack};
    ///
    /// let reaper = Reaper::new();
    /// let mut files = Stack::<String, _>::new(&reaper);
    /// files.enter("a draft", async |file, exit| match exit {
    ///     Exit::Done => Ok(()),
    ///     _ => Err(format!("{file} was thrown away")),
    /// });
    /// // Something went wrong, and the exits shall know.
    /// let errors = files.close_as(Exit::Failed).await.unwrap_err();
    /// assert!(errors.to_string().contains("a draft was thrown away"), "{errors}");
    /// # });
    /// ```
    pub fn close_as(mut self, exit: Exit) -> Closing<Unwind<E>, P> {
        let reaper = self.reaper.take().expect("taken by what takes the stack alone");
        Closing::new(Unwind::new(mem::take(&mut self.exits), exit), reaper)
    }

    /// How many exits there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.exits.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.exits.is_empty()
    }
}

/// An exit that declares nothing handled. What makes its future is called when that is polled.
fn stands<E, F>(exit: impl FnOnce() -> F + Send + 'static) -> ExitFuture<E>
where
    F: Future<Output = Result<(), E>> + Send + 'static,
{
    Box::pin(async move { exit().await.map(|()| Verdict::Stands) })
}

impl<E, P: Reap<Unwind<E>>> Drop for Stack<E, P> {
    fn drop(&mut self) {
        if shim::doomed() || self.exits.is_empty() {
            return;
        }
        if let Some(reaper) = self.reaper.take() {
            let exit = dropped(self.made_in_panic);
            reaper.reap(Box::pin(Unwind::new(mem::take(&mut self.exits), exit)));
        }
    }
}

/// Runs `body` with a stack, then the stack's exits, and waits for them all.
///
/// The exits are told how the body ended, as by [`with`](crate::with). A body's failure that one of
/// them declares handled is success for those further out; the caller gets it all the same, as
/// there is no value in its place.
///
/// # Cancel safety
///
/// Dropping the future drops the body, then leaves the exits to `reaper`, from where they were.
///
/// # Errors
///
/// What failed: the body, exits, or both.
///
/// # Panics
///
/// Passes a panic of the body on, after the exits; else the first one of an exit.
pub fn with_stack<T, E, CE, P>(
    reaper: P,
    body: impl AsyncFnOnce(&mut Stack<CE, P>) -> Result<T, E>,
) -> With<impl Future<Output = Result<T, WithError<E, ExitErrors<CE>>>>>
where
    P: Reap<Unwind<CE>>,
{
    With::new(async move {
        let mut stack = Stack::new(reaper);
        let ended = Catch::new(pin!(body(&mut stack))).await;
        let closed = Catch::new(stack.close_as(exit_of(&ended))).await;
        settle(ended, closed)
    })
}

/// The exits of a [`Stack`], being run: the inside of a [`Closing`].
#[must_use = "futures do nothing unless polled"]
pub struct Unwind<E> {
    left: Vec<ExitFn<E>>,
    now: Option<ExitFuture<E>>,
    exit: Exit,
    errors: Vec<E>,
    panic: Option<Payload>,
}

// The exits are in boxes.
impl<E> Unpin for Unwind<E> {}

impl<E> Unwind<E> {
    fn new(left: Vec<ExitFn<E>>, exit: Exit) -> Self {
        Self { left, now: None, exit, errors: Vec::new(), panic: None }
    }

    /// The next exit's future, if there is one.
    fn next(&mut self) -> Option<Result<ExitFuture<E>, Payload>> {
        if let Some(now) = self.now.take() {
            return Some(Ok(now));
        }
        let (next, exit) = (self.left.pop()?, self.exit);
        Some(catch(|| next(exit)))
    }

    fn panicked(&mut self, payload: Payload) {
        self.exit = Exit::Panicked;
        // The first one is told; of the others, their drop is other people's code as well.
        if self.panic.is_none() {
            self.panic = Some(payload);
        } else {
            crate::raw::catch::swallow(|| drop(payload));
        }
    }
}

impl<E> Future for Unwind<E> {
    type Output = Result<(), ExitErrors<E>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        while let Some(next) = this.next() {
            let polled = next.and_then(|mut exit| {
                let poll = catch(|| exit.as_mut().poll(cx))?;
                if poll.is_pending() {
                    this.now = Some(exit);
                } else {
                    // What it held goes before the next one begins.
                    catch(|| drop(exit))?;
                }
                Ok(poll)
            });
            match polled {
                Ok(Poll::Pending) => return Poll::Pending,
                Ok(Poll::Ready(Ok(Verdict::Stands))) => {}
                Ok(Poll::Ready(Ok(Verdict::Handled))) => {
                    if this.exit != Exit::Panicked {
                        this.exit = Exit::Done;
                        let handled = mem::take(&mut this.errors);
                        crate::raw::catch::swallow(|| drop(handled));
                    }
                }
                Ok(Poll::Ready(Err(error))) => {
                    this.errors.push(error);
                    if this.exit != Exit::Panicked {
                        this.exit = Exit::Failed;
                    }
                }
                Err(payload) => this.panicked(payload),
            }
        }
        if let Some(payload) = this.panic.take() {
            resume_unwind(payload);
        }
        let errors = mem::take(&mut this.errors);
        Poll::Ready(if errors.is_empty() { Ok(()) } else { Err(ExitErrors { errors }) })
    }
}

/// What the exits of a [`Stack`] failed with, in the order in which that came: see
/// [`Stack::close_as`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ExitErrors<E> {
    /// At least one.
    pub errors: Vec<E>,
}

impl<E: fmt::Display> fmt::Display for ExitErrors<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, error) in self.errors.iter().enumerate() {
            if at > 0 {
                f.write_str("; then ")?;
            }
            error.fmt(f)?;
        }
        Ok(())
    }
}

impl<E: Error> Error for ExitErrors<E> {}

impl<E, P: Reap<Unwind<E>>> fmt::Debug for Stack<E, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stack").field("len", &self.exits.len()).finish_non_exhaustive()
    }
}

impl<E> fmt::Debug for Unwind<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Unwind").field("left", &self.left.len()).finish_non_exhaustive()
    }
}
