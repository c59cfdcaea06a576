//! What the documentation promises, one file a primitive, through the public API.
//!
//! Everything is polled by hand, with wakers that count. Nothing sleeps, and no test needs luck.
//! Numbers are those of the list of behaviours that the project keeps (`Semantics 4`).
#![cfg(not(selvedge_loom))]

mod auto_reset_event;
mod auto_traits;
mod barrier;
mod bounded_semaphore;
mod broadcast;
mod cancel;
mod capacity_limiter;
mod chunks_timeout;
mod combine;
mod completion;
mod condvar;
mod cyclic_barrier;
mod deadline;
mod decorate;
mod delay_queue;
mod drop_in;
mod event;
mod execute;
mod guard;
mod guards;
mod handle;
mod harness;
mod host;
mod interval;
mod keyed_mutex;
mod latch;
mod lazy;
mod mpmc;
mod mpsc;
mod mutex;
mod notify;
mod offload;
mod once;
mod once_cell;
mod once_map;
mod oneshot;
mod permits;
mod phaser;
mod pipe;
mod queue;
mod reschedule;
mod rwlock;
mod scope;
mod select;
mod semaphore;
mod set_once;
mod shield;
mod shutdown;
mod signal;
mod sleep;
mod stack;
mod stream_debounce;
mod stream_throttle;
mod sweep;
mod task_group;
mod timeout;
mod tracker;
mod r#virtual;
mod wait_group;
mod wakers;
mod watch;
