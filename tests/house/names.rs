//! The names in the README: each is there, or this does not compile. The tests in `house.rs` and
//! `readme.rs` hold the two lists together.

const _: () = {
    #[expect(unused_imports, reason = "it is there")]
    use selvedge::channel::broadcast;
    #[expect(unused_imports, reason = "it is there")]
    use selvedge::channel::mpmc;
    #[expect(unused_imports, reason = "it is there")]
    use selvedge::channel::mpsc;
    #[expect(unused_imports, reason = "it is there")]
    use selvedge::channel::oneshot;
    #[expect(unused_imports, reason = "it is there")]
    use selvedge::channel::pipe;
    #[expect(unused_imports, reason = "it is there")]
    use selvedge::channel::queue;
    #[expect(unused_imports, reason = "it is there")]
    use selvedge::channel::select;
    #[expect(unused_imports, reason = "it is there")]
    use selvedge::channel::watch;
    #[expect(unused_imports, reason = "it is there")]
    use selvedge::context::CancellationToken;
    #[expect(unused_imports, reason = "it is there")]
    use selvedge::context::Futures;
    #[expect(unused_imports, reason = "it is there")]
    use selvedge::context::Guard;
    #[expect(unused_imports, reason = "it is there")]
    use selvedge::context::Handle;
    #[expect(unused_imports, reason = "it is there")]
    use selvedge::context::Shutdown;
    #[expect(unused_imports, reason = "it is there")]
    use selvedge::context::Smol;
    #[expect(unused_imports, reason = "it is there")]
    use selvedge::context::Stack;
    #[expect(unused_imports, reason = "it is there")]
    use selvedge::context::TaskGroup;
    #[expect(unused_imports, reason = "it is there")]
    use selvedge::context::TaskTracker;
    #[expect(unused_imports, reason = "it is there")]
    use selvedge::context::Threads;
    #[expect(unused_imports, reason = "it is there")]
    use selvedge::context::Tokio;
    #[expect(unused_imports, reason = "it is there")]
    use selvedge::context::as_completed;
    #[expect(unused_imports, reason = "it is there")]
    use selvedge::context::cpu;
    #[expect(unused_imports, reason = "it is there")]
    use selvedge::context::decorate::Backoff;
    #[expect(unused_imports, reason = "it is there")]
    use selvedge::context::decorate::Breaker;
    #[expect(unused_imports, reason = "it is there")]
    use selvedge::context::decorate::Budget;
    #[expect(unused_imports, reason = "it is there")]
    use selvedge::context::decorate::Cached;
    #[expect(unused_imports, reason = "it is there")]
    use selvedge::context::decorate::Debounce;
    #[expect(unused_imports, reason = "it is there")]
    use selvedge::context::decorate::Flight;
    #[expect(unused_imports, reason = "it is there")]
    use selvedge::context::decorate::Hedge;
    #[expect(unused_imports, reason = "it is there")]
    use selvedge::context::decorate::Instrument;
    #[expect(unused_imports, reason = "it is there")]
    use selvedge::context::decorate::KeyedRateLimit;
    #[expect(unused_imports, reason = "it is there")]
    use selvedge::context::decorate::Limit;
    #[expect(unused_imports, reason = "it is there")]
    use selvedge::context::decorate::RateLimit;
    #[expect(unused_imports, reason = "it is there")]
    use selvedge::context::decorate::Retry;
    #[expect(unused_imports, reason = "it is there")]
    use selvedge::context::decorate::Shed;
    #[expect(unused_imports, reason = "it is there")]
    use selvedge::context::decorate::Throttle;
    #[expect(unused_imports, reason = "it is there")]
    use selvedge::context::decorate::Timed;
    #[expect(unused_imports, reason = "it is there")]
    use selvedge::context::decorate::Trace;
    #[expect(unused_imports, reason = "it is there")]
    use selvedge::context::decorate::buffer;
    #[expect(unused_imports, reason = "it is there")]
    use selvedge::context::decorate::op;
    #[expect(unused_imports, reason = "it is there")]
    use selvedge::context::for_each_limit;
    #[expect(unused_imports, reason = "it is there")]
    use selvedge::context::join_all;
    #[expect(unused_imports, reason = "it is there")]
    use selvedge::context::race;
    #[expect(unused_imports, reason = "it is there")]
    use selvedge::context::remote;
    #[expect(unused_imports, reason = "it is there")]
    use selvedge::context::scope;
    #[expect(unused_imports, reason = "it is there")]
    use selvedge::context::select;
    #[expect(unused_imports, reason = "it is there")]
    use selvedge::context::shield;
    #[expect(unused_imports, reason = "it is there")]
    use selvedge::context::spawn_on;
    #[expect(unused_imports, reason = "it is there")]
    use selvedge::context::to_thread;
    #[expect(unused_imports, reason = "it is there")]
    use selvedge::context::try_join_all;
    #[expect(unused_imports, reason = "it is there")]
    use selvedge::context::wait;
    #[expect(unused_imports, reason = "it is there")]
    use selvedge::context::with;
    #[expect(unused_imports, reason = "it is there")]
    use selvedge::sync::AutoResetEvent;
    #[expect(unused_imports, reason = "it is there")]
    use selvedge::sync::Barrier;
    #[expect(unused_imports, reason = "it is there")]
    use selvedge::sync::BoundedSemaphore;
    #[expect(unused_imports, reason = "it is there")]
    use selvedge::sync::CapacityLimiter;
    #[expect(unused_imports, reason = "it is there")]
    use selvedge::sync::Completion;
    #[expect(unused_imports, reason = "it is there")]
    use selvedge::sync::Condvar;
    #[expect(unused_imports, reason = "it is there")]
    use selvedge::sync::CyclicBarrier;
    #[expect(unused_imports, reason = "it is there")]
    use selvedge::sync::DeadlineExt;
    #[expect(unused_imports, reason = "it is there")]
    use selvedge::sync::Event;
    #[expect(unused_imports, reason = "it is there")]
    use selvedge::sync::KeyedMutex;
    #[expect(unused_imports, reason = "it is there")]
    use selvedge::sync::Latch;
    #[expect(unused_imports, reason = "it is there")]
    use selvedge::sync::Lazy;
    #[expect(unused_imports, reason = "it is there")]
    use selvedge::sync::Mutex;
    #[expect(unused_imports, reason = "it is there")]
    use selvedge::sync::Notify;
    #[expect(unused_imports, reason = "it is there")]
    use selvedge::sync::Once;
    #[expect(unused_imports, reason = "it is there")]
    use selvedge::sync::OnceCell;
    #[expect(unused_imports, reason = "it is there")]
    use selvedge::sync::OnceMap;
    #[expect(unused_imports, reason = "it is there")]
    use selvedge::sync::Phaser;
    #[expect(unused_imports, reason = "it is there")]
    use selvedge::sync::RwLock;
    #[expect(unused_imports, reason = "it is there")]
    use selvedge::sync::Semaphore;
    #[expect(unused_imports, reason = "it is there")]
    use selvedge::sync::SetOnce;
    #[expect(unused_imports, reason = "it is there")]
    use selvedge::sync::WaitGroup;
    #[expect(unused_imports, reason = "it is there")]
    use selvedge::time::AsyncIoTimer;
    #[expect(unused_imports, reason = "it is there")]
    use selvedge::time::Deadline;
    #[expect(unused_imports, reason = "it is there")]
    use selvedge::time::DelayQueue;
    #[expect(unused_imports, reason = "it is there")]
    use selvedge::time::TokioTimer;
    #[expect(unused_imports, reason = "it is there")]
    use selvedge::time::VirtualClock;
    #[expect(unused_imports, reason = "it is there")]
    use selvedge::time::chunks_timeout;
    #[expect(unused_imports, reason = "it is there")]
    use selvedge::time::interval;
    #[expect(unused_imports, reason = "it is there")]
    use selvedge::time::sleep;
    #[expect(unused_imports, reason = "it is there")]
    use selvedge::time::sleep_until;
    #[expect(unused_imports, reason = "it is there")]
    use selvedge::time::stream_debounce;
    #[expect(unused_imports, reason = "it is there")]
    use selvedge::time::stream_throttle;
    #[expect(unused_imports, reason = "it is there")]
    use selvedge::time::timeout;
    #[expect(unused_imports, reason = "it is there")]
    use selvedge::time::timeout_at;
};
