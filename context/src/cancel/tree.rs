//! How tokens hang together, and how a cancel travels.
//!
//! ```text
//!   handles            nodes                          a tree's entries, behind one lock
//!  ┌───────┐  Arc  ┌──────────────┐   Arc    ┌─────────────────────────────────────────┐
//!  │ token ├──────►│ state, line, ├─────────►│ [0] parent –   first child 2            │
//!  └───────┘       │ extras       │◄─ Weak ──┤ [2] parent 0   next 5                   │
//!                  └──────────────┘          │ [5] parent 0   a link: of another tree  │
//!                                            └─────────────────────────────────────────┘
//! ```
//!
//! A root has no tree until its first child comes. A token of several parents is a root, with a
//! *link* in the tree of each.
//!
//! Invariants:
//! 1. An entry is there from the making of its node to the node's drop, which removes it. Nodes
//!    hold no other node, so neither a drop nor a cancel recurses.
//! 2. `state` changes once, with the lock of the node's tree held; a root without a tree changes
//!    with its own `extras` locked, under which it would get one.
//! 3. Whoever hangs below a cancelled node is cancelled, in the same extent of the lock; a link is
//!    followed before anybody is woken.
//! 4. An entry that is removed passes its children on to its parent.
//! 5. No `Arc` of a node is dropped with a lock held: a node's drop takes locks.

use alloc::{boxed::Box, sync::Arc, vec::Vec};
use core::{
    error::Error,
    fmt,
    sync::atomic::Ordering::{Acquire, Relaxed, Release},
};

use selvedge_sync::raw::{
    line::Line,
    shim::{
        self, Label, Lock,
        atomic::{AtomicU8, AtomicUsize},
        mutant, op,
    },
    wakers::{WakeList, in_batches},
};
use selvedge_timer::{Key, Timer};
use slab::Slab;

mod entries;
mod wait;

use self::entries::{Entry, NOBODY, ROOT, Spot, Tree, after};
pub(super) use self::wait::Cancelled;
use super::Reason;
use crate::raw::catch::swallow;

/// Not cancelled. Other values of a state are reasons.
const OPEN: u8 = 0;
const CANCELLED: u8 = 1;
const DROPPED: u8 = 2;
const ELAPSED: u8 = 3;
/// The reason is in `extras`.
const BECAUSE: u8 = 4;

/// What a token is a handle of.
pub(super) struct Node {
    state: AtomicU8,
    line: Line<()>,
    /// Where a child hangs; `None` for a root.
    home: Option<Spot>,
    /// Where else it hangs: in the trees of its several parents.
    links: Vec<Spot>,
    extras: Lock<Option<Box<Extras>>>,
    label: Label,
}

/// What most tokens never have.
#[derive(Default)]
struct Extras {
    /// A root's, once it has a child.
    tree: Option<Arc<Tree>>,
    why: Option<Arc<dyn Error + Send + Sync>>,
    callbacks: Slab<Callback>,
    timer: Option<(Arc<dyn Timer + Send + Sync>, Key)>,
}

/// What a cancel does besides waking.
enum Duty {
    Call(Callback),
    Stop(Arc<dyn Timer + Send + Sync>, Key),
}

pub(super) type Callback = Box<dyn FnOnce() + Send>;

impl Node {
    fn new(home: Option<Spot>) -> Self {
        Self {
            state: AtomicU8::new(OPEN),
            line: Line::new(),
            home,
            links: Vec::new(),
            extras: Lock::new(None),
            label: Label::new("token"),
        }
    }

    pub(super) fn root() -> Arc<Self> {
        Arc::new(Self::new(None))
    }

    fn cancelled(reason: &Reason) -> Arc<Self> {
        let node = Self::root();
        node.extras.with(|extras| node.mark(reason, extras));
        node
    }

    pub(super) fn child(self: &Arc<Self>) -> Arc<Self> {
        let Some((tree, key)) = self.spot() else { return Self::cancelled(&self.why()) };
        let node = Arc::new(Self::new(Some(Spot { tree, key: AtomicUsize::new(NOBODY) })));
        if let Some(home) = &node.home {
            if !self.adopt(key, home, &node, false) {
                return Self::cancelled(&self.why());
            }
        }
        node
    }

    /// A node that hangs below each of `parents`.
    pub(super) fn child_of_all(parents: &[&Arc<Self>]) -> Arc<Self> {
        let mut node = Self::new(None);
        let mut keys = Vec::new();
        for parent in parents {
            let Some((tree, key)) = parent.spot() else { return Self::cancelled(&parent.why()) };
            node.links.push(Spot { tree, key: AtomicUsize::new(NOBODY) });
            keys.push(key);
        }
        let node = Arc::new(node);
        for ((parent, key), link) in parents.iter().zip(keys).zip(&node.links) {
            if !parent.adopt(key, link, &node, true) {
                // The links there are go with the node.
                return Self::cancelled(&parent.why());
            }
        }
        node
    }

    /// Hangs `node` below this one, at `spot` in this one's tree. Fails if this one is cancelled.
    fn adopt(&self, parent: usize, spot: &Spot, node: &Arc<Self>, is_link: bool) -> bool {
        spot.tree.0.with(|entries| {
            // RACE: 1. A finds the parent open. 2. B cancels it and its children. 3. A hangs a
            //       child below it, which nobody will cancel. So A looks with the tree locked.
            if self.is_cancelled() && !mutant!("a child hangs below a cancelled parent") {
                return false;
            }
            let next = entries[parent].first_child;
            let node = Arc::downgrade(node);
            let key = entries.insert(Entry {
                node,
                is_link,
                parent,
                first_child: NOBODY,
                prev: NOBODY,
                next,
            });
            entries[parent].first_child = key;
            if let Some(next) = entries.get_mut(next) {
                next.prev = key;
            }
            spot.key.store(key, Relaxed);
            true
        })
    }

    /// The tree, and where this node is in it; a root gets its tree here. `None` if it is a root
    /// that was cancelled without one.
    fn spot(self: &Arc<Self>) -> Option<(Arc<Tree>, usize)> {
        if let Some(home) = &self.home {
            return Some((home.tree.clone(), home.key.load(Relaxed)));
        }
        self.extras.with(|extras| {
            if let Some(tree) = extras.as_ref().and_then(|extras| extras.tree.as_ref()) {
                return Some((tree.clone(), ROOT));
            }
            if self.is_cancelled() {
                return None;
            }
            let mut entries = Slab::new();
            let node = Arc::downgrade(self);
            let [parent, first_child, prev, next] = [NOBODY; 4];
            entries.insert(Entry { node, is_link: false, parent, first_child, prev, next });
            let tree = Arc::new(Tree(Lock::new(entries)));
            extras.get_or_insert_default().tree = Some(tree.clone());
            Some((tree, ROOT))
        })
    }

    #[inline]
    pub(super) fn is_cancelled(&self) -> bool {
        // ORDERING: Acquire pairs with the Release in `mark`: with the state comes its reason, and
        // what the canceller did before.
        self.state.load(Acquire) != OPEN
    }

    pub(super) fn reason(&self) -> Option<Reason> {
        if self.is_cancelled() { Some(self.why()) } else { None }
    }

    /// Why it was cancelled, by whoever knows that it was.
    fn why(&self) -> Reason {
        match self.state.load(Relaxed) {
            DROPPED => Reason::Dropped,
            ELAPSED => Reason::Elapsed,
            BECAUSE => {
                let why = |extras: &Option<Box<Extras>>| extras.as_ref()?.why.clone();
                let why = self.extras.with(|extras| why(extras));
                why.map_or(Reason::Cancelled, Reason::Because)
            }
            _ => Reason::Cancelled,
        }
    }

    fn mark(&self, reason: &Reason, extras: &mut Option<Box<Extras>>) {
        let state = match reason {
            Reason::Cancelled => CANCELLED,
            Reason::Dropped => DROPPED,
            Reason::Elapsed => ELAPSED,
            Reason::Because(why) => {
                extras.get_or_insert_default().why = Some(why.clone());
                BECAUSE
            }
        };
        op!(self.label, "cancelled");
        // ORDERING: Release pairs with the Acquire in `is_cancelled`.
        self.state.store(state, Release);
    }

    /// Cancels it and all below it, then wakes those who wait, then runs the callbacks.
    pub(super) fn cancel(self: &Arc<Self>, reason: &Reason) {
        let mut hit = Hit { first: self, rest: Vec::new(), at: 0 };
        if !self.mark_tree(reason, &mut hit) {
            // Somebody else has, and goes on with it.
            hit.at = 1;
            return;
        }
        let mut at = 0;
        in_batches(|wakes| {
            while let Some(node) = hit.get(at) {
                if node.serve(wakes) {
                    return true;
                }
                at += 1;
            }
            false
        });
        hit.call();
    }

    /// Whether it was open. Nobody is woken yet.
    fn mark_tree(self: &Arc<Self>, reason: &Reason, hit: &mut Hit<'_>) -> bool {
        let (was_open, tree) = match &self.home {
            Some(home) => (true, Some((home.tree.clone(), home.key.load(Relaxed)))),
            None => self.extras.with(|extras| {
                let tree = extras.as_ref().and_then(|extras| extras.tree.clone());
                if tree.is_some() || self.is_cancelled() {
                    return (tree.is_some(), tree.map(|tree| (tree, ROOT)));
                }
                self.mark(reason, extras);
                (true, None)
            }),
        };
        let Some((tree, key)) = tree else { return was_open };
        let mut links = Vec::new();
        if !tree.0.with(|entries| self.mark_below(key, entries, reason, hit, &mut links)) {
            return false;
        }
        follow(links, reason, hit);
        true
    }

    /// Marks this node and the open ones below it, in the tree where it is at `top`.
    fn mark_below(
        &self,
        top: usize,
        entries: &Slab<Entry>,
        reason: &Reason,
        hit: &mut Hit<'_>,
        links: &mut Vec<Arc<Self>>,
    ) -> bool {
        if self.is_cancelled() {
            return false;
        }
        self.extras.with(|extras| self.mark(reason, extras));
        if mutant!("cancelling stays at the top") {
            return true;
        }
        let mut at = entries[top].first_child;
        while at != NOBODY {
            let entry = &entries[at];
            let mut below = entry.first_child;
            // One that cannot be had is being dropped: nobody waits for it, but those below it are
            // still here (4).
            if let Some(node) = entry.node.upgrade() {
                if entry.is_link {
                    links.push(node);
                } else {
                    if node.is_cancelled() {
                        below = NOBODY;
                    } else {
                        node.extras.with(|extras| node.mark(reason, extras));
                    }
                    // Kept also if there is nothing to do: it may be the last `Arc` (5).
                    hit.rest.push(node);
                }
            }
            at = if below == NOBODY { after(at, top, entries) } else { below };
        }
        true
    }

    /// Grants those who wait; whether there are more than `wakes` has room for.
    fn serve(&self, wakes: &mut WakeList) -> bool {
        self.line.with(|queue| {
            while !queue.is_empty() {
                if wakes.is_full() {
                    return true;
                }
                wakes.push(queue.grant(()));
                if mutant!("a cancel wakes one") {
                    break;
                }
            }
            false
        })
    }

    /// Keeps `callback` for the cancel; hands it back if that was before.
    pub(super) fn register(&self, callback: Callback) -> Result<usize, Callback> {
        self.extras.with(|extras| {
            // RACE: 1. A finds the token open. 2. B cancels it, and takes the callbacks. 3. A
            //       leaves its own, which nobody will call. So A looks with the lock held.
            if self.is_cancelled() && !mutant!("a callback is left after the cancel") {
                return Err(callback);
            }
            Ok(extras.get_or_insert_default().callbacks.insert(callback))
        })
    }

    /// Takes a callback back, if it was not called. After the cancel no key is used again.
    pub(super) fn deregister(&self, key: usize) -> Option<Callback> {
        self.extras.with(|extras| extras.as_mut()?.callbacks.try_remove(key))
    }

    /// What is left to do after the cancel.
    fn next_duty(&self) -> Option<Duty> {
        self.extras.with(|extras| {
            let extras = extras.as_mut()?;
            if let Some((key, _)) = extras.callbacks.iter().next() {
                return extras.callbacks.try_remove(key).map(Duty::Call);
            }
            extras.timer.take().map(|(timer, key)| Duty::Stop(timer, key))
        })
    }

    /// Keeps what is to be cancelled at the timer, once nobody cares for the deadline.
    pub(super) fn keep_timer(&self, timer: Arc<dyn Timer + Send + Sync>, key: Key) {
        let late = self.extras.with(|extras| {
            if self.is_cancelled() {
                return Some((timer, key));
            }
            extras.get_or_insert_default().timer.replace((timer, key))
        });
        if let Some((timer, key)) = late {
            timer.cancel(key);
        }
    }

    /// How many wait for it.
    pub(super) fn waiters(&self) -> usize {
        self.line.with(|queue| queue.len())
    }
}

/// Marks what the links lead to, each with no other lock held, and what those lead to in turn.
fn follow(mut links: Vec<Arc<Node>>, reason: &Reason, hit: &mut Hit<'_>) {
    while let Some(node) = links.pop() {
        let tree = node.extras.with(|extras| {
            let tree = extras.as_ref().and_then(|extras| extras.tree.clone());
            if tree.is_none() && !node.is_cancelled() {
                node.mark(reason, extras);
            }
            tree
        });
        if let Some(tree) = tree {
            tree.0.with(|entries| node.mark_below(ROOT, entries, reason, hit, &mut links));
        }
        hit.rest.push(node);
    }
}

/// The nodes that one cancel reached; those from `at` on have duties left.
struct Hit<'a> {
    first: &'a Arc<Node>,
    rest: Vec<Arc<Node>>,
    at: usize,
}

impl Hit<'_> {
    fn get(&self, at: usize) -> Option<&Arc<Node>> {
        if at == 0 { Some(self.first) } else { self.rest.get(at - 1) }
    }

    fn call(&mut self) {
        while let Some(node) = self.get(self.at) {
            match node.next_duty() {
                Some(Duty::Call(callback)) => callback(),
                Some(Duty::Stop(timer, key)) => timer.cancel(key),
                None => self.at += 1,
            }
        }
    }
}

impl Drop for Hit<'_> {
    /// Goes on behind a waker or a callback that panicked.
    fn drop(&mut self) {
        while self.at <= self.rest.len() && !shim::doomed() {
            swallow(|| self.call());
        }
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        if shim::doomed() {
            return;
        }
        for spot in self.home.iter().chain(&self.links) {
            spot.leave();
        }
        let Some(extras) = self.extras.with(Option::take) else { return };
        if let Some(tree) = &extras.tree {
            tree.leave(ROOT);
        }
        // From here on it is other people's code: a timer, and what callbacks hold.
        let Extras { tree: _, why, callbacks, timer } = *extras;
        swallow(|| {
            if let Some((timer, key)) = timer {
                timer.cancel(key);
            }
        });
        for (_, callback) in callbacks {
            swallow(|| drop(callback));
        }
        swallow(|| drop(why));
    }
}

impl fmt::Debug for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Node").field("reason", &self.reason()).finish_non_exhaustive()
    }
}
