//! Keys, outputs and clones that use the flight, or panic.

use std::{
    cell::Cell,
    future::poll_fn,
    hash::{Hash, Hasher, RandomState},
    rc::Rc,
    sync::Arc,
    task::Poll,
};

use selvedge::context::decorate::Flight;

use crate::harness::{panics, poll, ready};

/// Should cloning panic, the next in line takes over.
#[test]
fn a_clone_that_panics_promotes_a_waiter() {
    struct Fragile<'a>(&'a Cell<bool>);
    impl Clone for Fragile<'_> {
        fn clone(&self) -> Self {
            assert!(!self.0.replace(false), "on purpose");
            Self(self.0)
        }
    }
    let (fragile, open) = (Cell::new(true), Cell::new(false));
    let flight = Flight::new();
    let call =
        || poll_fn(|_| if open.get() { Poll::Ready(Fragile(&fragile)) } else { Poll::Pending });
    let mut asking = [(); 3].map(|()| Box::pin(flight.run(7, call)));
    for asking in &mut asking {
        assert!(poll(asking.as_mut()).is_pending());
    }
    open.set(true);
    assert!(panics(|| _ = ready(asking[0].as_mut())));
    let _both = (ready(asking[1].as_mut()), ready(asking[2].as_mut()));
    assert!(flight.is_empty());
}

/// Semantics, shape 4: keys and values run other people's code, and none of it under a lock.
#[test]
fn keys_and_values_may_come_back_to_the_flight() {
    thread_local! {
        static BUSY: Rc<Flight<Key, Value>> = Rc::new(Flight::new());
    }
    fn come_back() {
        // While a thread ends its flight is gone already.
        let _ = BUSY.try_with(|flight| assert!(flight.len() <= 2));
    }
    struct Key(u8);
    impl Hash for Key {
        fn hash<H: Hasher>(&self, state: &mut H) {
            come_back();
            state.write_u8(0);
        }
    }
    impl PartialEq for Key {
        fn eq(&self, other: &Self) -> bool {
            come_back();
            self.0 == other.0
        }
    }
    impl Eq for Key {}
    impl Drop for Key {
        fn drop(&mut self) {
            come_back();
        }
    }
    struct Value;
    impl Clone for Value {
        fn clone(&self) -> Self {
            come_back();
            Self
        }
    }
    impl Drop for Value {
        fn drop(&mut self) {
            come_back();
        }
    }
    let flight = BUSY.with(Rc::clone);
    let open = Cell::new(false);
    let call = || poll_fn(|_| if open.get() { Poll::Ready(Value) } else { Poll::Pending });
    // All keys have one hash.
    let mut asking: Vec<_> =
        [0, 1, 0, 1].into_iter().map(|key| Box::pin(flight.run(Key(key), call))).collect();
    for asking in &mut asking {
        assert!(poll(asking.as_mut()).is_pending());
    }
    flight.forget(&Key(1));
    drop(asking.remove(0));
    open.set(true);
    for asking in &mut asking {
        drop(ready(asking.as_mut()));
    }
    assert!(flight.is_empty());
}

#[test]
fn keys_and_values_are_dropped_once() {
    let (key, value) = (Arc::new(7), Arc::new(()));
    let flight = Flight::with_hasher(RandomState::new());
    for _ in 0..3 {
        let mut asking: Vec<_> = (0..3)
            .map(|_| {
                let value = value.clone();
                Box::pin(flight.run(key.clone(), move || async {
                    futures_lite::future::yield_now().await;
                    value
                }))
            })
            .collect();
        for asking in &mut asking {
            assert!(poll(asking.as_mut()).is_pending());
        }
        for asking in &mut asking {
            drop(ready(asking.as_mut()));
        }
    }
    assert_eq!((Arc::strong_count(&key), Arc::strong_count(&value)), (1, 1));
}
