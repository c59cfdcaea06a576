//! Other people's stores.

/// A store of moka's, with whatever it does to keep the best.
#[cfg(all(feature = "moka", not(selvedge_loom)))]
mod moka {
    use core::hash::{BuildHasher, Hash};

    use moka::sync::Cache;

    use super::super::Store;

    impl<K, V, S> Store<K, V> for Cache<K, V, S>
    where
        K: Hash + Eq + Send + Sync + 'static,
        V: Clone + Send + Sync + 'static,
        S: BuildHasher + Clone + Send + Sync + 'static,
    {
        fn get(&self, key: &K) -> Option<V> {
            Cache::get(self, key)
        }

        fn put(&self, key: K, value: V) {
            self.insert(key, value);
        }

        fn remove(&self, key: &K) {
            self.invalidate(key);
        }
    }
}

/// A store of quick_cache's.
#[cfg(all(feature = "quick_cache", not(selvedge_loom)))]
mod quick_cache {
    use core::hash::{BuildHasher, Hash};

    use quick_cache::{Lifecycle, Weighter, sync::Cache};

    use super::super::Store;

    impl<K, V, W, B, L> Store<K, V> for Cache<K, V, W, B, L>
    where
        K: Hash + Eq,
        V: Clone,
        W: Weighter<K, V> + Clone,
        B: BuildHasher + Clone,
        L: Lifecycle<K, V> + Clone,
    {
        fn get(&self, key: &K) -> Option<V> {
            Cache::get(self, key)
        }

        fn put(&self, key: K, value: V) {
            self.insert(key, value);
        }

        fn remove(&self, key: &K) {
            Cache::remove(self, key);
        }
    }
}
