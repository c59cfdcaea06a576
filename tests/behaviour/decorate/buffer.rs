//! Calls that are made elsewhere.

use std::{
    cell::{Cell, RefCell},
    future::{Future, pending, poll_fn},
    pin::{Pin, pin},
    rc::Rc,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering::SeqCst},
    },
    task::Poll,
    thread,
};

use selvedge::context::decorate::{BufferClosed, CallError, buffer, op};

use super::{Failed, MS, Turned};
use crate::harness::{Watched, panics, poll, ready};

fn closed<R>(poll: &Poll<Result<R, Failed>>) -> bool {
    matches!(poll, Poll::Ready(Err(CallError::BufferClosed(BufferClosed))))
}

#[test]
fn the_driver_makes_the_calls_in_order() {
    let seen = RefCell::new(Vec::new());
    let (handle, driver) = buffer(
        op(async |n: u32| {
            seen.borrow_mut().push(n);
            Ok::<_, Failed>(2 * n)
        }),
        4,
        1,
    );
    let watched = Watched::new();
    let mut driver = pin!(driver);
    assert!(watched.poll(driver.as_mut()).is_pending());
    let callers = [Watched::new(), Watched::new()];
    let other = op(handle.clone());
    let (mut one, mut two) = (pin!(handle.call((1,))), pin!(other.call(2)));
    assert!(callers[0].poll(one.as_mut()).is_pending());
    assert!(callers[1].poll(two.as_mut()).is_pending());
    assert_eq!(handle.len(), 2);
    assert!(watched.woken() > 0);
    assert!(watched.poll(driver.as_mut()).is_pending());
    assert_eq!(callers.each_ref().map(Watched::woken), [1, 1]);
    assert_eq!((poll(one), poll(two)), (Poll::Ready(Ok(2)), Poll::Ready(Ok(4))));
    assert_eq!(*seen.borrow(), [1, 2]);
    assert!(handle.is_empty() && !handle.is_closed());
}

#[test]
fn the_queue_has_so_much_room() {
    let (handle, driver) = buffer(op(async |n: u32| Ok::<_, Failed>(n)), 2, 1);
    let mut calls: Vec<_> = (0..4).map(|n| Box::pin(handle.call((n,)))).collect();
    let watched = Watched::new();
    for call in &mut calls {
        assert!(watched.poll(call.as_mut()).is_pending());
    }
    assert_eq!(handle.len(), 2, "the others wait for room");
    let mut driver = pin!(driver);
    for _ in 0..3 {
        assert!(poll(driver.as_mut()).is_pending());
        calls.retain_mut(|call| poll(call.as_mut()).is_pending());
    }
    assert!(calls.is_empty());
}

/// As many at a time as was said; they wait for each other no more than that.
#[test]
fn so_many_run_at_a_time() {
    let (running, most) = (Cell::new(0), Cell::new(0));
    let gate = Cell::new(false);
    let function = op(async |n: u32| {
        running.set(running.get() + 1);
        most.set(most.get().max(running.get()));
        poll_fn(|_| if gate.get() { Poll::Ready(()) } else { Poll::Pending }).await;
        running.set(running.get() - 1);
        Ok::<_, Failed>(n)
    });
    let (handle, driver) = buffer(function, 8, 3);
    let mut calls: Vec<_> = (0..5).map(|n| Box::pin(handle.call((n,)))).collect();
    calls.retain_mut(|call| poll(call.as_mut()).is_pending());
    let mut driver = pin!(driver);
    assert!(poll(driver.as_mut()).is_pending());
    assert_eq!((running.get(), handle.len()), (3, 2));
    // Dropping a caller drops its call, and makes room for the next.
    drop(calls.remove(0));
    assert!(poll(driver.as_mut()).is_pending());
    assert_eq!(handle.len(), 1);
    assert_eq!(most.get(), 4, "the counter does not see that one was dropped");
}

/// A driver that makes one call at a time lets others run after some, however many there are.
#[test]
fn a_driver_gives_way() {
    let made = Cell::new(0);
    let count = op(async |_: u32| {
        made.set(made.get() + 1);
        Ok::<_, Failed>(())
    });
    let (handle, driver) = buffer(count, 1000, 1);
    let mut calls: Vec<_> = (0..1000).map(|n| Box::pin(handle.call((n,)))).collect();
    assert!(calls.iter_mut().all(|call| poll(call.as_mut()).is_pending()));
    let (mut driver, watched) = (pin!(driver), Watched::new());
    for polls in 1.. {
        assert!(watched.poll(driver.as_mut()).is_pending());
        if made.get() == 1000 {
            assert!(polls > 4, "all at once");
            break;
        }
        assert_eq!(watched.woken(), polls, "it asks for its next turn");
    }
    assert!(calls.iter_mut().all(|call| ready(call.as_mut()).is_ok()));
}

/// Semantics 126: a panic is its caller's, and the next call goes on.
#[test]
fn a_panic_is_carried_to_its_caller() {
    let function =
        op(async |n: u32| if n == 0 { panic!("on purpose") } else { Ok::<_, Failed>(n) });
    let (handle, driver) = buffer(function, 8, 2);
    let mut driver = pin!(driver);
    let (mut bad, mut good) = (Box::pin(handle.call((0,))), Box::pin(handle.call((1,))));
    assert!(poll(bad.as_mut()).is_pending());
    assert!(poll(good.as_mut()).is_pending());
    assert!(!panics(|| assert!(poll(driver.as_mut()).is_pending())));
    let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| poll(bad.as_mut())));
    assert_eq!(*caught.unwrap_err().downcast_ref::<&str>().unwrap(), "on purpose");
    assert_eq!(poll(good.as_mut()), Poll::Ready(Ok(1)));
}

/// Whoever is in the queue, at work, waits for room, or comes later: everybody is told.
#[test]
fn a_dropped_driver_tells_its_callers() {
    let (handle, driver) = buffer(op(async |_: u32| pending::<Result<(), Failed>>().await), 1, 1);
    let mut driver = Box::pin(driver);
    let watched: [_; 3] = core::array::from_fn(|_| Watched::new());
    let mut calls: Vec<_> = (0..3).map(|n| Box::pin(handle.call((n,)))).collect();
    assert!(watched[0].poll(calls[0].as_mut()).is_pending());
    assert!(poll(driver.as_mut()).is_pending());
    for at in 1..3 {
        assert!(watched[at].poll(calls[at].as_mut()).is_pending());
    }
    drop(driver);
    for (watched, call) in watched.iter().zip(&mut calls) {
        assert_eq!(watched.woken(), 1);
        assert!(closed(&poll(call.as_mut())));
    }
    assert!(handle.is_closed());
    assert!(closed(&poll(pin!(handle.call((9,))))));
}

/// The driver ends once nobody can call any more, and what was called is done.
#[test]
fn the_driver_ends_with_its_handles() {
    let calls = Cell::new(0);
    let (handle, driver) = buffer(
        op(async |_: u32| {
            calls.set(calls.get() + 1);
            Ok::<_, Failed>(())
        }),
        2,
        1,
    );
    let other = handle.clone();
    let watched = Watched::new();
    let mut driver = pin!(driver);
    assert!(watched.poll(driver.as_mut()).is_pending());
    drop(handle);
    assert_eq!(watched.woken(), 0);
    drop(other);
    assert_eq!(watched.woken(), 1);
    assert!(poll(driver).is_ready());
    assert_eq!(calls.get(), 0);
}

#[test]
fn a_cancelled_call_is_not_made() {
    let made = RefCell::new(Vec::new());
    let dropped = Cell::new(0);
    struct Guard<'a>(&'a Cell<u32>);
    impl Drop for Guard<'_> {
        fn drop(&mut self) {
            self.0.set(self.0.get() + 1);
        }
    }
    let function = op(async |n: u32| {
        made.borrow_mut().push(n);
        let _guard = Guard(&dropped);
        pending::<Result<(), Failed>>().await
    });
    let (handle, driver) = buffer(function, 8, 1);
    let watched = Watched::new();
    let mut driver = pin!(driver);
    let (mut inside, mut queued) = (Box::pin(handle.call((1,))), Box::pin(handle.call((2,))));
    assert!(poll(inside.as_mut()).is_pending());
    assert!(poll(queued.as_mut()).is_pending());
    assert!(watched.poll(driver.as_mut()).is_pending());
    drop(queued);
    let before = watched.woken();
    drop(inside);
    assert!(watched.woken() > before, "the driver is told");
    assert!(watched.poll(driver.as_mut()).is_pending());
    assert_eq!((made.take(), dropped.get()), (vec![1], 1));
}

#[test]
fn a_buffer_of_nothing_is_refused() {
    let function = || op(async |n: u32| Ok::<_, Failed>(n));
    assert!(panics(|| drop(buffer(function(), 0, 1))));
    assert!(panics(|| drop(buffer(function(), 1, 0))));
}

/// What must not leave its thread is called from others.
#[test]
fn a_function_that_stays_on_its_thread_serves_others() {
    let (handle, driver) = {
        let total = Rc::new(Cell::new(0));
        buffer(
            op(async move |n: u32| {
                total.set(total.get() + n);
                Ok::<_, Failed>(total.get())
            }),
            2,
            1,
        )
    };
    let sum = Arc::new(AtomicU32::new(0));
    let threads: Vec<_> = (0..3)
        .map(|_| {
            let (handle, sum) = (handle.clone(), sum.clone());
            thread::spawn(move || {
                for _ in 0..100 {
                    let total = pollster::block_on(handle.call((1,))).unwrap();
                    sum.fetch_max(total, SeqCst);
                }
            })
        })
        .collect();
    drop(handle);
    pollster::block_on(driver);
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    assert_eq!(sum.load(SeqCst), 300);
}

/// In front of a buffer stands a chain like in front of any function.
#[test]
fn a_buffer_is_decorated_like_a_function() {
    let time = Turned::new();
    let (handle, driver) = buffer(op(async |n: u32| Ok::<_, Failed>(n)), 1, 1);
    let call = op(handle).with_time(time.clone()).timeout(MS);
    let mut late = pin!(call.call(1));
    assert!(poll(late.as_mut()).is_pending());
    time.turn(MS);
    assert!(matches!(ready(late), Err(CallError::Elapsed(_))));
    fn is_send<F: Future + Send>(future: F) -> F {
        future
    }
    let mut driver: Pin<Box<dyn Future<Output = ()> + Send>> = Box::pin(is_send(driver));
    assert!(poll(driver.as_mut()).is_pending());
}
