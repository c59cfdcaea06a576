//! What comes out first: the last, or the smallest.

use std::{
    cmp::Ordering,
    sync::{Arc, Weak},
};

use selvedge::channel::queue::{Lifo, Priority, Queue};

use super::getting;
use crate::harness::{panics, ready};

/// Semantics 92.
#[test]
fn last_in_first_out() {
    let queue = Queue::<_, Lifo>::new(0);
    let (_, mut get) = getting(&queue);
    for number in [1, 3, 2] {
        queue.put_nowait(number).unwrap();
    }
    assert_eq!(queue.get_nowait(), Ok(2));
    assert_eq!(ready(get.as_mut()), Ok(3));
    assert_eq!(queue.get_nowait(), Ok(1));
    let (_, mut get) = getting(&queue);
    queue.put_nowait(9).unwrap();
    assert_eq!(ready(get.as_mut()), Ok(9));
}

/// Compares by its first half alone.
#[derive(Debug)]
struct Urgent(u8, &'static str);

impl Ord for Urgent {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.cmp(&other.0)
    }
}

impl PartialOrd for Urgent {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Urgent {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl Eq for Urgent {}

/// Semantics 93.
#[test]
fn smallest_first_and_ties_in_order() {
    let queue = Queue::<_, Priority>::new(0);
    for (urgency, what) in [(2, "a"), (1, "b"), (2, "c"), (1, "d"), (0, "e"), (2, "f")] {
        queue.put_nowait(Urgent(urgency, what)).unwrap();
    }
    let order: Vec<_> = std::iter::from_fn(|| queue.get_nowait().ok()).map(|item| item.1).collect();
    assert_eq!(order, ["e", "b", "d", "a", "c", "f"]);
    let queue = Queue::<_, Priority>::new(0);
    for number in [3, 1, 4, 1, 5, 9, 2, 6] {
        queue.put_nowait(std::cmp::Reverse(number)).unwrap();
    }
    assert_eq!(queue.get_nowait(), Ok(std::cmp::Reverse(9)));
}

/// An item whose `Ord` runs other people's code.
struct Odd(u8, Box<dyn Fn() + Send>);

impl Ord for Odd {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.1)();
        self.0.cmp(&other.0)
    }
}

impl PartialOrd for Odd {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Odd {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl Eq for Odd {}

#[test]
fn an_item_whose_order_panics_changes_nothing() {
    let queue = Queue::<_, Priority>::new(3);
    queue.put_nowait(Odd(5, Box::new(|| ()))).unwrap();
    assert!(panics(|| drop(queue.put_nowait(Odd(1, Box::new(|| panic!("on purpose")))))));
    let seen = queue.statistics();
    assert_eq!((seen.size, seen.unfinished), (1, 1));
    queue.put_nowait(Odd(2, Box::new(|| ()))).unwrap();
    queue.put_nowait(Odd(3, Box::new(|| ()))).unwrap();
    let order: Vec<_> = std::iter::from_fn(|| queue.get_nowait().ok()).map(|item| item.0).collect();
    assert_eq!(order, [2, 3, 5], "no place was lost");
}

/// It would sleep for ever; so it is told.
#[test]
fn an_item_whose_order_uses_the_queue_is_told() {
    let queue = Arc::new(Queue::<_, Priority>::new(0));
    queue.put_nowait(Odd(5, Box::new(|| ()))).unwrap();
    let inside: Weak<Queue<Odd, Priority>> = Arc::downgrade(&queue);
    let nosy = Odd(1, Box::new(move || _ = inside.upgrade().map(|queue| queue.qsize())));
    assert!(panics(|| drop(queue.put_nowait(nosy))));
    assert_eq!(queue.qsize(), 1);
    assert_eq!(queue.get_nowait().ok().map(|item| item.0), Some(5));
}
