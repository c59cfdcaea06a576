//! The four guards of a mutex: parts, panics, and what goes on without them.

use std::{mem, pin::pin, sync::Arc};

use selvedge::sync::{MappedMutexGuard, Mutex, MutexGuard, OwnedMappedMutexGuard, OwnedMutexGuard};

use crate::harness::{panics, poll, ready};

type Pair = (i32, String);

fn pair() -> Arc<Mutex<Pair>> {
    Arc::new(Mutex::new((1, "weft".to_owned())))
}

/// What every guard does, for one that starts as `$make` and whose parts are `$part`s.
macro_rules! each_guard {
    ($($name:ident: $guard:ident => $part:ident, $mutex:ident, $make:expr;)*) => {$(
        mod $name {
            use super::*;

            #[test]
            fn a_part_is_lent_and_written() {
                let $mutex = pair();
                let mut part = $guard::map($make, |pair| &mut pair.0);
                *part += 1;
                assert_eq!(format!("{part} {part:?}"), "2 2");
                assert!($mutex.try_lock().is_err(), "a part holds the whole");
                let deeper = $part::map(part, |number| number);
                assert!($mutex.try_lock().is_err());
                drop(deeper);
                assert_eq!($mutex.try_lock().unwrap().0, 2);
            }

            #[test]
            fn the_guard_comes_back_if_there_is_no_such_part() {
                let $mutex = pair();
                let guard = $guard::try_map($make, |_| None::<&mut u8>).unwrap_err();
                let part = $guard::try_map(guard, |pair| Some(pair.1.as_mut_str())).unwrap();
                let part = $part::try_map(part, |_| None::<&mut u8>).unwrap_err();
                assert_eq!(&*part, "weft");
                assert!($mutex.try_lock().is_err());
                let whole = $part::try_map(part, |text| Some(text)).unwrap();
                drop(whole);
                assert!($mutex.try_lock().is_ok());
            }

            /// Semantics 10.
            #[test]
            fn a_panic_in_the_closure_gives_the_mutex_back() {
                let $mutex = pair();
                let mut next = Box::pin($mutex.lock());
                assert!(panics(|| {
                    let guard = $make;
                    assert!(poll(next.as_mut()).is_pending());
                    drop($guard::map(guard, |_| -> &mut u8 { panic!("on purpose") }));
                }));
                drop(ready(next.as_mut()));
                assert!(panics(|| {
                    drop($guard::try_map($make, |_| -> Option<&mut u8> { panic!("on purpose") }));
                }));
                let part = $guard::map($make, |pair| &mut pair.0);
                assert!(panics(|| drop($part::map(part, |_| -> &mut u8 { panic!("on purpose") }))));
                assert!($mutex.try_lock().is_ok());
            }

            #[test]
            fn forgetting_it_keeps_the_mutex_held_and_nothing_else() {
                let $mutex = pair();
                mem::forget($guard::map($make, |pair| &mut pair.1));
                assert!($mutex.try_lock().is_err());
                let mut waiting = Box::pin($mutex.lock());
                assert!(poll(waiting.as_mut()).is_pending());
                drop(waiting);
                assert_eq!($mutex.statistics().waiting, 0);
            }
        }
    )*};
}

each_guard! {
    borrowed: MutexGuard => MappedMutexGuard, mutex, mutex.try_lock().unwrap();
    borrowed_part: MappedMutexGuard => MappedMutexGuard, mutex,
        MutexGuard::map(mutex.try_lock().unwrap(), |pair| pair);
    owned: OwnedMutexGuard => OwnedMappedMutexGuard, mutex,
        mutex.clone().try_lock_owned().unwrap();
    owned_part: OwnedMappedMutexGuard => OwnedMappedMutexGuard, mutex,
        OwnedMutexGuard::map(mutex.clone().try_lock_owned().unwrap(), |pair| pair);
}

#[test]
fn owned_guards_keep_the_mutex_alive() {
    let mutex = pair();
    let guard = ready(pin!(mutex.clone().lock_owned()).as_mut());
    assert!(Arc::ptr_eq(OwnedMutexGuard::mutex(&guard), &mutex));
    let part = OwnedMutexGuard::map(guard, |pair| &mut pair.1);
    assert!(Arc::ptr_eq(OwnedMappedMutexGuard::mutex(&part), &mutex));
    let weak = Arc::downgrade(&mutex);
    drop(mutex);
    assert_eq!(part.as_str(), "weft");
    drop(part);
    assert!(weak.upgrade().is_none());
}

#[test]
fn a_pending_owned_lock_keeps_the_mutex_alive_until_it_is_dropped() {
    let mutex = pair();
    let guard = mutex.clone().try_lock_owned().unwrap();
    let mut lock = Box::pin(mutex.clone().lock_owned());
    assert!(poll(lock.as_mut()).is_pending());
    let weak = Arc::downgrade(&mutex);
    drop((mutex, guard));
    assert_eq!(weak.strong_count(), 1);
    drop(lock);
    assert_eq!(weak.strong_count(), 0);
}

#[test]
fn whoever_owns_the_mutex_needs_no_lock() {
    let mut mutex = Mutex::from(1);
    *mutex.get_mut() += 1;
    assert_eq!(mutex.into_inner(), 2);
    let mut mutex = Mutex::<i32>::default();
    mem::forget(mutex.try_lock().unwrap());
    *mutex.get_mut() += 1;
    assert_eq!((mutex.statistics().locked, mutex.into_inner()), (true, 1));
}

#[test]
fn values_may_be_unsized() {
    let mutex: Arc<Mutex<[i32]>> = Arc::new(Mutex::new([1, 2, 3]));
    assert_eq!(format!("{mutex:?}"), "Mutex { data: [1, 2, 3] }");
    let first = OwnedMutexGuard::map(mutex.clone().try_lock_owned().unwrap(), |all| &mut all[..1]);
    assert_eq!((&*first, format!("{mutex:?}").as_str()), (&[1][..], "Mutex { data: <locked> }"));
    drop(first);
    let mut lock = pin!(mutex.lock());
    assert_eq!(ready(lock.as_mut()).len(), 3);
}

/// Semantics 8 for what `Debug` does: it looks as `try_lock` does, and stands in no line.
#[test]
fn debug_leaves_the_line_as_it_is() {
    let mutex = Mutex::fair(0);
    let held = mutex.try_lock().unwrap();
    let mut next = pin!(mutex.lock());
    assert!(poll(next.as_mut()).is_pending());
    drop(held);
    assert_eq!(format!("{mutex:?}"), "Mutex { data: <locked> }");
    assert_eq!(format!("{next:?}"), "Lock { .. }");
    drop(ready(next.as_mut()));
    assert_eq!(format!("{mutex:?}"), "Mutex { data: 0 }");
}
