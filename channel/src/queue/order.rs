//! In which order a queue hands out its items.

use alloc::{
    collections::{BTreeSet, VecDeque},
    vec::Vec,
};
use core::{cmp::Ordering, fmt};

/// An order in which items of type `T` come out. The orders are [`Fifo`], [`Lifo`] and
/// [`Priority`].
pub trait Order<T>: sealed::Order<T> {}

/// First in, first out: the order of a [`Queue`](super::Queue) that names none.
#[derive(Clone, Copy, Debug, Default)]
pub struct Fifo;

/// Last in, first out.
///
/// # Examples
///
/// ```
/// use selvedge_channel::queue::{Lifo, Queue};
///
/// // The newest request first: who asked long ago has given up by now.
/// let requests = Queue::<&str, Lifo>::new(8);
/// requests.put_nowait("old").unwrap();
/// requests.put_nowait("new").unwrap();
/// assert_eq!(requests.get_nowait(), Ok("new"));
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Lifo;

/// The smallest comes out first; those that are equal, in the order in which they were put.
///
/// For the largest first, wrap items in [`Reverse`](core::cmp::Reverse).
///
/// # Examples
///
/// ```
/// use std::cmp::Reverse;
///
/// use selvedge_channel::queue::{Priority, Queue};
///
/// let jobs = Queue::<Reverse<(u8, &str)>, Priority>::new(8);
/// jobs.put_nowait(Reverse((1, "sweep"))).unwrap();
/// jobs.put_nowait(Reverse((9, "mend the loom"))).unwrap();
/// assert_eq!(jobs.get_nowait().unwrap().0.1, "mend the loom");
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Priority;

impl<T> Order<T> for Fifo {}
impl<T> Order<T> for Lifo {}
impl<T: Ord> Order<T> for Priority {}

pub(super) mod sealed {
    /// Where items of an order are kept.
    pub trait Order<T> {
        /// The items.
        type Store: Store<T>;
    }

    /// A collection of items.
    pub trait Store<T>: Default {
        /// Whether `push` runs the items' own code.
        const COMPARES: bool = false;

        /// Puts one in. If that panics, nothing has changed.
        fn push(&mut self, item: T);

        /// Takes out the one whose turn it is.
        fn pop(&mut self) -> Option<T>;

        /// Puts one back that was taken out: it is the next again, unless others have come for which
        /// it would wait. If that panics, nothing has changed.
        fn put_back(&mut self, item: T);

        /// How many there are.
        fn len(&self) -> usize;
    }
}

impl<T> sealed::Order<T> for Fifo {
    type Store = VecDeque<T>;
}

impl<T> sealed::Order<T> for Lifo {
    type Store = Vec<T>;
}

impl<T: Ord> sealed::Order<T> for Priority {
    type Store = Sorted<T>;
}

impl<T> sealed::Store<T> for VecDeque<T> {
    fn push(&mut self, item: T) {
        self.push_back(item);
    }

    fn pop(&mut self) -> Option<T> {
        let item = self.pop_front();
        if self.is_empty() && self.capacity() > KEPT {
            // A burst is over: its memory goes.
            *self = Self::new();
        }
        item
    }

    fn put_back(&mut self, item: T) {
        self.push_front(item);
    }

    fn len(&self) -> usize {
        self.len()
    }
}

impl<T> sealed::Store<T> for Vec<T> {
    fn push(&mut self, item: T) {
        Self::push(self, item);
    }

    fn pop(&mut self) -> Option<T> {
        let item = Self::pop(self);
        if self.is_empty() && self.capacity() > KEPT {
            *self = Self::new();
        }
        item
    }

    fn put_back(&mut self, item: T) {
        Self::push(self, item);
    }

    fn len(&self) -> usize {
        self.len()
    }
}

/// The room that a queue keeps when it is empty, in items.
const KEPT: usize = 64;

/// Items in order. A tree, since taking the first one compares nothing: the items' own code runs
/// only while one is put, before anything has changed.
pub struct Sorted<T> {
    entries: BTreeSet<Entry<T>>,
    /// How many were put.
    count: i64,
    /// How many were put back, which come before their equals: the negative of it.
    back: i64,
}

struct Entry<T> {
    item: T,
    number: i64,
}

impl<T: Ord> Ord for Entry<T> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.item.cmp(&other.item).then(self.number.cmp(&other.number))
    }
}

impl<T: Ord> PartialOrd for Entry<T> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<T: Ord> PartialEq for Entry<T> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl<T: Ord> Eq for Entry<T> {}

impl<T> fmt::Debug for Sorted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sorted").field("len", &self.entries.len()).finish_non_exhaustive()
    }
}

impl<T> Default for Sorted<T> {
    fn default() -> Self {
        Self { entries: BTreeSet::new(), count: 0, back: 0 }
    }
}

impl<T: Ord> sealed::Store<T> for Sorted<T> {
    const COMPARES: bool = true;

    fn push(&mut self, item: T) {
        self.count += 1;
        self.entries.insert(Entry { item, number: self.count });
    }

    fn pop(&mut self) -> Option<T> {
        self.entries.pop_first().map(|entry| entry.item)
    }

    fn put_back(&mut self, item: T) {
        self.back -= 1;
        self.entries.insert(Entry { item, number: self.back });
    }

    fn len(&self) -> usize {
        self.entries.len()
    }
}
