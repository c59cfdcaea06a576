use std::{
    future::{pending, poll_fn, ready as ready_with},
    pin::pin,
    sync::Arc,
    task::Poll,
    time::Duration,
};

use selvedge::time::{Deadline, Elapsed, Timer, VirtualClock, never, sleep_on};

use crate::{
    harness::{Meddler, PollWith, Spy, Watched, growth, panics, poll, ready},
    sleep::seasoned,
    sweep::{Report, Swept},
};

const SECOND: Duration = Duration::from_secs(1);

/// It leaves a waker with the timer and one with the deadline: the shapes that count them are in tests
/// of their own.
pub(crate) fn sweep(report: Report<'_>) {
    let swept = Swept {
        name: "Limited",
        make: seasoned,
        wait: |clock: &Arc<VirtualClock>| {
            let deadline = Deadline::after_on(VirtualClock::clone(clock), SECOND);
            let limited = deadline.limit(pending::<()>());
            Box::pin(async { limited.await.is_err() })
        },
        free: |clock| clock.advance(SECOND),
        waiting: VirtualClock::waiting,
        is_free: |clock| clock.waiting() == 0,
        close: None,
    };
    report(swept.name, "1 cancel at every poll", swept.cancel_at_every_poll());
    report(swept.name, "2 handles dropped in parallel", swept.drop_handles_in_parallel());
}

/// Semantics 104.
#[test]
fn it_moves_earlier_later_and_to_never_and_tells_the_truth() {
    let clock = VirtualClock::new();
    let start = clock.now();
    let deadline = Deadline::after_on(clock.clone(), 10 * SECOND);
    assert_eq!(deadline.when(), Some(start + 10 * SECOND));
    let watched = Watched::new();
    let mut limited = pin!(deadline.limit(pending::<()>()));
    assert!(watched.poll(limited.as_mut()).is_pending());

    deadline.reschedule(start + 20 * SECOND);
    assert_eq!(watched.woken(), 0, "later wakes nobody");
    clock.advance(15 * SECOND);
    assert!(watched.poll(limited.as_mut()).is_pending());
    assert!(!deadline.is_expired());

    deadline.reschedule(never());
    assert_eq!(deadline.when(), None);
    clock.advance(1_000_000 * SECOND);
    assert!(watched.poll(limited.as_mut()).is_pending());
    assert!(!deadline.is_expired());

    let before = watched.woken();
    deadline.reschedule_after(SECOND);
    assert_eq!(watched.woken(), before + 1, "earlier wakes");
    assert!(watched.poll(limited.as_mut()).is_pending());
    clock.advance(SECOND);
    assert_eq!(watched.woken(), before + 2);
    assert!(deadline.is_expired());
    assert_eq!(watched.poll(limited.as_mut()), Poll::Ready(Err(Elapsed)));
    assert_eq!((watched.kept(), clock.waiting()), (0, 0));

    // What has ended stays so; who comes later sees the deadline as it is by then.
    deadline.reschedule_after(SECOND);
    assert!(!deadline.is_expired());
    assert!(poll(pin!(deadline.limit(pending::<()>()))).is_pending());
}

#[test]
fn the_work_may_move_its_own_deadline() {
    let clock = VirtualClock::new();
    let start = clock.now();
    let deadline = Deadline::after_on(clock.clone(), SECOND);
    let (handle, inside) = (deadline.clone(), clock.clone());
    let work = async move {
        for _ in 0..10 {
            sleep_on(&inside, SECOND / 2).await;
            handle.reschedule_after(SECOND);
        }
        pending::<()>().await;
    };
    let ended = pollster::block_on(clock.auto_advance(deadline.limit(work)));
    assert_eq!((ended, clock.now() - start), (Err(Elapsed), 6 * SECOND));
}

#[test]
fn one_deadline_ends_many() {
    let clock = VirtualClock::new();
    let deadline = Deadline::at_on(clock.clone(), never());
    let watched: Vec<_> = (0..100).map(|_| Watched::new()).collect();
    let mut limited: Vec<_> = (0..100).map(|_| Box::pin(deadline.limit(pending::<()>()))).collect();
    for (watched, limited) in watched.iter().zip(&mut limited) {
        assert!(watched.poll(limited.as_mut()).is_pending());
    }
    drop(limited.remove(7));
    deadline.reschedule(clock.now());
    let woken = watched.iter().map(Watched::woken).sum::<usize>();
    assert_eq!((woken, watched[7].kept()), (99, 0));
    for limited in &mut limited {
        assert_eq!(ready(limited.as_mut()), Err(Elapsed));
    }
    assert_eq!(clock.waiting(), 0);
}

/// Semantics 98, 99 and 100.
#[test]
fn it_ends_as_a_timeout_does() {
    let clock = VirtualClock::new();
    let past = Deadline::at_on(clock.clone(), clock.now());
    assert_eq!(ready(pin!(past.limit(ready_with(1)))), Ok(1));
    let alive = Arc::new(());
    let inner = alive.clone();
    let mut limited = pin!(past.limit(async move {
        let _inner = inner;
        pending::<()>().await;
    }));
    assert_eq!(ready(limited.as_mut()), Err(Elapsed));
    assert_eq!(Arc::strong_count(&alive), 1);
    assert!(panics(|| _ = poll(limited.as_mut())), "polled after completion");
}

/// A waker that moves the deadline when it is touched, one that panics, and one that comes and
/// goes: nothing is held, nobody is lost, nothing grows.
#[test]
fn wakers_may_do_anything() {
    let clock = VirtualClock::new();
    let deadline = Deadline::at_on(clock.clone(), never());
    let inside = deadline.clone();
    let (spy, waker) = Spy::new(move |_| {
        let _ = inside.when();
        inside.reschedule(never());
    });
    let mut first = Box::pin(deadline.limit(pending::<()>()));
    assert!(first.as_mut().poll_with(&waker).is_pending());
    assert!(poll(first.as_mut()).is_pending());
    assert_eq!(spy.seen(), [2, 0, 2]);

    let panicking = Meddler::waker(|| panic!("on purpose"), || ());
    assert!(first.as_mut().poll_with(&panicking).is_pending());
    let watched = Watched::new();
    let mut second = Box::pin(deadline.limit(pending::<()>()));
    assert!(watched.poll(second.as_mut()).is_pending());
    assert!(panics(|| deadline.reschedule(clock.now())));
    assert_eq!(watched.woken(), 1);
    assert_eq!(watched.poll(second.as_mut()), Poll::Ready(Err(Elapsed)));
    drop((first, second));

    deadline.reschedule(never());
    let cancel = || {
        let mut passing = pin!(deadline.limit(pending::<()>()));
        assert!(watched.poll(passing.as_mut()).is_pending());
    };
    (0..1000).for_each(|_| cancel());
    assert_eq!(growth(|| (0..10_000).for_each(|_| cancel())), 0);
    assert_eq!((watched.kept(), clock.waiting()), (0, 0));
}

/// A deadline that is moved by a thread ends the wait on the thread timer.
#[test]
fn another_thread_moves_it() {
    let deadline = Deadline::never();
    let handle = deadline.clone();
    let mover = std::thread::spawn(move || handle.reschedule_after(Duration::from_millis(2)));
    let limited = deadline.limit(pending::<()>());
    assert_eq!(pollster::block_on(limited), Err(Elapsed));
    mover.join().unwrap();
    assert!(Deadline::at(std::time::Instant::now()).is_expired());
    assert!(!Deadline::after(3600 * SECOND).is_expired());
    assert!(format!("{deadline:?}").starts_with("Deadline { when: Some("));
    let mut busy = pin!(deadline.limit(poll_fn(|_| Poll::<()>::Pending)));
    assert_eq!(ready(busy.as_mut()), Err(Elapsed));
}
