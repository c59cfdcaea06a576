//! The entries of a tree: who hangs below whom.

use alloc::sync::{Arc, Weak};
use core::{mem, sync::atomic::Ordering::Relaxed};

use selvedge_sync::raw::shim::{Lock, atomic::AtomicUsize, mutant};
use slab::Slab;

use super::Node;

/// No entry.
pub(super) const NOBODY: usize = usize::MAX;

/// A root and all that hangs below it.
pub(super) struct Tree(pub(super) Lock<Slab<Entry>>);

/// A root is the first entry of its tree.
pub(super) const ROOT: usize = 0;

/// A place in a tree.
pub(super) struct Spot {
    pub(super) tree: Arc<Tree>,
    /// Written once, before anybody else has the node.
    pub(super) key: AtomicUsize,
}

pub(super) struct Entry {
    pub(super) node: Weak<Node>,
    pub(super) is_link: bool,
    pub(super) parent: usize,
    pub(super) first_child: usize,
    pub(super) prev: usize,
    pub(super) next: usize,
}

impl Spot {
    /// Removes the entry, if it is there, and passes its children on to its parent.
    pub(super) fn leave(&self) {
        let key = self.key.load(Relaxed);
        if key != NOBODY {
            self.tree.leave(key);
        }
    }
}

impl Tree {
    pub(super) fn leave(&self, key: usize) {
        let gone = self.0.with(|entries| {
            let gone = entries.remove(key);
            if let Some(next) = entries.get_mut(gone.next) {
                next.prev = gone.prev;
            }
            if let Some(prev) = entries.get_mut(gone.prev) {
                prev.next = gone.next;
            } else if let Some(parent) = entries.get_mut(gone.parent) {
                parent.first_child = gone.next;
            }
            let mut at = gone.first_child;
            while at != NOBODY && !mutant!("children go with their parent") {
                let next = entries[at].next;
                let first = match entries.get_mut(gone.parent) {
                    Some(parent) => mem::replace(&mut parent.first_child, at),
                    None => NOBODY,
                };
                if let Some(first) = entries.get_mut(first) {
                    first.prev = at;
                }
                let child = &mut entries[at];
                (child.parent, child.prev, child.next) = (gone.parent, NOBODY, first);
                at = next;
            }
            gone
        });
        drop(gone);
    }
}

/// The entry behind `at` and all below it, on the walk below `top`.
pub(super) fn after(mut at: usize, top: usize, entries: &Slab<Entry>) -> usize {
    while at != top {
        let entry = &entries[at];
        if entry.next != NOBODY {
            return entry.next;
        }
        at = entry.parent;
    }
    NOBODY
}
