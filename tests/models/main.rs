//! What must hold in every interleaving, one file a primitive, checked by loom.
//!
//! `cargo xtask models` runs them. Each says what turns it red, and has been seen red.
#![cfg(selvedge_loom)]

mod auto_reset_event;
mod barrier;
mod bounded_semaphore;
mod breaker;
mod broadcast;
mod cancel;
mod capacity_limiter;
mod combine;
mod completion;
mod condvar;
mod cyclic_barrier;
mod deadline;
mod delay_queue;
mod event;
mod execute;
mod guard;
mod handle;
mod interval;
mod keyed_mutex;
mod latch;
mod lazy;
mod model;
mod mpmc;
mod mpsc;
mod mutex;
mod notify;
mod offload;
mod once;
mod once_cell;
mod once_map;
mod oneshot;
mod phaser;
mod pipe;
mod queue;
mod rate_limit;
mod reschedule;
mod retry;
mod runner;
mod rwlock;
mod scope;
mod select;
mod semaphore;
mod set_once;
mod shield;
mod shutdown;
mod sleep;
mod stack;
mod task_group;
mod timeout;
mod tracker;
mod r#virtual;
mod wait_group;
mod watch;
