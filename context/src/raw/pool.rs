//! Room for futures of any type, without a box for each: rooms of one size lie side by side in
//! chunks, and are used again.
//!
//! Invariants:
//! 1. A chunk is freed when the pool goes, and every [`Stored`] keeps its pool alive.
//! 2. A room is either in its class's `free` or belongs to one [`Stored`].
#![expect(unsafe_code, reason = "rooms are handed out as raw memory")]

use alloc::{
    alloc::{Layout, alloc, dealloc, handle_alloc_error},
    sync::Arc,
    vec::Vec,
};
use core::{
    fmt,
    future::Future,
    marker::PhantomData,
    pin::Pin,
    ptr::{self, NonNull},
    task::{Context, Poll},
};

use selvedge_sync::raw::shim::Lock;

/// How many rooms the first chunk of a class has, and the largest one.
const ROOMS: [usize; 2] = [4, 256];

/// The pool, and beside it what its owner has behind the same lock, and without one.
pub struct Pool<X, B> {
    pub beside: B,
    inside: Lock<Inside<X>>,
}

struct Inside<X> {
    /// Most pools have one class.
    first: Option<Class>,
    others: Vec<Class>,
    owners: X,
}

/// The rooms of one layout.
struct Class {
    /// With room for a pointer at least.
    layout: Layout,
    /// The first free room; each has the next one in it.
    free: Option<NonNull<u8>>,
    /// The last chunk; each has the one before it in it.
    chunks: Option<NonNull<Chunk>>,
    rooms: usize,
}

/// What is in front of the rooms of a chunk.
struct Chunk {
    before: Option<NonNull<Chunk>>,
    layout: Layout,
}

// SAFETY: a class owns its chunks and the free rooms in them, which are plain memory.
unsafe impl Send for Class {}

impl Class {
    fn new(layout: Layout) -> Self {
        Self { layout, free: None, chunks: None, rooms: 0 }
    }

    fn take(&mut self) -> NonNull<u8> {
        let room = self.free.unwrap_or_else(|| self.grow());
        // SAFETY: a free room has the next one in it (2).
        self.free = unsafe { room.cast::<Option<NonNull<u8>>>().read() };
        room
    }

    fn put(&mut self, room: NonNull<u8>) {
        // SAFETY: the room is free, and large enough.
        unsafe { room.cast::<Option<NonNull<u8>>>().write(self.free) };
        self.free = Some(room);
    }

    /// Makes a chunk, and hands out its first room, which is free.
    fn grow(&mut self) -> NonNull<u8> {
        let rooms = if self.rooms == 0 { ROOMS[0] } else { self.rooms.min(ROOMS[1]) };
        let room = self.layout.size();
        let size = room.checked_mul(rooms).expect("a chunk fits into memory");
        let layout =
            Layout::from_size_align(size, self.layout.align()).expect("so does its layout");
        let (layout, first) = Layout::new::<Chunk>().extend(layout).expect("and what is in front");
        // SAFETY: a chunk has a size.
        let Some(chunk) = NonNull::new(unsafe { alloc(layout) }) else {
            handle_alloc_error(layout)
        };
        let before = self.chunks.replace(chunk.cast());
        // SAFETY: it is at the start of the chunk, which is aligned for it.
        unsafe { chunk.cast().write(Chunk { before, layout }) };
        self.rooms += rooms;
        for at in (0..rooms).rev() {
            // SAFETY: it is below the chunk's size.
            self.put(unsafe { chunk.add(first + at * room) });
        }
        // The first one was put last.
        self.free.expect("there are rooms")
    }
}

impl Drop for Class {
    fn drop(&mut self) {
        while let Some(chunk) = self.chunks {
            // SAFETY: it was written in `grow`, and is read once.
            let Chunk { before, layout } = unsafe { chunk.read() };
            self.chunks = before;
            // SAFETY: allocated in `grow` with this layout, and nobody uses a room any more (1).
            unsafe { dealloc(chunk.as_ptr().cast(), layout) }
        }
    }
}

impl<X> Inside<X> {
    fn take(&mut self, layout: Layout) -> NonNull<u8> {
        let Some(layout) = class_of(layout) else {
            // A future without a size needs no memory, but an address that is aligned.
            let address = ptr::without_provenance_mut(layout.align());
            return NonNull::new(address).expect("an alignment is not 0");
        };
        let first = self.first.get_or_insert_with(|| Class::new(layout));
        if first.layout == layout {
            return first.take();
        }
        let known = self.others.iter().position(|class| class.layout == layout);
        let at = known.unwrap_or_else(|| {
            self.others.push(Class::new(layout));
            self.others.len() - 1
        });
        self.others[at].take()
    }

    fn give_back(&mut self, room: NonNull<u8>, layout: Layout) {
        if let Some(layout) = class_of(layout) {
            let mut classes = self.first.iter_mut().chain(&mut self.others);
            let class = classes.find(|class| class.layout == layout);
            class.expect("the room is of one of the classes").put(room);
        }
    }
}

impl<X, B> Pool<X, B> {
    /// Without any room yet.
    #[cfg_attr(selvedge_loom, track_caller)]
    pub fn new(owners: X, beside: B) -> Self {
        Self { beside, inside: Lock::new(Inside { first: None, others: Vec::new(), owners }) }
    }

    /// Runs `f` with what its owner has behind the lock. Nothing of other people's runs in it.
    pub fn with<R>(&self, f: impl FnOnce(&mut X) -> R) -> R {
        self.inside.with(|inside| f(&mut inside.owners))
    }

    /// Moves `future` into a room, and has `keep` keep it, if its owner `takes` it; else it is handed
    /// back. All of that under the lock.
    pub fn store<'e, T, K, F>(
        pool: &Arc<Self>,
        future: F,
        takes: impl FnOnce(&X) -> bool,
        keep: impl FnOnce(&mut X, Stored<'e, T, K, X, B>),
    ) -> Option<F>
    where
        F: Future<Output = T> + 'e,
        K: Admits<F>,
    {
        pool.inside.with(|inside| {
            if !takes(&inside.owners) {
                return Some(future);
            }
            let layout = Layout::new::<F>();
            let room: NonNull<F> = inside.take(layout).cast();
            // SAFETY: the room is of `F`'s layout, and ours alone (2).
            unsafe { room.write(future) };
            let pool = pool.clone();
            keep(&mut inside.owners, Stored { future: room, layout, pool, kind: PhantomData });
            None
        })
    }
}

/// The layout of the rooms for a layout, which have room for a pointer; none for one without size.
fn class_of(layout: Layout) -> Option<Layout> {
    let pointer = Layout::new::<Option<NonNull<u8>>>();
    let (size, align) = (layout.size().max(pointer.size()), layout.align().max(pointer.align()));
    let class = Layout::from_size_align(size, align).expect("it is hardly larger");
    (layout.size() > 0).then(|| class.pad_to_align())
}

impl<X, B> fmt::Debug for Pool<X, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pool")
    }
}

/// Futures that may go to other threads: the children of a [`scope`](crate::scope()).
#[derive(Debug)]
pub struct AnyThread(());

/// Futures that stay on their thread: the children of a [`local_scope`](crate::local_scope()).
#[derive(Debug)]
pub struct OneThread(PhantomData<*const ()>);

/// Which futures may be stored as being of a kind.
///
/// # Safety
///
/// Whatever [`AnyThread`] admits is `Send`.
pub unsafe trait Admits<F> {}

// SAFETY: that is its bound.
unsafe impl<F: Send> Admits<F> for AnyThread {}
// SAFETY: nothing is promised.
unsafe impl<F> Admits<F> for OneThread {}

/// A future of some type, in a room of a pool.
pub struct Stored<'e, T, K, X, B> {
    future: NonNull<dyn Future<Output = T> + 'e>,
    layout: Layout,
    pool: Arc<Pool<X, B>>,
    kind: PhantomData<K>,
}

// SAFETY: it owns a future that `AnyThread` has admitted, and a pool as an `Arc` does.
unsafe impl<T, X: Send, B: Send + Sync> Send for Stored<'_, T, AnyThread, X, B> {}

// The future is pinned in its room, whatever becomes of the pointer.
impl<T, K, X, B> Unpin for Stored<'_, T, K, X, B> {}

impl<T, K, X, B> Future for Stored<'_, T, K, X, B> {
    type Output = T;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        // SAFETY: the future is alive until `self` goes, and does not move.
        unsafe { Pin::new_unchecked(self.future.as_mut()) }.poll(cx)
    }
}

impl<T, K, X, B> Drop for Stored<'_, T, K, X, B> {
    fn drop(&mut self) {
        struct Room<'a, X, B>(&'a Pool<X, B>, NonNull<u8>, Layout);

        impl<X, B> Drop for Room<'_, X, B> {
            fn drop(&mut self) {
                self.0.inside.with(|inside| inside.give_back(self.1, self.2));
            }
        }

        // The room goes back even if the destructor panics.
        let _room = Room(&self.pool, self.future.cast(), self.layout);
        // SAFETY: the future is in its room, and not used after this.
        unsafe { self.future.drop_in_place() }
    }
}

impl<T, K, X, B> fmt::Debug for Stored<'_, T, K, X, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stored").field("layout", &self.layout).finish_non_exhaustive()
    }
}
