//! Shutting a queue down, and joining its work.

use std::{pin::pin, sync::Arc, task::Poll};

use selvedge::channel::queue::{
    Queue,
    error::{GetNowaitError, PutNowaitError, QueueShutDown},
};

use super::{getting, putting};
use crate::harness::{Meddler, PollWith, Watched, panics, poll, ready};

/// Semantics 87.
#[test]
fn a_graceful_shutdown_lets_what_is_there_be_got() {
    let queue = Queue::<_>::new(2);
    queue.put_nowait(1).unwrap();
    queue.put_nowait(2).unwrap();
    let (putter, mut put) = putting(&queue, 3);
    queue.shutdown(false);
    assert_eq!(putter.woken(), 1);
    assert_eq!(ready(put.as_mut()), Err(QueueShutDown(3)));
    assert_eq!(queue.put_nowait(4), Err(PutNowaitError::QueueShutDown(4)));
    assert_eq!(ready(pin!(queue.put(5))), Err(QueueShutDown(5)));
    assert_eq!(queue.get_nowait(), Ok(1));
    assert_eq!(ready(pin!(queue.get())), Ok(2));
    assert_eq!(queue.get_nowait(), Err(GetNowaitError::QueueShutDown));
    assert_eq!(ready(pin!(queue.get())), Err(QueueShutDown(())));
    assert!(queue.is_shut_down() && queue.statistics().is_shut_down);

    let queue = Queue::<u8>::new(0);
    let (getter, mut get) = getting(&queue);
    queue.shutdown(false);
    queue.shutdown(false);
    assert_eq!(getter.woken(), 1);
    assert_eq!(ready(get.as_mut()).unwrap_err().to_string(), "the queue is shut down");
}

/// Semantics 87: an item that is promised to a getter is his, and goes on if he cancels.
#[test]
fn a_graceful_shutdown_keeps_promises() {
    let queue = Queue::<_>::new(0);
    let (_, first) = getting(&queue);
    let (second_woken, mut second) = getting(&queue);
    queue.put_nowait(1).unwrap();
    queue.shutdown(false);
    assert_eq!(second_woken.woken(), 0);
    drop(first);
    assert_eq!(second_woken.woken(), 1);
    assert_eq!(ready(second.as_mut()), Ok(1));
    assert_eq!(queue.get_nowait(), Err(GetNowaitError::QueueShutDown));

    // A place that was promised is of no use any more.
    let queue = Queue::<_>::new(1);
    queue.put_nowait(1).unwrap();
    let (_, mut put) = putting(&queue, 2);
    assert_eq!(queue.get_nowait(), Ok(1));
    queue.shutdown(false);
    assert_eq!(ready(put.as_mut()), Err(QueueShutDown(2)));
}

/// Semantics 88.
#[test]
fn an_immediate_shutdown_throws_away_and_counts() {
    let queue = Queue::<_>::new(0);
    let item = Arc::new(());
    for _ in 0..3 {
        queue.put_nowait(item.clone()).unwrap();
    }
    drop(queue.get_nowait().unwrap());
    let joiner = Watched::new();
    let mut join = Box::pin(queue.join());
    assert!(joiner.poll(join.as_mut()).is_pending());
    let unfinished = queue.statistics().unfinished;
    queue.shutdown(true);
    assert_eq!((unfinished, queue.statistics().unfinished), (3, 1));
    assert_eq!((Arc::strong_count(&item), queue.qsize(), joiner.woken()), (1, 0, 0));
    assert_eq!(queue.get_nowait().unwrap_err(), GetNowaitError::QueueShutDown);
    queue.task_done().unwrap();
    assert_eq!(joiner.woken(), 1);
    ready(join.as_mut());

    // A getter that was promised one of them is told.
    let queue = Queue::<_>::new(0);
    let (_, mut get) = getting(&queue);
    let (_, mut other) = getting(&queue);
    queue.put_nowait(1).unwrap();
    queue.shutdown(false);
    queue.shutdown(true);
    assert_eq!(ready(get.as_mut()), Err(QueueShutDown(())));
    assert_eq!(ready(other.as_mut()), Err(QueueShutDown(())));
    ready(pin!(queue.join()));

    // What came first stands: nothing that is there comes back, and nothing is counted twice.
    queue.shutdown(false);
    queue.shutdown(true);
    assert_eq!((queue.get_nowait(), queue.qsize()), (Err(GetNowaitError::QueueShutDown), 0));
    assert!(queue.task_done().is_err());
}

/// Semantics 89.
#[test]
fn join_waits_for_each_item_to_be_done() {
    let queue = Queue::<_>::new(0);
    queue.put_nowait(1).unwrap();
    queue.put_nowait(2).unwrap();
    let joiner = Watched::new();
    let mut join = Box::pin(queue.join());
    assert!(joiner.poll(join.as_mut()).is_pending());
    queue.get_nowait().unwrap();
    queue.get_nowait().unwrap();
    queue.task_done().unwrap();
    assert_eq!(joiner.woken(), 0);
    queue.task_done().unwrap();
    // It was done, whatever comes next.
    queue.put_nowait(3).unwrap();
    assert_eq!((joiner.woken(), joiner.kept()), (1, 0));
    ready(join.as_mut());
    assert!(panics(|| _ = poll(join.as_mut())), "polled after completion");
    queue.get_nowait().unwrap();
    queue.task_done().unwrap();
    let error = queue.task_done().unwrap_err();
    assert_eq!(error.to_string(), "more tasks were done than items were put");
}

/// Semantics 90.
#[test]
fn joining_a_queue_that_was_never_used_is_ready_twice() {
    let queue = Queue::<u8>::default();
    ready(pin!(queue.join()));
    ready(pin!(queue.join()));
    assert!(queue.task_done().is_err());
}

/// Semantics 91.
#[test]
fn join_ends_after_a_shutdown_when_the_work_is_done() {
    let queue = Queue::<_>::new(0);
    queue.put_nowait(1).unwrap();
    queue.put_nowait(2).unwrap();
    queue.shutdown(false);
    let joiner = Watched::new();
    let mut join = Box::pin(queue.join());
    while queue.get_nowait().is_ok() {
        assert!(joiner.poll(join.as_mut()).is_pending());
        queue.task_done().unwrap();
    }
    ready(join.as_mut());
}

/// A waker that panics keeps nobody from being told of the end.
#[test]
fn a_waker_that_panics_stops_no_shutdown() {
    let queue = Queue::<u8>::new(1);
    queue.put_nowait(1).unwrap();
    let waker = Meddler::waker(|| panic!("on purpose"), || ());
    let mut put = Box::pin(queue.put(2));
    assert!(put.as_mut().poll_with(&waker).is_pending());
    let joined = Watched::new();
    let mut join = Box::pin(queue.join());
    assert!(joined.poll(join.as_mut()).is_pending());
    assert!(panics(|| queue.shutdown(true)));
    assert_eq!((joined.woken(), poll(join.as_mut())), (1, Poll::Ready(())));
    assert!(ready(put.as_mut()).is_err() && ready(pin!(queue.get())).is_err());
}
