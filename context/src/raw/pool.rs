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

/// The pool.
pub struct Pool {
    classes: Lock<Vec<Class>>,
}

/// The rooms of one layout.
struct Class {
    /// With room for a pointer at least.
    layout: Layout,
    /// The first free room; each has the next one in it.
    free: Option<NonNull<u8>>,
    chunks: Vec<(NonNull<u8>, Layout)>,
    rooms: usize,
}

// SAFETY: a class owns its chunks and the free rooms in them, which are plain memory.
unsafe impl Send for Class {}

impl Class {
    fn new(layout: Layout) -> Self {
        Self { layout, free: None, chunks: Vec::new(), rooms: 0 }
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
        // SAFETY: a class is of a layout whose size is not 0.
        let Some(chunk) = NonNull::new(unsafe { alloc(layout) }) else {
            handle_alloc_error(layout)
        };
        self.rooms += rooms;
        self.chunks.push((chunk, layout));
        for at in (0..rooms).rev() {
            // SAFETY: it is below the chunk's size.
            self.put(unsafe { chunk.add(at * room) });
        }
        chunk
    }
}

impl Drop for Class {
    fn drop(&mut self) {
        for (chunk, layout) in self.chunks.drain(..) {
            // SAFETY: allocated in `grow` with this layout, and nobody uses a room any more (1).
            unsafe { dealloc(chunk.as_ptr(), layout) }
        }
    }
}

impl Pool {
    /// Without any room yet.
    #[expect(clippy::new_without_default, reason = "one way to make it is enough")]
    #[cfg_attr(selvedge_loom, track_caller)]
    pub fn new() -> Self {
        Self { classes: Lock::new(Vec::new()) }
    }

    fn take(&self, layout: Layout) -> NonNull<u8> {
        let Some(layout) = class_of(layout) else {
            // A future without a size needs no memory, but an address that is aligned.
            let address = ptr::without_provenance_mut(layout.align());
            return NonNull::new(address).expect("an alignment is not 0");
        };
        self.classes.with(|classes| {
            let known = classes.iter().position(|class| class.layout == layout);
            let at = known.unwrap_or_else(|| {
                classes.push(Class::new(layout));
                classes.len() - 1
            });
            classes[at].take()
        })
    }

    fn give_back(&self, room: NonNull<u8>, layout: Layout) {
        if let Some(layout) = class_of(layout) {
            self.classes.with(|classes| {
                let class = classes.iter_mut().find(|class| class.layout == layout);
                class.expect("the room is of one of the classes").put(room);
            });
        }
    }
}

/// The layout of the rooms for a layout, which have room for a pointer; none for one without size.
fn class_of(layout: Layout) -> Option<Layout> {
    let pointer = Layout::new::<Option<NonNull<u8>>>();
    let (size, align) = (layout.size().max(pointer.size()), layout.align().max(pointer.align()));
    let class = Layout::from_size_align(size, align).expect("it is hardly larger");
    (layout.size() > 0).then(|| class.pad_to_align())
}

impl fmt::Debug for Pool {
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
pub struct Stored<'e, T, K> {
    future: NonNull<dyn Future<Output = T> + 'e>,
    layout: Layout,
    pool: Arc<Pool>,
    kind: PhantomData<K>,
}

// SAFETY: it owns a future that `AnyThread` has admitted.
unsafe impl<T> Send for Stored<'_, T, AnyThread> {}

// The future is pinned in its room, whatever becomes of the pointer.
impl<T, K> Unpin for Stored<'_, T, K> {}

impl<'e, T, K> Stored<'e, T, K> {
    /// Moves `future` into a room.
    pub fn new<F: Future<Output = T> + 'e>(pool: &Arc<Pool>, future: F) -> Self
    where
        K: Admits<F>,
    {
        let layout = Layout::new::<F>();
        let room: NonNull<F> = pool.take(layout).cast();
        // SAFETY: the room is of `F`'s layout, and ours alone (2).
        unsafe { room.write(future) };
        Self { future: room, layout, pool: pool.clone(), kind: PhantomData }
    }
}

impl<T, K> Future for Stored<'_, T, K> {
    type Output = T;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        // SAFETY: the future is alive until `self` goes, and does not move.
        unsafe { Pin::new_unchecked(self.future.as_mut()) }.poll(cx)
    }
}

impl<T, K> Drop for Stored<'_, T, K> {
    fn drop(&mut self) {
        struct Room<'a>(&'a Pool, NonNull<u8>, Layout);

        impl Drop for Room<'_> {
            fn drop(&mut self) {
                self.0.give_back(self.1, self.2);
            }
        }

        // The room goes back even if the destructor panics.
        let _room = Room(&self.pool, self.future.cast(), self.layout);
        // SAFETY: the future is in its room, and not used after this.
        unsafe { self.future.drop_in_place() }
    }
}

impl<T, K> fmt::Debug for Stored<'_, T, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stored").field("layout", &self.layout).finish_non_exhaustive()
    }
}
