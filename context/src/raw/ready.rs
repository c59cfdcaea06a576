//! Which of many children were woken: each has a waker of its own, and only those are polled.
//!
//! ```text
//!  a child's waker ──► Block (64 children) ──► Shared: the numbers of the woken, and
//!  one of the first 64 ──────────────────────►         the parent's waker while it sleeps
//! ```
//!
//! A waker is a pointer into its block, whose place in the block is the child's: blocks are aligned
//! to 64, so the block is found again by its address. (`Shared` is the block of the first 64.) No
//! waker costs an allocation, and waking is one short critical section.
//!
//! Invariants:
//! 1. A number is in `woken` and its bit set in `is_woken`, or its bit is not set. (It may be in
//!    `woken` without its bit: then it was polled for another reason meanwhile, and is skipped.)
//! 2. `waker` is there only while the parent sleeps with nothing woken: it was left there under
//!    the lock, with `count` 0, and whoever wakes a child takes it out.
#![expect(unsafe_code, reason = "a waker is a pointer whose low bits say which child it wakes")]

use alloc::{sync::Arc, vec::Vec};
use core::{
    fmt,
    mem::{self, ManuallyDrop},
    task::{RawWaker, RawWakerVTable, Waker},
};

use selvedge_sync::raw::shim::{Lock, mutant};

/// How many children share a block.
const BLOCK: usize = 64;

/// The parent's side.
pub struct Ready {
    shared: Arc<Shared>,
    /// Those behind the first 64 children.
    blocks: Vec<Arc<Block>>,
    /// The parent's waker, while it is awake: it need not be cloned again.
    kept: Option<Waker>,
}

/// What the wakers share; and where those of the first 64 children point to.
#[repr(align(64))]
pub struct Shared {
    queue: Lock<Queue>,
}

struct Queue {
    woken: Vec<u32>,
    /// A bit for each child: the first 64, and the others.
    first: u64,
    others: Vec<u64>,
    /// How many bits are set.
    count: usize,
    waker: Option<Waker>,
}

/// Where the wakers of 64 more children point to.
#[repr(align(64))]
struct Block {
    shared: Arc<Shared>,
    first: u32,
}

/// Something that 64 wakers point into.
trait Home {
    const TABLE: &'static RawWakerVTable;

    fn shared(&self) -> &Shared;

    /// The number of the first of them.
    fn first(&self) -> u32;
}

impl Home for Shared {
    const TABLE: &'static RawWakerVTable = {
        static TABLE: RawWakerVTable = table::<Shared>();
        &TABLE
    };

    fn shared(&self) -> &Shared {
        self
    }

    fn first(&self) -> u32 {
        0
    }
}

impl Home for Block {
    const TABLE: &'static RawWakerVTable = {
        static TABLE: RawWakerVTable = table::<Block>();
        &TABLE
    };

    fn shared(&self) -> &Shared {
        &self.shared
    }

    fn first(&self) -> u32 {
        self.first
    }
}

const _: () = assert!(size_of::<Block>() >= BLOCK && align_of::<Block>() == BLOCK);
const _: () = assert!(size_of::<Shared>() >= BLOCK && align_of::<Shared>() == BLOCK);

impl Queue {
    /// The word with a child's bit, and the bit.
    #[inline]
    fn word(&mut self, child: u32) -> (&mut u64, u64) {
        let (word, bit) = (child as usize / BLOCK, 1 << (child as usize % BLOCK));
        // A waker may outlive its child, but no child is numbered beyond what there is room for.
        (if word == 0 { &mut self.first } else { &mut self.others[word - 1] }, bit)
    }

    /// Notes that a child was woken; the parent's waker if it sleeps.
    #[inline]
    fn wake(&mut self, child: u32) -> Option<Waker> {
        let (word, bit) = self.word(child);
        if *word & bit != 0 {
            return None;
        }
        *word |= bit;
        self.count += 1;
        self.woken.push(child);
        if mutant!("a woken child does not wake its parent") { None } else { self.waker.take() }
    }

    /// Clears a child's bit; whether it was set.
    #[inline]
    fn clear(&mut self, child: u32) -> bool {
        let (word, bit) = self.word(child);
        let was = *word & bit != 0;
        *word &= !bit;
        self.count -= usize::from(was);
        was
    }
}

impl Shared {
    /// Wakes a child.
    pub fn wake(&self, child: u32) {
        // The waker leaves the lock as a value.
        if let Some(waker) = self.queue.with(|queue| queue.wake(child)) {
            waker.wake();
        }
    }
}

impl Ready {
    /// No children yet.
    #[expect(clippy::new_without_default, reason = "one way to make it is enough")]
    #[cfg_attr(selvedge_loom, track_caller)]
    pub fn new() -> Self {
        let (woken, others) = (Vec::new(), Vec::new());
        let queue = Queue { woken, first: 0, others, count: 0, waker: None };
        Self {
            shared: Arc::new(Shared { queue: Lock::new(queue) }),
            blocks: Vec::new(),
            kept: None,
        }
    }

    /// What wakes a child by its number.
    pub fn shared(&self) -> Arc<Shared> {
        self.shared.clone()
    }

    /// Wakes a child.
    pub fn wake(&self, child: u32) {
        self.shared.wake(child);
    }

    /// Makes room for children below `len`.
    ///
    /// # Panics
    ///
    /// If `len` is beyond `u32`.
    pub fn grow(&mut self, len: usize) {
        assert!(u32::try_from(len).is_ok(), "too many children");
        let blocks = len.div_ceil(BLOCK).saturating_sub(1);
        if self.blocks.len() < blocks {
            while self.blocks.len() < blocks {
                let first = ((self.blocks.len() + 1) * BLOCK) as u32;
                self.blocks.push(Arc::new(Block { shared: self.shared.clone(), first }));
            }
            self.shared.queue.with(|queue| queue.others.resize(blocks, 0));
        }
    }

    /// Runs `f` with the waker of a child, for which there is room.
    #[inline]
    pub fn with_waker<R>(&self, child: u32, f: impl FnOnce(&Waker) -> R) -> R {
        match (child as usize / BLOCK).checked_sub(1) {
            None => with_waker(&self.shared, child, f),
            Some(at) => with_waker(&self.blocks[at], child, f),
        }
    }

    /// Fills `batch`, which is empty, with those that were woken, in order. From here on the parent
    /// is awake: nobody wakes it until [`rest`](Self::rest).
    pub fn take(&mut self, batch: &mut Vec<u32>) {
        let kept = self.shared.queue.with(|queue| {
            mem::swap(&mut queue.woken, batch);
            // Those without a bit have been polled since.
            batch.retain(|child| queue.clear(*child));
            queue.waker.take()
        });
        if kept.is_some() {
            self.kept = kept;
        }
    }

    /// Takes one child out of those that were woken; whether it was among them.
    pub fn take_one(&self, child: u32) -> bool {
        self.shared.queue.with(|queue| queue.clear(child))
    }

    /// Leaves the parent's waker, for it is about to sleep; if some were woken meanwhile, wakes it.
    pub fn rest(&mut self, waker: &Waker) {
        // Other people's code, so it happens before the lock.
        let own = match self.kept.take() {
            Some(kept) if kept.will_wake(waker) => kept,
            _ => waker.clone(),
        };
        let awake = self.shared.queue.with(|queue| {
            if queue.count > 0 && !mutant!("a parent sleeps though a child was woken") {
                return Some(own);
            }
            queue.waker.replace(own)
        });
        // RACE: 1. a child was polled, 2. it is woken by another thread, which finds no waker,
        //       3. the parent goes to sleep. So the parent looks again, under the lock.
        if let Some(own) = awake {
            own.wake_by_ref();
            self.kept = Some(own);
        }
    }
}

impl Drop for Ready {
    /// Wakers may outlive the parent: they find nobody to wake.
    fn drop(&mut self) {
        if !selvedge_sync::raw::shim::doomed() {
            drop(self.shared.queue.with(|queue| queue.waker.take()));
        }
    }
}

impl fmt::Debug for Ready {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ready").finish_non_exhaustive()
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").finish_non_exhaustive()
    }
}

/// Runs `f` with a waker that points into `home`.
#[inline]
fn with_waker<H: Home, R>(home: &Arc<H>, child: u32, f: impl FnOnce(&Waker) -> R) -> R {
    let place = child as usize % BLOCK;
    // SAFETY: a home has at least `BLOCK` bytes, and `place` is below that.
    let data = unsafe { Arc::as_ptr(home).cast::<u8>().add(place) };
    // SAFETY: the table keeps the count of the home's `Arc`. This waker has no part in that count:
    // it lives shorter than `home`, and is not dropped.
    let waker = ManuallyDrop::new(unsafe { Waker::from_raw(RawWaker::new(data.cast(), H::TABLE)) });
    f(&waker)
}

const fn table<H: Home>() -> RawWakerVTable {
    RawWakerVTable::new(clone::<H>, wake::<H>, wake_by_ref::<H>, forget::<H>)
}

/// The home that `data` leads into.
fn home<H: Home>(data: *const ()) -> *const H {
    data.cast::<u8>().map_addr(|address| address & !(BLOCK - 1)).cast()
}

fn clone<H: Home>(data: *const ()) -> RawWaker {
    // SAFETY: `data` leads into a home that the waker has a count of, and so has the clone.
    unsafe { Arc::increment_strong_count(home::<H>(data)) };
    RawWaker::new(data, H::TABLE)
}

fn wake<H: Home>(data: *const ()) {
    // SAFETY: the waker is used up, and its count with it, also if the parent's panics.
    let home = unsafe { Arc::from_raw(home::<H>(data)) };
    home.shared().wake(number(&*home, data));
}

fn wake_by_ref<H: Home>(data: *const ()) {
    // SAFETY: the waker has a count of the home, which is alive therefore.
    let home = unsafe { &*home::<H>(data) };
    home.shared().wake(number(home, data));
}

/// The number of the child that `data` stands for, in its home.
fn number<H: Home>(home: &H, data: *const ()) -> u32 {
    home.first() + (data.addr() % BLOCK) as u32
}

fn forget<H: Home>(data: *const ()) {
    // SAFETY: the waker goes, or is used up, and its count with it.
    drop(unsafe { Arc::from_raw(home::<H>(data)) });
}
