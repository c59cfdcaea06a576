//! What keeps the entries: our own store, and other people's.

use std::{
    cell::{Cell, RefCell},
    collections::HashMap,
    hash::{Hash, Hasher, RandomState},
    pin::pin,
    rc::Rc,
    sync::Arc,
};

use selvedge::context::decorate::{Cache, Kept, Recent, Store, op};

use super::super::{Failed, MS, Turned};
use crate::harness::ready;

/// moka's and quick_cache's caches, and whatever has three methods.
#[test]
fn stores_of_other_peoples() {
    struct Mine(RefCell<HashMap<u8, Kept<u8>>>);
    impl Store<u8, Kept<u8>> for Mine {
        fn get(&self, key: &u8) -> Option<Kept<u8>> {
            self.0.borrow().get(key).copied()
        }
        fn put(&self, key: u8, value: Kept<u8>) {
            self.0.borrow_mut().insert(key, value);
        }
        fn remove(&self, key: &u8) {
            self.0.borrow_mut().remove(key);
        }
    }
    fn works(store: impl Store<u8, Kept<u8>>) {
        let (time, calls) = (Turned::new(), Cell::new(0));
        let cache = Cache::with_store(store).ttl(10 * MS);
        let count = op(async |_: u8| {
            calls.set(calls.get() + 1);
            Ok::<u8, Failed>(calls.get())
        });
        let count = count.with_time(time.clone()).cache(&cache, |&(n,): &(u8,)| n);
        assert_eq!([7, 7, 8].map(|n| ready(pin!(count.call(n)))), [Ok(1), Ok(1), Ok(2)]);
        cache.remove(&7);
        assert_eq!([7, 8].map(|n| ready(pin!(count.call(n)))), [Ok(3), Ok(2)]);
        time.turn(10 * MS);
        assert_eq!(ready(pin!(count.call(8))), Ok(4));
    }
    works(Mine(RefCell::default()));
    works(moka::sync::Cache::new(100));
    works(quick_cache::sync::Cache::new(100));
    works(Arc::new(Recent::new(100)));
    let mine = Recent::with_hasher(100, RandomState::new());
    works(&mine);
    assert_eq!(mine.len(), 2);
}

/// Those that were looked at lately stay.
#[test]
fn the_store_gives_a_second_chance() {
    let store = Recent::new(3);
    for key in 0..3 {
        store.put(key, key);
    }
    assert_eq!(store.get(&0), Some(0));
    store.put(3, 3);
    assert_eq!([0, 1, 2, 3].map(|key| store.get(&key)), [Some(0), None, Some(2), Some(3)]);
    store.clear();
    assert!(store.is_empty());
    store.put(1, 1);
    assert_eq!(store.get(&1), Some(1));
    assert_eq!(format!("{store:?}"), "Recent { len: 1, capacity: 3 }");
}

/// A large store is in parts, and its bound holds all the same.
#[test]
fn a_large_store_keeps_its_bound() {
    for capacity in [255, 256, 259, 1000] {
        let (store, all) = (Recent::new(capacity), 0..20 * capacity);
        for key in all.clone() {
            store.put(key, -1);
            store.put(key, 1);
            assert_eq!(store.get(&key), Some(1));
            assert!(store.len() <= capacity);
        }
        assert_eq!(store.len(), capacity, "all of the room is of use");
        let there: Vec<_> = all.filter(|key| store.get(key).is_some()).collect();
        assert_eq!(there.len(), capacity);
        store.remove(&there[0]);
        assert_eq!((store.get(&there[0]), store.len()), (None, capacity - 1));
        store.clear();
        assert!(store.is_empty() && there.iter().all(|key| store.get(key).is_none()));
    }
}

/// Semantics, shape 4: keys and values run other people's code, and none of it under a lock.
#[test]
fn keys_and_values_may_come_back_to_the_store() {
    thread_local! {
        static BUSY: Rc<Recent<Key, Value>> = Rc::new(Recent::new(2));
    }
    fn come_back() {
        // While a thread ends its store is gone already.
        let _ = BUSY.try_with(|store| assert!(store.len() <= 2));
    }
    struct Key(u8);
    impl Hash for Key {
        fn hash<H: Hasher>(&self, state: &mut H) {
            come_back();
            state.write_u8(self.0 % 4);
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
    struct Value(u8);
    impl Clone for Value {
        fn clone(&self) -> Self {
            come_back();
            Self(self.0)
        }
    }
    impl Drop for Value {
        fn drop(&mut self) {
            come_back();
        }
    }
    let store = BUSY.with(Rc::clone);
    // 1 and 5 have one hash.
    for key in [1, 2, 3, 1, 5, 2, 2] {
        store.put(Key(key), Value(key));
        assert_eq!(store.get(&Key(key)).unwrap().0, key);
    }
    assert!(store.get(&Key(1)).is_none(), "5 has its hash");
    store.remove(&Key(5));
    assert!(store.get(&Key(5)).is_none());
    store.clear();
}
