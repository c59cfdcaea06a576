//! What `diagnose` sees, of every primitive that stands on the line.
#![cfg(not(selvedge_loom))]

use std::{
    future::{Future, pending},
    pin::{Pin, pin},
    sync::{Mutex as StdMutex, MutexGuard as StdGuard, PoisonError},
    task::{Context, Poll, Waker},
    time::Duration,
};

use selvedge_sync::{Condvar, Latch, Mutex, Notify, OnceCell, RwLock, Semaphore, diagnose};

/// There is one table, so the tests take turns.
fn alone() -> StdGuard<'static, ()> {
    static TURN: StdMutex<()> = StdMutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

fn poll<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

#[test]
fn holders_and_waiters_are_seen_with_their_places() {
    let _alone = alone();
    let mutex = Mutex::new(());
    let held = mutex.try_lock().unwrap();
    let line = line!() - 1;
    let mut waiter = Box::pin(diagnose::named("waiter", mutex.lock()));
    assert!(poll(waiter.as_mut()).is_pending());
    let seen = diagnose::snapshot();
    let holder = seen.holders().next().unwrap();
    assert_eq!((holder.primitive.as_str(), holder.at.line()), ("mutex#1", line));
    assert!(holder.at.file().ends_with("diagnose.rs"));
    assert!(holder.task.starts_with("thread "), "nobody was polled");
    let waits = seen.waiters().next().unwrap();
    assert_eq!((waits.task.as_str(), waits.primitive.as_str()), ("waiter", "mutex#1"));
    assert_eq!(waits.at.line(), line + 2);
    assert_eq!(seen.unpolled(Duration::ZERO).count(), 0);
    assert!(seen.cycles().is_empty());

    drop(waiter);
    drop(held);
    let seen = diagnose::snapshot();
    assert_eq!((seen.holders().count(), seen.waiters().count()), (0, 0));
    assert_eq!(seen.to_string(), "");
}

#[test]
fn readers_writers_and_conditions_are_seen_with_their_places() {
    let _alone = alone();
    let (lock, mutex, condvar) = (RwLock::new(()), Mutex::new(()), Condvar::new());
    let _reader = lock.try_read().unwrap();
    let mut writer = pin!(diagnose::named("writer", lock.write()));
    let line = line!() - 1;
    assert!(poll(writer.as_mut()).is_pending());
    let guard = mutex.try_lock().unwrap();
    let mut waiter = pin!(diagnose::named("waiter", condvar.wait(guard)));
    assert!(poll(waiter.as_mut()).is_pending());
    let seen = diagnose::snapshot();
    let holders: Vec<_> =
        seen.holders().map(|place| (&*place.primitive, place.at.line())).collect();
    assert_eq!(holders, [("rwlock#1", line - 1)]);
    let mut waiters: Vec<_> =
        seen.waiters().map(|place| (&*place.task, &*place.primitive, place.at.line())).collect();
    waiters.sort();
    assert_eq!(waiters, [("waiter", "condvar#1", line + 4), ("writer", "rwlock#1", line)]);
}

#[test]
fn a_turn_that_is_not_looked_at_is_told() {
    let _alone = alone();
    let semaphore = Semaphore::new(0);
    let mut waiter = pin!(diagnose::named("waiter", semaphore.acquire()));
    assert!(poll(waiter.as_mut()).is_pending());
    semaphore.add_permits(1);
    let seen = diagnose::snapshot();
    assert_eq!(seen.unpolled(Duration::ZERO).count(), 1);
    assert_eq!(seen.unpolled(Duration::MAX).count(), 0);
    assert!(seen.to_string().contains("its turn came"));
    let Poll::Ready(Ok(permit)) = poll(waiter.as_mut()) else { panic!("it was granted") };
    let seen = diagnose::snapshot();
    assert_eq!((seen.holders().count(), seen.waiters().count()), (1, 0));
    assert_eq!(seen.holders().next().unwrap().task, "waiter");
    drop(permit);
    assert_eq!(diagnose::snapshot().holders().count(), 0);
}

#[test]
fn a_circle_of_three_is_found_once() {
    let _alone = alone();
    let mutexes = [const { Mutex::new(()) }; 3];
    async fn both(first: &Mutex<()>, second: &Mutex<()>) {
        let _first = first.lock().await;
        let mut yielded = false;
        std::future::poll_fn(|_| match std::mem::replace(&mut yielded, true) {
            false => Poll::Pending,
            true => Poll::Ready(()),
        })
        .await;
        let _second = second.lock().await;
    }
    let mut tasks: Vec<_> = [("a", 0, 1), ("b", 1, 2), ("c", 2, 0)]
        .map(|(name, first, second)| {
            Box::pin(diagnose::named(name, both(&mutexes[first], &mutexes[second])))
        })
        .into();
    for _ in 0..2 {
        for task in &mut tasks {
            assert!(poll(task.as_mut()).is_pending());
        }
    }
    let mut bystander = Box::pin(diagnose::named("bystander", mutexes[0].lock()));
    assert!(poll(bystander.as_mut()).is_pending());
    let cycles = diagnose::snapshot().cycles();
    assert_eq!(cycles.len(), 1);
    let names: Vec<_> = cycles[0].steps.iter().map(|step| step.waits.task.as_str()).collect();
    assert_eq!(names, ["a", "b", "c"]);
    let dot = diagnose::snapshot().graphviz();
    assert!(dot.starts_with("digraph waits {\n"), "{dot}");
    assert!(dot.contains("\"bystander\" -> \"mutex#1\" [label=\"waits, "), "{dot}");
    assert!(dot.contains("\"mutex#2\" -> \"b\" [label=\"held, "), "{dot}");
    // Broken up, nothing is left.
    tasks.pop();
    assert!(diagnose::snapshot().cycles().is_empty());
}

#[test]
fn conditions_and_cells_are_seen_too() {
    let _alone = alone();
    let (latch, cell) = (Latch::new(1), OnceCell::<u8>::new());
    let mut maker = Box::pin(diagnose::named("maker", cell.get_or_init(pending)));
    let mut other = Box::pin(diagnose::named("other", cell.get_or_init(pending)));
    let mut waiter = Box::pin(diagnose::named("waiter", latch.wait()));
    assert!(poll(maker.as_mut()).is_pending());
    assert!(poll(other.as_mut()).is_pending());
    assert!(poll(waiter.as_mut()).is_pending());
    let seen = diagnose::snapshot().to_string();
    assert!(seen.contains("maker holds once cell#1"), "{seen}");
    assert!(seen.contains("other waits for once cell#1"), "{seen}");
    assert!(seen.contains("waiter waits for latch#1"), "{seen}");
    latch.count_down();
    assert!(poll(waiter.as_mut()).is_ready());
    drop((maker, other));
    assert_eq!(diagnose::snapshot().to_string(), "");
}

/// The table knows no primitive: it is told by the line.
#[test]
fn whatever_stands_on_the_line_is_seen() {
    let _alone = alone();
    let (lock, notify) = (RwLock::new(()), Notify::new());
    let held = lock.try_write().unwrap();
    let mut reader = Box::pin(diagnose::named("reader", lock.read()));
    let mut sleeper = Box::pin(diagnose::named("sleeper", notify.notified()));
    assert!(poll(reader.as_mut()).is_pending());
    assert!(poll(sleeper.as_mut()).is_pending());
    let seen = diagnose::snapshot();
    assert_eq!((seen.holders().count(), seen.waiters().count()), (1, 2), "{seen}");
    drop(held);
    notify.notify_one();
    let seen = diagnose::snapshot();
    assert_eq!(seen.unpolled(Duration::ZERO).count(), 2, "{seen}");
    assert!(poll(reader.as_mut()).is_ready());
    assert!(poll(sleeper.as_mut()).is_ready());
    drop((reader, sleeper));
    assert_eq!(diagnose::snapshot().to_string(), "");
}

/// An initialiser that asks its own cell.
#[test]
fn a_task_that_waits_for_itself_is_a_circle() {
    let _alone = alone();
    static CELL: OnceCell<u8> = OnceCell::new();
    async fn ask() -> u8 {
        *CELL.get_or_init(|| async { *CELL.get_or_init(pending).await }).await
    }
    let mut task = Box::pin(diagnose::named("snake", ask()));
    assert!(poll(task.as_mut()).is_pending());
    let cycles = diagnose::snapshot().cycles();
    assert_eq!((cycles.len(), cycles[0].steps.len()), (1, 1));
    assert!(cycles[0].to_string().contains("snake waits for once cell#1"));
}

#[test]
fn mapped_and_forgotten_turns_keep_the_table_right() {
    let _alone = alone();
    let mutex = Mutex::new((1, 2));
    let guard = mutex.try_lock().unwrap();
    let mapped = selvedge_sync::MutexGuard::map(guard, |pair| &mut pair.1);
    assert_eq!(diagnose::snapshot().holders().count(), 1);
    drop(mapped);
    let semaphore = Semaphore::new(3);
    let mut permits = semaphore.try_acquire_many(3).unwrap();
    let part = permits.split(1);
    assert_eq!(diagnose::snapshot().holders().count(), 2);
    permits.forget();
    assert_eq!(diagnose::snapshot().holders().count(), 1);
    drop(part);
    assert_eq!(diagnose::snapshot().holders().count(), 0);
}
