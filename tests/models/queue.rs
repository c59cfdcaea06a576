//! What must hold of a queue in every interleaving.

use loom::{cell::UnsafeCell, sync::Arc};
use selvedge::channel::queue::{Fifo, Lifo, Queue, error::GetNowaitError};

use crate::runner::{block_on, check, poll_and_cancel, spawn};

/// Each item is got once, with what was done before it was put.
///
/// Red when: an item comes after its permit.
#[test]
fn each_item_is_got_once() {
    check(2, || {
        let queue = Arc::new(Queue::<Arc<u32>>::new(1));
        let getters = [(); 2].map(|()| {
            let queue = queue.clone();
            spawn(move || *block_on(queue.get()).unwrap())
        });
        block_on(queue.put(Arc::new(1))).unwrap();
        block_on(queue.put(Arc::new(2))).unwrap();
        let mut got = getters.map(|getter| getter.join().unwrap());
        got.sort_unstable();
        assert_eq!(got, [1, 2]);
        assert!(queue.is_empty() && queue.get_nowait().is_err());
    });
}

/// A getter that was promised an item and cancels loses nothing. Semantics 74.
///
/// Red when: mutant "no re-grant on cancel".
#[test]
fn a_cancelled_getter_loses_nothing() {
    check(2, || {
        let queue = Arc::new(Queue::<_, Lifo>::new(0));
        let quitter = spawn({
            let queue = queue.clone();
            move || poll_and_cancel(queue.get()).is_some()
        });
        let stayer = spawn({
            let queue = queue.clone();
            move || block_on(queue.get()).is_ok()
        });
        queue.put_nowait(1).unwrap();
        queue.put_nowait(2).unwrap();
        let taken = usize::from(quitter.join().unwrap()) + usize::from(stayer.join().unwrap());
        assert_eq!((queue.qsize(), queue.statistics().getters), (2 - taken, 0));
    });
}

/// A putter that cancels puts nothing, and gives its place to the next. Semantics 77.
///
/// Red when: mutant "no re-grant on cancel".
#[test]
fn a_cancelled_putter_passes_its_place_on() {
    check(2, || {
        let queue = Arc::new(Queue::<_, Fifo>::new(1));
        queue.put_nowait(0).unwrap();
        let quitter = spawn({
            let queue = queue.clone();
            move || poll_and_cancel(queue.put(1)).is_some()
        });
        let stayer = spawn({
            let queue = queue.clone();
            move || block_on(queue.put(2)).unwrap()
        });
        let mut got = vec![queue.get_nowait().unwrap()];
        while *got.last().unwrap() != 2 {
            got.push(block_on(queue.get()).unwrap());
        }
        stayer.join().unwrap();
        if quitter.join().unwrap() && !got.contains(&1) {
            got.push(queue.get_nowait().unwrap());
        }
        assert!(got.len() == 2 || got.contains(&1));
        assert!(queue.is_empty());
    });
}

/// After a graceful shutdown what is there is got, and everybody who waits for more is sent away.
/// Semantics 87.
///
/// Red when: mutant "queue: nobody is told of the last item".
#[test]
fn a_graceful_shutdown_leaves_nobody_waiting() {
    check(2, || {
        let queue = Arc::new(Queue::<_, Fifo>::new(0));
        queue.put_nowait(1).unwrap();
        let getters = [(); 2].map(|()| {
            let queue = queue.clone();
            spawn(move || block_on(queue.get()).is_ok())
        });
        queue.shutdown(false);
        let got = getters.map(|getter| getter.join().unwrap());
        assert_eq!(got.iter().filter(|got| **got).count(), 1);
        assert_eq!(queue.get_nowait(), Err(GetNowaitError::QueueShutDown));
    });
}

/// An immediate shutdown throws each item away that nobody got, and counts it as done; a put beside
/// it is in or out as a whole. Semantics 88.
///
/// Red when: `shutdown` counts what it does not throw away.
#[test]
fn an_immediate_shutdown_counts_what_it_throws_away() {
    check(3, || {
        let queue = Arc::new(Queue::<_, Fifo>::new(0));
        let item = Arc::new(());
        let putter = spawn({
            let (queue, item) = (queue.clone(), item.clone());
            move || queue.put_nowait(item).is_ok()
        });
        let getter = spawn({
            let queue = queue.clone();
            move || {
                let got = block_on(queue.get());
                got.is_ok() && queue.task_done().is_ok()
            }
        });
        queue.shutdown(true);
        let was_put = putter.join().unwrap();
        let was_got = getter.join().unwrap();
        assert!(was_put || !was_got);
        assert_eq!((queue.statistics().unfinished, queue.qsize()), (0, 0));
        assert_eq!(Arc::strong_count(&item), 1);
        assert!(queue.task_done().is_err());
    });
}

/// Whoever joins sees all that was done. Semantics 89.
///
/// Red when: `join` reads the number before or after the count.
#[test]
fn joining_sees_what_was_done() {
    check(3, || {
        let queue = Arc::new(Queue::<_, Fifo>::new(0));
        queue.put_nowait(()).unwrap();
        queue.put_nowait(()).unwrap();
        let marks = Arc::new([UnsafeCell::new(0), UnsafeCell::new(0)]);
        let worker = spawn({
            let (queue, marks) = (queue.clone(), Shared(marks.clone()));
            move || {
                for at in 0..2 {
                    queue.get_nowait().unwrap();
                    marks.touch(at);
                    queue.task_done().unwrap();
                }
            }
        });
        block_on(queue.join());
        let marks = Shared(marks);
        marks.touch(0);
        marks.touch(1);
        worker.join().unwrap();
    });
}

/// What the worker and who joins both touch; loom reports it if they overlap.
struct Shared(Arc<[UnsafeCell<u8>; 2]>);

// SAFETY: the threads of a model take turns on one thread of the system's, and loom reports overlaps.
#[expect(unsafe_code, reason = "the value is shared on purpose")]
unsafe impl Send for Shared {}

impl Shared {
    fn touch(&self, at: usize) {
        self.0[at].with_mut(|_| ());
    }
}
