//! Polling by hand.

use std::{
    alloc::{GlobalAlloc, Layout, System},
    cell::Cell,
    future::Future,
    pin::Pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    task::{Context, Poll, RawWaker, RawWakerVTable, Wake, Waker},
};

/// Counts how often it is woken; how many clones of it live is its `Arc`'s business.
#[derive(Default)]
pub(crate) struct Counter {
    woken: AtomicUsize,
}

impl Wake for Counter {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.woken.fetch_add(1, SeqCst);
    }
}

/// A waker that counts.
pub(crate) struct Watched {
    counter: Arc<Counter>,
    waker: Waker,
}

impl Watched {
    pub(crate) fn new() -> Self {
        let counter = Arc::new(Counter::default());
        Self { waker: Waker::from(counter.clone()), counter }
    }

    pub(crate) fn poll<F: Future + ?Sized>(&self, future: Pin<&mut F>) -> Poll<F::Output> {
        future.poll(&mut Context::from_waker(&self.waker))
    }

    /// How often it was woken.
    pub(crate) fn woken(&self) -> usize {
        self.counter.woken.load(SeqCst)
    }

    /// How many clones others keep.
    pub(crate) fn kept(&self) -> usize {
        Arc::strong_count(&self.counter) - 2
    }
}

/// Polls once, with a waker that does nothing.
pub(crate) fn poll<F: Future + ?Sized>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

/// What comes out of a future that must be ready.
#[track_caller]
pub(crate) fn ready<F: Future + ?Sized>(future: Pin<&mut F>) -> F::Output {
    match poll(future) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("it is not ready"),
    }
}

/// A waker that runs other people's code: when woken, and when dropped for good.
pub(crate) struct Meddler {
    on_wake: Box<dyn Fn() + Send + Sync>,
    on_drop: Box<dyn Fn() + Send + Sync>,
}

impl Meddler {
    pub(crate) fn waker(
        on_wake: impl Fn() + Send + Sync + 'static,
        on_drop: impl Fn() + Send + Sync + 'static,
    ) -> Waker {
        Waker::from(Arc::new(Self { on_wake: Box::new(on_wake), on_drop: Box::new(on_drop) }))
    }
}

impl Wake for Meddler {
    fn wake(self: Arc<Self>) {
        (self.on_wake)();
    }
}

impl Drop for Meddler {
    fn drop(&mut self) {
        (self.on_drop)();
    }
}

/// A waker that counts what is done to it, and runs other people's code at each.
pub(crate) struct Spy {
    pub(crate) clones: AtomicUsize,
    pub(crate) wakes: AtomicUsize,
    pub(crate) drops: AtomicUsize,
    meddle: Box<dyn Fn(Touch) + Send + Sync>,
}

/// What was done to a [`Spy`]'s waker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Touch {
    Clone,
    Wake,
    Drop,
}

impl Spy {
    pub(crate) fn new(meddle: impl Fn(Touch) + Send + Sync + 'static) -> (Arc<Self>, Waker) {
        let [clones, wakes, drops] = [const { AtomicUsize::new(0) }; 3];
        let spy = Arc::new(Self { clones, wakes, drops, meddle: Box::new(meddle) });
        (spy.clone(), spy_waker(spy))
    }

    fn touched(&self, touch: Touch) {
        let count = match touch {
            Touch::Clone => &self.clones,
            Touch::Wake => &self.wakes,
            Touch::Drop => &self.drops,
        };
        count.fetch_add(1, SeqCst);
        (self.meddle)(touch);
    }

    /// How often its waker was cloned, woken and dropped.
    pub(crate) fn seen(&self) -> [usize; 3] {
        [&self.clones, &self.wakes, &self.drops].map(|count| count.load(SeqCst))
    }
}

/// A [`Wake`] cannot see that it is cloned, so this table is written by hand.
#[expect(unsafe_code, reason = "a table of functions that see every clone")]
fn spy_waker(spy: Arc<Spy>) -> Waker {
    static TABLE: RawWakerVTable = RawWakerVTable::new(
        |data| {
            // SAFETY: `data` is an `Arc` by its pointer, which the waker owns; so does the clone.
            let spy = unsafe {
                Arc::increment_strong_count(data.cast::<Spy>());
                Arc::from_raw(data.cast::<Spy>())
            };
            spy.touched(Touch::Clone);
            RawWaker::new(Arc::into_raw(spy).cast(), &TABLE)
        },
        // SAFETY: as above; waking by value uses the waker up.
        |data| unsafe { Arc::from_raw(data.cast::<Spy>()) }.touched(Touch::Wake),
        // SAFETY: as above; the waker is borrowed.
        |data| unsafe { &*data.cast::<Spy>() }.touched(Touch::Wake),
        // SAFETY: as above; the waker goes.
        |data| unsafe { Arc::from_raw(data.cast::<Spy>()) }.touched(Touch::Drop),
    );
    // SAFETY: the table keeps the count of the `Arc`, whose contents are Send and Sync.
    unsafe { Waker::from_raw(RawWaker::new(Arc::into_raw(spy).cast(), &TABLE)) }
}

/// Polls with a given waker.
pub(crate) trait PollWith: Future {
    fn poll_with(self: Pin<&mut Self>, waker: &Waker) -> Poll<Self::Output> {
        self.poll(&mut Context::from_waker(waker))
    }
}
impl<F: Future + ?Sized> PollWith for F {}

/// Runs `f`, and says whether it panicked.
pub(crate) fn panics(f: impl FnOnce()) -> bool {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _turn = ONE_AT_A_TIME.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(f)).is_err()
}

/// Counts allocations of the calling thread.
struct Counting;

thread_local! {
    static ALLOCATIONS: Cell<usize> = const { Cell::new(0) };
    static ALIVE: Cell<isize> = const { Cell::new(0) };
    static BYTES: Cell<usize> = const { Cell::new(0) };
}

// SAFETY: everything is forwarded to the system's allocator.
#[expect(unsafe_code, reason = "an allocator that counts")]
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let _ = ALLOCATIONS.try_with(|count| count.set(count.get() + 1));
        let _ = ALIVE.try_with(|count| count.set(count.get() + 1));
        let _ = BYTES.try_with(|count| count.set(count.get() + layout.size()));
        // SAFETY: forwarded to the caller.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        let _ = ALIVE.try_with(|count| count.set(count.get() - 1));
        // SAFETY: forwarded to the caller.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// How many allocations `f` makes on this thread.
pub(crate) fn allocations(f: impl FnOnce()) -> usize {
    let before = ALLOCATIONS.get();
    f();
    ALLOCATIONS.get() - before
}

/// How many bytes `f` allocates on this thread.
pub(crate) fn bytes(f: impl FnOnce()) -> usize {
    let before = BYTES.get();
    f();
    BYTES.get() - before
}

/// How many more allocations are alive after `f` than before, of this thread's.
pub(crate) fn growth(f: impl FnOnce()) -> isize {
    let before = ALIVE.get();
    f();
    ALIVE.get() - before
}
