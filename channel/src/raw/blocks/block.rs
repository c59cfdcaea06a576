//! The blocks: memory for so many values, with a foot behind them.
#![expect(unsafe_code, reason = "values live in memory that is managed by hand")]

use alloc::alloc::{Layout, alloc, dealloc, handle_alloc_error};
use core::{
    mem,
    ptr::{self, NonNull},
};

/// What is behind the slots of a block.
pub(super) struct Foot<T> {
    pub(super) next: *mut Foot<T>,
    pub(super) slots: *mut T,
}

/// A block without values.
pub(crate) struct Block<T>(pub(super) NonNull<Foot<T>>);

impl<T> Block<T> {
    /// The layout of a block with so many slots, and where its foot is.
    pub(super) fn layout(slots: usize) -> (Layout, usize) {
        let values = Layout::array::<T>(slots).expect("a block has a few kilobytes, or few values");
        values.extend(Layout::new::<Foot<T>>()).expect("as above")
    }

    pub(super) fn new(slots: usize) -> Self {
        let (layout, foot) = Self::layout(slots);
        // SAFETY: a block has a foot, so its size is not 0.
        let Some(slots) = NonNull::new(unsafe { alloc(layout) }.cast::<T>()) else {
            handle_alloc_error(layout)
        };
        // SAFETY: it was allocated for the slots and the foot behind them.
        unsafe {
            let foot = slots.byte_add(foot).cast();
            foot.write(Foot { next: ptr::null_mut(), slots: slots.as_ptr() });
            Self(foot)
        }
    }

    /// The foot of the block whose slots end at `end`.
    ///
    /// # Safety
    ///
    /// It is the end of the slots of a living block, or null.
    #[inline(always)]
    pub(super) unsafe fn foot(end: *mut T) -> *mut Foot<T> {
        if mem::size_of::<T>() % mem::align_of::<Foot<T>>() == 0 {
            return end.cast();
        }
        let gap = end.addr().wrapping_neg() % mem::align_of::<Foot<T>>();
        // SAFETY: promised by the caller; there is a gap in front of a foot that is not aligned.
        unsafe { end.byte_add(gap) }.cast()
    }

    /// How many slots the block of `foot` has: all that fit.
    ///
    /// # Safety
    ///
    /// It is the foot of a living block.
    #[inline]
    pub(super) unsafe fn count(foot: *mut Foot<T>) -> usize {
        // SAFETY: promised by the caller.
        let bytes = foot.addr() - unsafe { (*foot).slots }.addr();
        bytes / mem::size_of::<T>().max(1)
    }

    /// The last slot of the block of `foot`.
    ///
    /// # Safety
    ///
    /// As for [`count`](Self::count).
    #[inline]
    pub(super) unsafe fn last_slot(foot: *mut Foot<T>) -> *mut T {
        // SAFETY: promised by the caller; there is one slot at least.
        unsafe { (*foot).slots.add(Self::count(foot) - 1) }
    }
}

impl<T> Drop for Block<T> {
    fn drop(&mut self) {
        // SAFETY: a block is owned by one value of this type, and so is its memory. As many slots as
        // fit have the layout of the fewer that were asked for.
        unsafe {
            let foot = self.0.as_ptr();
            let (layout, _) = Self::layout(Self::count(foot));
            dealloc((*foot).slots.cast(), layout);
        }
    }
}
