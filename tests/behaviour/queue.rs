//! A queue, polled by hand. The cases of asyncio's own suite, told in our words.

use std::{
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    pin::{Pin, pin},
    sync::{
        Arc, Mutex, Weak,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    thread,
};

use selvedge::channel::queue::{
    Fifo, Get, Lifo, Order, Priority, Put, Queue,
    error::{GetNowaitError, QueueEmpty, QueueFull},
};

use crate::{
    harness::{Meddler, PollWith, Watched, allocations, growth, panics, poll, ready},
    sweep::{Report, Swept, Waiting},
};

mod orders;
mod shutdown;

fn getting<T, O: Order<T>>(queue: &Queue<T, O>) -> (Watched, Pin<Box<Get<'_, T, O>>>) {
    let watched = Watched::new();
    let mut get = Box::pin(queue.get());
    assert!(watched.poll(get.as_mut()).is_pending());
    (watched, get)
}

fn putting<T, O: Order<T>>(queue: &Queue<T, O>, item: T) -> (Watched, Pin<Box<Put<'_, T, O>>>) {
    let watched = Watched::new();
    let mut put = Box::pin(queue.put(item));
    assert!(watched.poll(put.as_mut()).is_pending());
    (watched, put)
}

/// Semantics 72.
#[test]
fn items_come_out_in_order() {
    let queue = Queue::<_>::new(0);
    for number in 0..100 {
        queue.put_nowait(number).unwrap();
    }
    assert!((0..100).all(|number| queue.get_nowait() == Ok(number)));
    assert_eq!(queue.get_nowait(), Err(QueueEmpty));
}

/// Semantics 73 and 79.
#[test]
fn a_full_queue_holds_putters_up_and_an_empty_one_getters() {
    let queue = Queue::<_>::new(1);
    let (_, mut get) = getting(&queue);
    assert_eq!(ready(pin!(queue.put(1))), Ok(()));
    assert_eq!(ready(get.as_mut()), Ok(1));
    queue.put_nowait(2).unwrap();
    assert!(queue.is_full() && !queue.is_empty());
    assert_eq!(queue.put_nowait(3), Err(QueueFull(3)));
    let (woken, mut put) = putting(&queue, 3);
    assert_eq!(queue.get_nowait(), Ok(2));
    assert_eq!(woken.woken(), 1);
    assert_eq!(ready(put.as_mut()), Ok(()));
    assert_eq!(queue.get_nowait(), Ok(3));
    for number in 0..100 {
        let (_, mut get) = getting(&queue);
        queue.put_nowait(number).unwrap();
        let (_, mut put) = putting(&queue, number);
        assert_eq!(ready(get.as_mut()), Ok(number));
        assert_eq!(ready(put.as_mut()), Ok(()));
        assert_eq!(queue.get_nowait(), Ok(number));
    }
}

/// Semantics 74 to 76.
#[test]
fn a_cancelled_getter_loses_nothing() {
    let queue = Queue::<_>::new(0);
    let (_, get) = getting(&queue);
    queue.put_nowait(1).unwrap();
    queue.put_nowait(2).unwrap();
    drop(get);
    assert_eq!((queue.get_nowait(), queue.get_nowait()), (Ok(1), Ok(2)));

    let mut getters: Vec<_> = (0..4).map(|_| getting(&queue)).collect();
    queue.put_nowait(3).unwrap();
    queue.put_nowait(4).unwrap();
    drop(getters.remove(0));
    assert_eq!(getters.iter().map(|(woken, _)| woken.woken()).collect::<Vec<_>>(), [1, 1, 0]);
    assert_eq!(ready(getters[0].1.as_mut()), Ok(3));
    assert_eq!(ready(getters[1].1.as_mut()), Ok(4));
    assert!(poll(getters[2].1.as_mut()).is_pending());
}

/// Semantics 77.
#[test]
fn a_cancelled_putter_puts_nothing_and_passes_its_place_on() {
    let queue = Queue::<_>::new(1);
    queue.put_nowait(0).unwrap();
    let (_, first) = putting(&queue, 1);
    let (woken, mut second) = putting(&queue, 2);
    assert_eq!(queue.get_nowait(), Ok(0));
    drop(first);
    assert_eq!(woken.woken(), 1);
    assert_eq!(ready(second.as_mut()), Ok(()));
    assert_eq!((queue.get_nowait(), queue.get_nowait()), (Ok(2), Err(QueueEmpty)));
}

/// Semantics 78.
#[test]
fn those_that_cancel_leave_nothing_behind() {
    let queue = Queue::<_>::new(1);
    let (woken, get) = getting(&queue);
    assert_eq!((queue.statistics().getters, woken.kept()), (1, 1));
    drop(get);
    assert_eq!((queue.statistics().getters, woken.kept()), (0, 0));
    queue.put_nowait(String::from("here")).unwrap();
    let (woken, put) = putting(&queue, String::from("there"));
    assert_eq!((queue.statistics().putters, woken.kept()), (1, 1));
    drop(put);
    assert_eq!((queue.statistics().putters, woken.kept()), (0, 0));
    let (woken, join) = {
        let watched = Watched::new();
        let mut join = Box::pin(queue.join());
        assert!(watched.poll(join.as_mut()).is_pending());
        (watched, join)
    };
    drop(join);
    assert_eq!(woken.kept(), 0);
}

/// Semantics 80 and 81.
#[test]
fn nobody_overtakes_those_that_wait() {
    let queue = Queue::<_>::new(1);
    let (_, mut get) = getting(&queue);
    queue.put_nowait(1).unwrap();
    assert_eq!(queue.get_nowait(), Err(QueueEmpty));
    assert_eq!(ready(get.as_mut()), Ok(1));
    queue.put_nowait(2).unwrap();
    let (_, mut put) = putting(&queue, 3);
    assert_eq!(queue.get_nowait(), Ok(2));
    assert_eq!(queue.put_nowait(4), Err(QueueFull(4)));
    assert_eq!(ready(put.as_mut()), Ok(()));
}

/// Semantics 94.
#[test]
fn statistics_follow() {
    let queue = Queue::<_>::new(2);
    assert_eq!(queue.maxsize(), 2);
    queue.put_nowait(1).unwrap();
    queue.put_nowait(2).unwrap();
    let (_, put) = putting(&queue, 3);
    let seen = queue.statistics();
    assert_eq!((seen.size, seen.maxsize, seen.peak, seen.unfinished), (2, 2, 2, 2));
    assert_eq!((seen.getters, seen.putters, seen.is_shut_down), (0, 1, false));
    drop(put);
    queue.get_nowait().unwrap();
    queue.get_nowait().unwrap();
    let (_, get) = getting(&queue);
    let seen = queue.statistics();
    assert_eq!((seen.size, seen.peak, seen.getters, seen.putters), (0, 2, 1, 0));
    drop(get);
    assert_eq!(queue.statistics().getters, 0);
    assert_eq!(
        format!("{queue:?}"),
        "Queue { size: 0, maxsize: 2, unfinished: 2, is_shut_down: false, .. }"
    );
}

#[test]
fn items_may_use_the_queue_when_they_are_dropped() {
    struct Nosy(Weak<Queue<Nosy>>, Arc<AtomicUsize>);
    impl Drop for Nosy {
        fn drop(&mut self) {
            if let Some(queue) = self.0.upgrade() {
                let _ = (queue.qsize(), queue.statistics(), queue.task_done());
            }
            self.1.fetch_add(1, SeqCst);
        }
    }
    let queue = Arc::new(Queue::new(0));
    let drops = Arc::new(AtomicUsize::new(0));
    for _ in 0..3 {
        assert!(queue.put_nowait(Nosy(Arc::downgrade(&queue), drops.clone())).is_ok());
    }
    drop(queue.get_nowait());
    queue.shutdown(true);
    assert!(queue.put_nowait(Nosy(Arc::downgrade(&queue), drops.clone())).is_err());
    assert_eq!(drops.load(SeqCst), 4);
}

#[test]
fn a_waker_that_panics_costs_nothing() {
    let queue = Queue::<_>::new(0);
    let waker = Meddler::waker(|| panic!("on purpose"), || ());
    let mut get = Box::pin(queue.get());
    assert!(get.as_mut().poll_with(&waker).is_pending());
    assert!(panics(|| _ = queue.put_nowait(1)));
    assert_eq!((queue.qsize(), queue.statistics().unfinished), (1, 1));
    assert_eq!(ready(get.as_mut()), Ok(1));
}

/// Who gets an item wakes a putter. If that panics, the item is still there, in its place, for all
/// orders, and nobody who waits is forgotten.
#[test]
fn a_putters_waker_that_panics_loses_no_item() {
    fn check<O: Order<u8>>(items: [u8; 2], order: [u8; 3]) {
        let waker = Meddler::waker(|| panic!("on purpose"), || ());
        for is_nowait in [false, true] {
            let queue = Queue::<u8, O>::new(2);
            for item in items {
                queue.put_nowait(item).unwrap();
            }
            let mut put = Box::pin(queue.put(7));
            assert!(put.as_mut().poll_with(&waker).is_pending());
            assert!(panics(|| {
                if is_nowait {
                    _ = queue.get_nowait();
                } else {
                    _ = poll(pin!(queue.get()));
                }
            }));
            assert_eq!((queue.qsize(), queue.statistics().unfinished), (2, 2));
            let (woken, mut late) = putting(&queue, 9);
            assert_eq!(queue.get_nowait(), Ok(order[0]));
            assert_eq!(ready(put.as_mut()), Ok(()));
            assert_eq!(woken.woken(), 0, "the place that it left went to the first putter");
            assert_eq!(queue.get_nowait(), Ok(order[1]));
            assert_eq!((woken.woken(), ready(late.as_mut())), (1, Ok(())));
            assert_eq!(queue.get_nowait(), Ok(order[2]));
            assert!(queue.get_nowait().is_ok());
            assert_eq!((queue.get_nowait(), queue.put_nowait(1)), (Err(QueueEmpty), Ok(())));
            queue.put_nowait(2).unwrap();
            assert_eq!(queue.put_nowait(3), Err(QueueFull(3)), "there is no room more than before");
        }
    }
    check::<Fifo>([1, 2], [1, 2, 7]);
    check::<Lifo>([1, 2], [2, 7, 9]);
    check::<Priority>([2, 1], [1, 2, 7]);
}

/// The last item is put back although those that wait for another were sent away for it.
#[test]
fn a_getters_waker_that_panics_loses_no_last_item() {
    let queue = Queue::<u8>::new(0);
    let mut first = Box::pin(queue.get());
    assert!(poll(first.as_mut()).is_pending());
    let waker = Meddler::waker(|| panic!("on purpose"), || ());
    let mut second = Box::pin(queue.get());
    assert!(second.as_mut().poll_with(&waker).is_pending());
    queue.put_nowait(1).unwrap();
    queue.shutdown(false);
    assert!(panics(|| _ = poll(first.as_mut())));
    assert_eq!(queue.qsize(), 1);
    assert_eq!(ready(second.as_mut()), Ok(1));
    assert_eq!(queue.get_nowait(), Err(GetNowaitError::QueueShutDown));
    assert_eq!((queue.task_done(), ready(pin!(queue.join()))), (Ok(()), ()));
}

#[test]
fn memory_comes_back_after_a_burst() {
    let queue = Queue::<_>::new(0);
    let grown = growth(|| {
        for number in 0..100_000 {
            queue.put_nowait(number).unwrap();
        }
        while queue.get_nowait().is_ok() {}
    });
    assert_eq!(grown, 0);
    let queue = Queue::<_>::new(4);
    queue.put_nowait(1).unwrap();
    queue.get_nowait().unwrap();
    let count = allocations(|| {
        for number in 0..100 {
            let mut get = pin!(queue.get());
            assert!(poll(get.as_mut()).is_pending());
            assert_eq!(ready(pin!(queue.put(number))), Ok(()));
            assert_eq!(ready(get.as_mut()), Ok(number));
        }
    });
    assert_eq!(count, 0);
    assert!(Queue::<u8>::new(usize::MAX).put_nowait(1).is_ok());
}

#[test]
fn threads_work_a_queue_off() {
    fn work<O: Order<u64> + 'static>(queue: Queue<u64, O>)
    where
        Queue<u64, O>: Send + Sync,
    {
        let queue = Arc::new(queue);
        let sum = Arc::new(Mutex::new(0));
        let workers: Vec<_> = (0..3)
            .map(|_| {
                let (queue, sum) = (queue.clone(), sum.clone());
                thread::spawn(move || {
                    while let Ok(number) = queue.blocking_get() {
                        *sum.lock().unwrap() += number;
                        queue.task_done().unwrap();
                    }
                })
            })
            .collect();
        let putters: Vec<_> = (0..2)
            .map(|_| {
                let queue = queue.clone();
                thread::spawn(move || (1..=500).for_each(|n| queue.blocking_put(n).unwrap()))
            })
            .collect();
        putters.into_iter().for_each(|putter| putter.join().unwrap());
        pollster::block_on(queue.join());
        assert_eq!(*sum.lock().unwrap(), 2 * 125_250);
        queue.shutdown(false);
        workers.into_iter().for_each(|worker| worker.join().unwrap());
        assert!(queue.statistics().peak <= 3);
    }
    work(Queue::<_, Fifo>::new(3));
    work(Queue::<_, Lifo>::new(3));
    work(Queue::<_, Priority>::new(3));
}

pub(crate) fn sweep(report: Report<'_>) {
    Swept {
        name: "queue::Queue::get",
        make: || Queue::<u8>::new(0),
        // Whoever has got an item puts it back.
        wait: |queue| -> Waiting {
            let queue = queue.clone();
            Box::pin(async move {
                let got = queue.get().await;
                got.is_ok_and(|item| queue.put_nowait(item).is_ok())
            })
        },
        free: |queue| queue.put_nowait(1).unwrap(),
        waiting: |queue| queue.statistics().getters,
        is_free: |queue| queue.qsize() == 1 && queue.statistics().getters == 0,
        close: None,
    }
    .sweep(report);
    Swept {
        name: "queue::Queue::put",
        make: || {
            let queue = Queue::<u8, Lifo>::new(1);
            queue.put_nowait(1).unwrap();
            queue
        },
        // Whoever has put an item takes it out.
        wait: |queue| -> Waiting {
            let queue = queue.clone();
            Box::pin(async move { queue.put(2).await.is_ok() && queue.get_nowait().is_ok() })
        },
        // If a waker panics, the item is back, and its place was handed out.
        free: |queue| {
            let got = catch_unwind(AssertUnwindSafe(|| queue.get_nowait()));
            if let Err(panic) = got {
                queue.get_nowait().unwrap();
                resume_unwind(panic);
            }
        },
        waiting: |queue| queue.statistics().putters,
        is_free: |queue| queue.is_empty() && queue.statistics().putters == 0,
        close: None,
    }
    .sweep(report);
    // Whoever joins is let past, and takes nothing away.
    Swept {
        name: "queue::Queue::join",
        make: || {
            let queue = Queue::<u8>::new(0);
            queue.put_nowait(1).unwrap();
            queue
        },
        wait: |queue| -> Waiting {
            let queue = queue.clone();
            Box::pin(async move {
                queue.join().await;
                true
            })
        },
        free: |queue| queue.task_done().unwrap(),
        waiting: |queue| queue.statistics().joiners,
        is_free: |queue| poll(pin!(queue.join())).is_ready(),
        close: None,
    }
    .sweep(report);
}
