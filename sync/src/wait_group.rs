//! A wait group: handles that come and go, and those who wait until all are gone.
//!
//! # State
//!
//! One word, shared by an [`Arc`]: how many handles there are. A handle that is there can be cloned;
//! once the last is gone there is none to clone, so 0 is final.

use alloc::sync::Arc;
use core::{
    fmt,
    future::{Future, IntoFuture},
    pin::Pin,
    sync::atomic::Ordering::{AcqRel, Acquire, Relaxed},
    task::{Context, Poll},
};

use pin_project_lite::pin_project;

use crate::raw::{
    line::{self, Answer, Primitive, Turn},
    shim::{self, atomic::AtomicUsize, const_in_build, mutant},
    signal::{Condition, For, Signal, raise},
};

/// A handle of a group that can be waited for until every handle is gone.
///
/// Give each task a clone, and `.await` the one that is left: that gives it up, and waits for the
/// others.
///
/// # Memory ordering
///
/// Whoever has waited sees everything that happened before each handle was dropped.
///
/// # Examples
///
/// ```
/// # pollster::block_on(async {
/// use selvedge_sync::WaitGroup;
///
/// let group = WaitGroup::new();
/// for _ in 0..3 {
///     let working = group.clone();
///     std::thread::spawn(move || drop(working));
/// }
/// group.await;
/// # });
/// ```
#[doc(alias = "sync.WaitGroup")]
pub struct WaitGroup {
    group: Arc<Group>,
}

struct Group {
    handles: AtomicUsize,
    signal: Signal,
}

impl Group {
    const_in_build! {
        fn new() -> Self {
            Self { handles: AtomicUsize::new(1), signal: Signal::new("wait group") }
        }
    }
}

impl WaitGroup {
    /// A group of one handle.
    #[must_use]
    pub fn new() -> Self {
        Self { group: Arc::new(Group::new()) }
    }

    /// How many handles there are: a look that is old by the time it returns.
    #[must_use]
    pub fn handles(&self) -> usize {
        self.group.handles.load(Relaxed)
    }

    /// How many tasks and threads stand in line: a look that is old by the time it returns.
    #[must_use]
    pub fn waiters(&self) -> usize {
        self.group.signal.waiters()
    }
}

impl Clone for WaitGroup {
    fn clone(&self) -> Self {
        let before = self.group.handles.fetch_add(1, Relaxed);
        // As many are out of reach, unless handles are forgotten in a loop.
        assert!(before < usize::MAX / 2, "a wait group has too many handles");
        Self { group: Arc::clone(&self.group) }
    }
}

impl Drop for WaitGroup {
    fn drop(&mut self) {
        if shim::doomed() {
            return;
        }
        // ORDERING: Release pairs with the Acquire in `holds`, and with this one: whoever drops the
        // last handle has seen what happened before the others went, and passes it on.
        if self.group.handles.fetch_sub(1, AcqRel) == 1 && !mutant!("the last handle tells nobody")
        {
            raise(&*self.group);
        }
    }
}

impl IntoFuture for WaitGroup {
    type Output = ();
    type IntoFuture = Wait;

    #[track_caller]
    fn into_future(self) -> Wait {
        Wait::new(Arc::clone(&self.group))
    }
}

pin_project! {
    /// The future of a [`WaitGroup`], which has given up its handle.
    ///
    /// A clone waits for the same group.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future gives up the place in line, and nothing else.
    ///
    /// # Panics
    ///
    /// Panics if polled after completion.
    #[must_use = "futures do nothing unless polled"]
    pub struct Wait {
        group: Arc<Group>,
        #[pin]
        wait: line::Wait<Arc<Group>, For<()>>,
    }
}

impl Wait {
    #[track_caller]
    fn new(group: Arc<Group>) -> Self {
        let wait = line::Wait::new(Arc::clone(&group), For(()));
        Self { group, wait }
    }

    /// How many tasks and threads stand in line: a look that is old by the time it returns.
    #[must_use]
    pub fn waiters(&self) -> usize {
        self.group.signal.waiters()
    }
}

impl Clone for Wait {
    fn clone(&self) -> Self {
        Self::new(Arc::clone(&self.group))
    }
}

impl Future for Wait {
    type Output = ();

    #[inline]
    #[cfg_attr(selvedge_loom, track_caller)]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.project().wait.poll_turn(cx).map(|turn| _ = turn.map(Turn::into_handle))
    }
}

impl Condition for Group {
    type Ask = ();

    #[inline(always)]
    fn signal(&self) -> &Signal {
        &self.signal
    }

    #[inline(always)]
    fn holds(&self, (): ()) -> Answer<()> {
        // ORDERING: Acquire pairs with the Release in `WaitGroup::drop`.
        match self.handles.load(Acquire) {
            0 => Answer::Granted(()),
            _ => Answer::Wait,
        }
    }
}

// SAFETY: it is its own.
#[expect(unsafe_code, reason = "promises where the state is")]
unsafe impl Primitive for Group {
    type Core = Self;

    #[inline(always)]
    fn core(&self) -> &Self {
        self
    }
}

impl Default for WaitGroup {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for WaitGroup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WaitGroup")
            .field("handles", &self.handles())
            .field("waiting", &self.group.signal.waiters())
            .finish()
    }
}

impl fmt::Debug for Wait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wait").finish_non_exhaustive()
    }
}
