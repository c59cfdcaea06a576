//! Who may cross threads, move and unwind; and how large it is: tables, one file a primitive.
//!
//! A change of a size is a change to be seen: `cargo test sizes -- --nocapture` prints them.

use std::{cell::Cell, error::Error, fmt::Debug, marker::PhantomData, rc::Rc};

/// Neither Send nor Sync; Send alone; both; Sync alone.
type NN = Rc<u8>;
type YN = Cell<u8>;
type YY = u8;
type NY = std::sync::MutexGuard<'static, u8>;

trait No {
    const IS: bool = false;
}
impl<T: ?Sized> No for T {}

macro_rules! probes {
    ($($probe:ident: $bound:path;)*) => {$(
        struct $probe<T: ?Sized>(PhantomData<T>);
        impl<T: ?Sized + $bound> $probe<T> {
            const IS: bool = true;
        }
    )*};
}
probes! { IsSend: Send; IsSync: Sync; IsUnpin: Unpin; }

/// `Type: 1 1 1;`: whether it is Send, Sync and Unpin.
macro_rules! send_sync_unpin {
    ($($type:ty: $send:literal $sync:literal $unpin:literal;)*) => {$(
        assert_eq!(
            [<IsSend<$type>>::IS, <IsSync<$type>>::IS, <IsUnpin<$type>>::IS].map(u8::from),
            [$send, $sync, $unpin],
            "Send, Sync and Unpin of {}",
            stringify!($type),
        );
    )*};
}

/// `Type: n;`: it has at most `n` words.
macro_rules! at_most {
    ($($type:ty: $words:literal;)*) => {$(
        let (size, most) = (size_of::<$type>(), $words * size_of::<usize>());
        println!("{:<50} {size:>4} of {most:>4} bytes", stringify!($type));
        assert!(size <= most, "{} has {size} bytes", stringify!($type));
    )*};
}

fn unwinds<T: std::panic::UnwindSafe + std::panic::RefUnwindSafe>() {}

fn is_error<E: Error + Debug + Send + Sync + Clone + Eq + 'static>() {}

mod auto_reset_event;
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
mod event;
mod guard;
mod handle;
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
mod sleep;
mod stack;
mod stream_debounce;
mod stream_throttle;
mod task_group;
mod timeout;
mod tracker;
mod r#virtual;
mod wait_group;
mod watch;
