//! What the feature `diagnose` is told by the line; without it, nothing, at no cost.
//!
//! A [`Trace`] lives in each place in line and in each turn. It knows where in the code that was
//! asked for, and with the feature on it has a record in one table for all primitives: who waits,
//! who holds, and since when. The record goes with it.

#[cfg(any(not(feature = "diagnose"), selvedge_loom))]
pub use self::off::{Trace, moved};
#[cfg(all(feature = "diagnose", not(selvedge_loom)))]
pub use self::on::{Name, Record, Task, Trace, What, as_task, moved, records};

/// Nothing.
#[cfg(any(not(feature = "diagnose"), selvedge_loom))]
mod off {
    use core::task::Context;

    use super::super::{list::State, shim::Label};

    /// What is known of a place in line, or of a turn.
    #[derive(Debug)]
    pub struct Trace;

    impl Trace {
        /// The caller asks.
        #[inline(always)]
        pub const fn here() -> Self {
            Self
        }

        /// Lines up in front of `core`, with the node at `node`.
        #[inline(always)]
        pub fn waits<C: ?Sized>(&mut self, _: &C, _: Label, _: *const (), _: &Context<'_>) {}

        /// Has a turn of `core`: the trace of that.
        #[inline(always)]
        pub fn holds<C: ?Sized>(
            &mut self,
            _: &C,
            _: impl FnOnce() -> Label,
            _: Option<&Context<'_>>,
        ) -> Self {
            Self
        }
    }

    /// The node at `node` is about to change to `state`.
    #[inline(always)]
    pub fn moved(_: *const (), _: State) {}
}

/// The table.
#[cfg(all(feature = "diagnose", not(selvedge_loom)))]
mod on {
    use alloc::{collections::BTreeMap, string::String, sync::Arc, vec::Vec};
    use core::{cell::RefCell, panic::Location, task::Context};
    use std::{borrow::ToOwned, thread, thread_local, time::Instant};

    use super::super::{
        list::State,
        shim::{Label, Lock},
    };

    /// Who waits or holds.
    #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
    pub enum Task {
        /// One that was named.
        Named(Name),
        /// One that is known by its waker.
        Waker(usize),
        /// Whatever runs on the thread of that name.
        Thread(String),
    }

    /// The name of a task, and which of those of that name it is.
    #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
    pub struct Name {
        /// The name.
        pub name: Arc<str>,
        /// No two named tasks have the same.
        pub number: u64,
    }

    /// What it does.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum What {
        /// Stands in line; since when it has had its turn, or was called, without a look.
        Waits(Option<Instant>),
        /// Has a turn.
        Holds,
    }

    /// A line of the table.
    #[derive(Clone, Debug)]
    pub struct Record {
        /// Who.
        pub task: Task,
        /// Does what.
        pub what: What,
        /// Which primitive, by its place in memory.
        pub primitive: usize,
        /// What kind of primitive that is.
        pub kind: &'static str,
        /// Where in the code it was asked for.
        pub at: &'static Location<'static>,
        /// Since when.
        pub since: Instant,
    }

    struct Table {
        next: u64,
        records: BTreeMap<u64, Record>,
        /// The records of those in line, by their nodes.
        nodes: BTreeMap<usize, u64>,
    }

    /// Taken inside of the lines' locks, and itself the last: no code but the table's own runs in it.
    static TABLE: Lock<Table> =
        Lock::new(Table { next: 1, records: BTreeMap::new(), nodes: BTreeMap::new() });

    thread_local! {
        static TASK: RefCell<Option<Name>> = const { RefCell::new(None) };
    }

    /// Runs `f` as the task of that name.
    pub fn as_task<R>(name: &Name, f: impl FnOnce() -> R) -> R {
        struct Restore(Option<Name>);
        impl Drop for Restore {
            fn drop(&mut self) {
                let _ = TASK.try_with(|task| *task.borrow_mut() = self.0.take());
            }
        }
        let _restore = Restore(TASK.with(|task| task.borrow_mut().replace(name.clone())));
        f()
    }

    fn current(cx: Option<&Context<'_>>) -> Task {
        let named = TASK.try_with(|task| task.borrow().clone()).ok().flatten();
        let waker = cx.map(|cx| cx.waker().data().addr()).filter(|waker| *waker != 0);
        match (named, waker) {
            (Some(name), _) => Task::Named(name),
            (None, Some(waker)) => Task::Waker(waker),
            (None, None) => {
                let thread = thread::current();
                Task::Thread(thread.name().unwrap_or("without a name").to_owned())
            }
        }
    }

    /// A copy of the table, in the order in which its lines began.
    pub fn records() -> Vec<Record> {
        TABLE.with(|table| table.records.values().cloned().collect())
    }

    /// What is known of a place in line, or of a turn.
    #[derive(Debug)]
    pub struct Trace {
        at: &'static Location<'static>,
        /// Its record and its node, or 0 for none.
        record: u64,
        node: usize,
    }

    impl Trace {
        /// The caller asks.
        #[track_caller]
        pub fn here() -> Self {
            Self { at: Location::caller(), record: 0, node: 0 }
        }

        fn note(&mut self, record: Record, node: usize) {
            self.forget();
            self.node = node;
            self.record = TABLE.with(|table| {
                let number = table.next;
                table.next += 1;
                table.records.insert(number, record);
                if node != 0 {
                    table.nodes.insert(node, number);
                }
                number
            });
        }

        fn forget(&mut self) {
            if self.record != 0 {
                let gone = TABLE.with(|table| {
                    table.nodes.remove(&self.node);
                    table.records.remove(&self.record)
                });
                drop(gone);
                self.record = 0;
                self.node = 0;
            }
        }

        /// Lines up in front of `core`, with the node at `node`.
        pub fn waits<C: ?Sized>(
            &mut self,
            core: &C,
            label: Label,
            node: *const (),
            cx: &Context<'_>,
        ) {
            let record = Record {
                task: current(Some(cx)),
                what: What::Waits(None),
                primitive: core::ptr::from_ref(core).addr(),
                kind: label.kind(),
                at: self.at,
                since: Instant::now(),
            };
            self.note(record, node.addr());
        }

        /// Has a turn of `core`: the trace of that.
        pub fn holds<C: ?Sized>(
            &mut self,
            core: &C,
            label: impl FnOnce() -> Label,
            cx: Option<&Context<'_>>,
        ) -> Self {
            self.forget();
            let mut held = Self { at: self.at, record: 0, node: 0 };
            let record = Record {
                task: current(cx),
                what: What::Holds,
                primitive: core::ptr::from_ref(core).addr(),
                kind: label().kind(),
                at: self.at,
                since: Instant::now(),
            };
            held.note(record, 0);
            held
        }
    }

    impl Drop for Trace {
        fn drop(&mut self) {
            self.forget();
        }
    }

    /// The node at `node` is about to change to `state`.
    pub fn moved(node: *const (), state: State) {
        TABLE.with(|table| {
            let record = table.nodes.get(&node.addr()).and_then(|n| table.records.get_mut(n));
            if let Some(record) = record {
                let came = matches!(state, State::Granted | State::Called);
                record.what = What::Waits(came.then(Instant::now));
            }
        });
    }
}
