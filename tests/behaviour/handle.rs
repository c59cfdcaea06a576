//! A task in two halves.

use std::{
    cell::RefCell,
    future::{pending, poll_fn, ready},
    pin::{Pin, pin},
    rc::Rc,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
    },
    task::Poll,
};

use selvedge::context::{Execute, Handle, JoinError, remote, spawn_on};

use crate::{
    harness::{Meddler, PollWith, Watched, allocations, growth, panics, poll, ready as now},
    sweep::Report,
};

/// Runs its tasks when told to, on this thread.
#[derive(Clone, Default)]
pub(crate) struct Manual(Rc<RefCell<Vec<Task>>>);

type Task = Pin<Box<dyn Future<Output = ()>>>;

impl<F: Future<Output = ()> + 'static> Execute<F> for Manual {
    fn execute(&self, future: F) {
        self.0.borrow_mut().push(Box::pin(future));
    }
}

impl Manual {
    /// Polls every task once.
    pub(crate) fn run(&self) {
        let tasks = std::mem::take(&mut *self.0.borrow_mut());
        for mut task in tasks {
            if poll(task.as_mut()).is_pending() {
                self.0.borrow_mut().push(task);
            }
        }
    }

    /// How many tasks it has.
    pub(crate) fn len(&self) -> usize {
        self.0.borrow().len()
    }

    /// Drops its tasks, as an executor that shuts down.
    pub(crate) fn die(&self) {
        let tasks = std::mem::take(&mut *self.0.borrow_mut());
        drop(tasks);
    }
}

/// Counts how often it is dropped.
#[derive(Clone, Default)]
pub(crate) struct Drops(Arc<AtomicUsize>);

impl Drops {
    pub(crate) fn count(&self) -> usize {
        self.0.load(SeqCst)
    }

    /// What counts when it is dropped.
    pub(crate) fn guard(&self) -> impl Drop + Send + Sync + use<> {
        struct Guard(Drops);
        impl Drop for Guard {
            fn drop(&mut self) {
                self.0.0.fetch_add(1, SeqCst);
            }
        }
        Guard(self.clone())
    }
}

#[test]
fn the_output_comes_to_the_handle() {
    let executor = Manual::default();
    let mut handle = spawn_on(&executor, async { Rc::new(7) });
    let watched = Watched::new();
    assert!(watched.poll(pin!(&mut handle)).is_pending());
    assert!(!handle.is_finished());
    executor.run();
    assert_eq!(watched.woken(), 1);
    assert!(handle.is_finished());
    assert_eq!(*now(pin!(&mut handle)).unwrap(), 7);
}

#[test]
fn one_allocation_is_ours() {
    let mut made = None;
    assert_eq!(allocations(|| made = Some(remote(ready([0_u8; 4096])))), 1);
    let (task, handle) = made.unwrap();
    // The future lies in the half that runs, once.
    assert!(size_of_val(&task) < 4096 + 2 * 64);
    assert_eq!(allocations(|| now(pin!(task))), 0);
    assert_eq!(allocations(|| drop(now(pin!(handle)))), 0);
}

#[test]
fn dropping_the_handle_aborts() {
    let executor = Manual::default();
    let drops = Drops::default();
    let guard = drops.guard();
    let handle = spawn_on(&executor, async move {
        let _guard = guard;
        pending::<()>().await;
    });
    executor.run();
    drop(handle);
    assert_eq!((drops.count(), executor.len()), (0, 1), "it is dropped on its executor");
    executor.run();
    assert_eq!((drops.count(), executor.len()), (1, 0));
}

#[test]
fn a_task_that_is_aborted_is_woken() {
    let (task, handle) = remote(pending::<()>());
    let mut task = pin!(task);
    let watched = Watched::new();
    assert!(watched.poll(task.as_mut()).is_pending());
    handle.abort();
    handle.abort();
    assert_eq!(watched.woken(), 1);
    assert!(watched.poll(task.as_mut()).is_ready());
    assert!(matches!(now(pin!(handle)), Err(JoinError::Aborted)));
}

#[test]
fn a_task_that_is_aborted_first_is_never_polled() {
    let polled = Rc::new(AtomicBool::new(false));
    let seen = polled.clone();
    let (task, handle) = remote(async move { seen.store(true, SeqCst) });
    handle.abort();
    now(pin!(task));
    assert!(now(pin!(handle)).unwrap_err().is_aborted());
    assert!(!polled.load(SeqCst));
}

#[test]
fn an_output_that_is_there_survives_an_abort() {
    let (task, handle) = remote(ready(7));
    now(pin!(task));
    handle.abort();
    assert_eq!(now(pin!(handle)).unwrap(), 7);
}

#[test]
fn detached_it_goes_on() {
    let executor = Manual::default();
    let done = Rc::new(AtomicBool::new(false));
    let seen = done.clone();
    let mut first = true;
    let handle = spawn_on(&executor, async move {
        poll_fn(|_| if std::mem::take(&mut first) { Poll::Pending } else { Poll::Ready(()) }).await;
        seen.store(true, SeqCst);
    });
    executor.run();
    handle.detach();
    executor.run();
    assert!(done.load(SeqCst));
}

/// A panic is carried, and has its text.
#[test]
fn a_panic_comes_to_the_handle() {
    let executor = Manual::default();
    let handle = spawn_on(&executor, async { panic!("thread {} is torn", 7) });
    assert!(!panics(|| executor.run()));
    let error: JoinError = now(pin!(handle)).unwrap_err();
    assert_eq!(error.to_string(), "the task panicked: thread 7 is torn");
    let JoinError::Panicked(panic) = error else { unreachable!() };
    assert_eq!(panic.message(), Some("thread 7 is torn"));
    assert!(panics(|| panic.resume()));
}

#[test]
fn a_destructor_that_panics_comes_to_the_handle() {
    struct Bad;
    impl Drop for Bad {
        fn drop(&mut self) {
            panic!("on purpose");
        }
    }
    let executor = Manual::default();
    for dies in [false, true] {
        let handle = spawn_on(&executor, async {
            let _bad = Bad;
            pending::<()>().await;
        });
        executor.run();
        assert!(!panics(|| if dies { executor.die() } else { handle.abort() }));
        assert!(!panics(|| executor.run()));
        assert!(now(pin!(handle)).unwrap_err().is_panic(), "dies: {dies}");
    }
}

/// An executor that dies resolves its handles, after the futures have been dropped.
#[test]
fn a_dead_executor_resolves_its_handles() {
    let executor = Manual::default();
    let drops = Drops::default();
    let guard = drops.guard();
    let mut handle = spawn_on(&executor, async move {
        let _guard = guard;
        pending::<()>().await;
    });
    let watched = Watched::new();
    assert!(watched.poll(pin!(&mut handle)).is_pending());
    executor.die();
    assert_eq!((watched.woken(), drops.count()), (1, 1));
    assert!(matches!(now(pin!(handle)), Err(JoinError::Lost)));
    // One that never takes it.
    let handle = spawn_on(&drop, pending::<()>());
    assert!(matches!(now(pin!(handle)), Err(JoinError::Lost)));
}

#[test]
fn an_output_that_nobody_takes_is_dropped() {
    let drops = Drops::default();
    for handle_first in [true, false] {
        let before = drops.count();
        let guard = drops.guard();
        let (task, handle) = remote(ready(guard));
        if handle_first {
            handle.detach();
            now(pin!(task));
        } else {
            let mut task = Box::pin(task);
            now(task.as_mut());
            assert_eq!(drops.count(), before);
            drop(handle);
            assert_eq!(drops.count(), before + 1, "it does not wait for the task's half");
        }
        assert_eq!(drops.count(), before + 1);
    }
}

#[test]
fn wakers_may_do_anything() {
    // The handle's waker panics: the task's half has done its duty.
    let (task, mut handle) = remote(ready(7));
    let waker = Meddler::waker(|| panic!("on purpose"), || ());
    assert!(pin!(&mut handle).poll_with(&waker).is_pending());
    assert!(panics(|| now(pin!(task))));
    assert_eq!(now(pin!(handle)).unwrap(), 7);
    // The task's waker aborts once more, and looks.
    let (task, handle) = remote(pending::<()>());
    let handle = Arc::new(handle);
    let inside = handle.clone();
    let mut task = pin!(task);
    let waker = Meddler::waker(
        move || {
            inside.abort();
            assert!(!inside.is_finished());
        },
        || (),
    );
    assert!(task.as_mut().poll_with(&waker).is_pending());
    handle.abort();
    assert!(poll(task.as_mut()).is_ready());
    assert!(handle.is_finished());
}

#[test]
fn nothing_grows() {
    let (task, mut handle) = remote(pending::<()>());
    let (mut task, watched) = (pin!(task), Watched::new());
    assert!(watched.poll(task.as_mut()).is_pending());
    assert!(watched.poll(pin!(&mut handle)).is_pending());
    let grown = growth(|| {
        for _ in 0..1000 {
            assert!(watched.poll(task.as_mut()).is_pending());
            assert!(watched.poll(pin!(&mut handle)).is_pending());
        }
    });
    assert_eq!((grown, watched.woken(), watched.kept()), (0, 0, 2));
}

/// Both halves are dropped after each number of polls, in each order, here and on two threads.
pub(crate) fn sweep(report: Report<'_>) {
    let mut cases = 0;
    for (task_polls, handle_polls, stops) in
        (0..4).flat_map(|a| (0..4).flat_map(move |b| [false, true].map(|c| (a, b, c))))
    {
        for task_first in [false, true] {
            let (watched, drops) = (Watched::new(), Drops::default());
            let guard = drops.guard();
            let mut left = 2;
            let (task, handle) = remote(poll_fn(move |cx| {
                let _ = &guard;
                left -= 1;
                cx.waker().wake_by_ref();
                if left == 0 { Poll::Ready(7) } else { Poll::Pending }
            }));
            let (mut task, mut handle) = (Box::pin(task), Some(handle));
            let mut heard = None;
            let mut ended = false;
            for turn in 0..4 {
                if turn < task_polls && !ended {
                    ended = watched.poll(task.as_mut()).is_ready();
                }
                if let Some(waits) = handle.as_mut().filter(|_| turn < handle_polls) {
                    if let Poll::Ready(outcome) = watched.poll(pin!(waits)) {
                        heard = Some(outcome.is_ok());
                        handle = None;
                    }
                }
                if stops && turn == 0 {
                    handle.iter().for_each(Handle::abort);
                }
            }
            if task_first {
                drop(task);
                if let Some(handle) = handle {
                    heard = Some(now(pin!(handle)).is_ok());
                }
                assert_eq!(heard, Some(ended && !(stops && task_polls > 1)));
            } else {
                drop(handle);
                if !ended {
                    assert!(poll(task.as_mut()).is_ready() || heard.is_some());
                }
                drop(task);
            }
            assert_eq!((watched.kept(), drops.count()), (0, 1));
            cases += 1;
        }
    }
    report("handle", "1 cancel at every poll", cases);

    const ROUNDS: usize = 500;
    for _ in 0..ROUNDS {
        let drops = Drops::default();
        let guard = drops.guard();
        let (task, handle) = remote(ready(guard));
        let runs = std::thread::spawn(move || now(pin!(task)));
        drop(handle);
        runs.join().unwrap();
        assert_eq!(drops.count(), 1);
    }
    report("handle", "2 handles dropped in parallel", ROUNDS);
    wakers_may_do_anything();
    report("handle", "4 wakers that re-enter, panic", 2);
    nothing_grows();
    report("handle", "6 nothing grows", 1000);
}
