//! An entry a key, for as long as somebody has an interest in it.
//!
//! The map goes from hashes to buckets, and a bucket is never changed, only replaced. So keys are
//! compared, and dropped, outside of the lock: that is other people's code.
//!
//! ```text
//!   hash ──► bucket (Arc<[..]>, replaced as a whole) ──► entries ──► key, users, value
//! ```
//!
//! Invariants:
//! 1. `users` of an entry in the map changes with the lock held only.
//! 2. An entry leaves the map when its last user does, unless its value is to be kept; or when it is
//!    removed. It is then no longer found, and lives for as long as its users have it.
//! 3. A bucket in the map has at least one entry, and no two with equal keys.

use alloc::{sync::Arc, vec::Vec};
use core::{
    borrow::Borrow,
    fmt,
    hash::{BuildHasher, Hash},
    mem,
    ops::Deref,
    sync::atomic::Ordering::Relaxed,
};

use hashbrown::HashTable;

use super::{
    line::{Handle, Primitive},
    shim::{self, Lock, atomic::AtomicUsize, const_in_build, mutant},
};

/// The map.
pub struct Keyed<K, E, S> {
    buckets: Lock<Buckets<K, E>>,
    hasher: S,
}

type Bucket<K, E> = Arc<[Arc<Entry<K, E>>]>;

/// The buckets by their hashes, which are the table's keys: it calls no code of a user's.
struct Buckets<K, E>(HashTable<(u64, Bucket<K, E>)>);

impl<K, E> Buckets<K, E> {
    fn iter(&self) -> impl Iterator<Item = &Bucket<K, E>> {
        self.0.iter().map(|(_, bucket)| bucket)
    }

    fn get(&self, hash: u64) -> Option<&Bucket<K, E>> {
        self.0.find(hash, |(known, _)| *known == hash).map(|(_, bucket)| bucket)
    }

    /// Puts a bucket in the place of another, if there is one. That is to be dropped outside of the
    /// lock.
    fn replace(&mut self, hash: u64, bucket: Bucket<K, E>) -> Option<Bucket<K, E>> {
        match self.0.find_mut(hash, |(known, _)| *known == hash) {
            Some((_, known)) => Some(mem::replace(known, bucket)),
            None => {
                self.0.insert_unique(hash, (hash, bucket), |(known, _)| *known);
                None
            }
        }
    }

    /// Replaces the bucket of `entry` by one without it. The old one is to be dropped outside of the
    /// lock.
    fn take_out(&mut self, entry: &Arc<Entry<K, E>>) -> Option<Bucket<K, E>> {
        let bucket = self.get(entry.hash)?;
        let goes = |other: &Arc<Entry<K, E>>| {
            Arc::ptr_eq(other, entry) || mutant!("who leaves takes the key along")
        };
        let rest: Vec<_> = bucket.iter().filter(|other| !goes(other)).map(Arc::clone).collect();
        if rest.len() == bucket.len() {
            // It has been taken out before.
            return None;
        }
        if !rest.is_empty() {
            return self.replace(entry.hash, rest.into());
        }
        let place = self.0.find_entry(entry.hash, |(known, _)| *known == entry.hash).ok()?;
        Some(place.remove().0.1)
    }
}

/// What there is of one key.
pub struct Entry<K, E> {
    key: K,
    hash: u64,
    users: AtomicUsize,
    value: E,
}

impl<K, E> Entry<K, E> {
    /// Whose it is.
    pub fn key(&self) -> &K {
        &self.key
    }

    /// What it is.
    pub fn value(&self) -> &E {
        &self.value
    }

    /// How many have an interest in it: a look that is old by the time it returns.
    pub fn users(&self) -> usize {
        self.users.load(Relaxed)
    }
}

// SAFETY: an entry does not move its value, which leads to one place.
#[expect(unsafe_code, reason = "promises where the state is")]
unsafe impl<K, E: Primitive> Primitive for Entry<K, E> {
    type Core = E::Core;

    #[inline]
    fn core(&self) -> &E::Core {
        self.value.core()
    }
}

/// What has such a map.
pub trait Map {
    /// The keys.
    type Key;
    /// What there is of each.
    type Value;
    /// How they are hashed.
    type Hasher;

    /// The map.
    fn keyed(&self) -> &Keyed<Self::Key, Self::Value, Self::Hasher>;

    /// Whether an entry stays when nobody uses it. The lock is held, so no code of a user's runs.
    fn keeps(value: &Self::Value) -> bool;
}

type EntryOf<M> = Arc<Entry<<M as Map>::Key, <M as Map>::Value>>;

/// An interest in an entry, which is there for as long as this is.
pub struct Interest<H: Deref<Target: Map>> {
    map: H,
    entry: EntryOf<H::Target>,
}

impl<H: Deref<Target: Map>> Interest<H> {
    /// Finds the entry of `key`, or makes one.
    pub fn new(
        map: H,
        key: <H::Target as Map>::Key,
        make: impl FnOnce() -> <H::Target as Map>::Value,
    ) -> Self
    where
        <H::Target as Map>::Key: Hash + Eq,
        <H::Target as Map>::Hasher: BuildHasher,
    {
        let entry = map.keyed().enter(key, make);
        Self { map, entry }
    }

    /// The entry.
    pub fn entry(&self) -> &EntryOf<H::Target> {
        &self.entry
    }

    /// Takes the entry out of the map; how many have an interest in it, this one included. Nobody
    /// comes to it any more.
    pub fn take_out(&self) -> usize {
        self.map.keyed().take_out(&self.entry)
    }

    /// Ends without telling the map: the entry is out of it, and nobody will ask who is left.
    #[expect(unsafe_code, reason = "a field of what has a drop is moved out")]
    pub fn settle(self) -> EntryOf<H::Target>
    where
        H: Copy,
    {
        let this = mem::ManuallyDrop::new(self);
        // SAFETY: `this` is not dropped, so it is moved out once; the other field needs no drop.
        unsafe { core::ptr::read(&this.entry) }
    }
}

impl<H: Deref<Target: Map>> Deref for Interest<H> {
    type Target = Entry<<H::Target as Map>::Key, <H::Target as Map>::Value>;

    #[inline]
    fn deref(&self) -> &Self::Target {
        &self.entry
    }
}

// SAFETY: the `Arc` in it leads to one place.
#[expect(unsafe_code, reason = "promises where the state is")]
unsafe impl<H: Deref<Target: Map>> Handle for Interest<H> where <H::Target as Map>::Value: Primitive {}

impl<H: Deref<Target: Map>> Drop for Interest<H> {
    fn drop(&mut self) {
        if !shim::doomed() {
            self.map.keyed().leave(&self.entry, <H::Target as Map>::keeps);
        }
    }
}

impl<K, E, S> Keyed<K, E, S> {
    const_in_build! {
        /// Without entries.
        pub fn new(hasher: S) -> Self {
            Self { buckets: Lock::new(Buckets(HashTable::new())), hasher }
        }
    }

    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.buckets.with(|buckets| buckets.iter().map(|bucket| bucket.len()).sum())
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.buckets.with(|buckets| buckets.0.is_empty())
    }

    /// Every entry, as it is now.
    pub fn entries(&self) -> Vec<Arc<Entry<K, E>>> {
        self.buckets.with(|buckets| {
            buckets.iter().flat_map(|bucket| bucket.iter().map(Arc::clone)).collect()
        })
    }

    /// Takes those entries out that nobody uses and `keep` does not want, and says how many are left.
    /// The lock is held meanwhile, so no code of a user's runs in `keep`.
    pub fn sweep(&self, keep: impl Fn(&E) -> bool) -> usize {
        let goes = |bucket: &Bucket<K, E>| {
            bucket.iter().all(|entry| entry.users.load(Relaxed) == 0 && !keep(&entry.value))
        };
        let (old, left): (Vec<_>, _) = self.buckets.with(|Buckets(table)| {
            let old = table.extract_if(|(_, bucket)| goes(bucket)).collect();
            table.shrink_to(2 * table.len(), |(hash, _)| *hash);
            (old, table.len())
        });
        // Keys are dropped here.
        drop(old);
        left
    }

    fn bucket(&self, hash: u64) -> Option<Bucket<K, E>> {
        self.buckets.with(|buckets| buckets.get(hash).map(Arc::clone))
    }

    /// Takes an entry out of the map, if it is in it; how many users it has.
    fn take_out(&self, entry: &Arc<Entry<K, E>>) -> usize {
        let (users, old) = self.buckets.with(|buckets| {
            let old = buckets.take_out(entry);
            (entry.users.load(Relaxed), old)
        });
        // Keys are dropped here.
        drop(old);
        users
    }

    /// Gives up an interest. The entry goes if it was the last, unless `keep` says otherwise.
    fn leave(&self, entry: &Arc<Entry<K, E>>, keep: impl FnOnce(&E) -> bool) {
        let old = self.buckets.with(|buckets| {
            let last = entry.users.fetch_sub(1, Relaxed) == 1;
            let goes = last && !keep(&entry.value) && !mutant!("unused entries stay");
            if goes { buckets.take_out(entry) } else { None }
        });
        // Keys are dropped here.
        drop(old);
    }
}

impl<K, E, S: BuildHasher> Keyed<K, E, S> {
    /// Shows the entry of `key` to `look`, if there is one. No lock is held.
    pub fn look<Q, R>(&self, key: &Q, look: impl FnOnce(&Arc<Entry<K, E>>) -> R) -> Option<R>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        let bucket = self.bucket(self.hasher.hash_one(key))?;
        bucket.iter().find(|entry| entry.key.borrow() == key).map(look)
    }

    /// Takes the entry of `key` out of the map.
    pub fn remove<Q>(&self, key: &Q) -> Option<Arc<Entry<K, E>>>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        let entry = self.look(key, Arc::clone)?;
        self.take_out(&entry);
        Some(entry)
    }

    /// Finds the entry of `key`, or makes one; either way it has one more user.
    fn enter(&self, key: K, make: impl FnOnce() -> E) -> Arc<Entry<K, E>>
    where
        K: Hash + Eq,
    {
        let hash = self.hasher.hash_one(&key);
        let mut fresh: Result<_, Arc<Entry<K, E>>> = Ok((key, make));
        loop {
            let seen = self.bucket(hash);
            let key = match &fresh {
                Ok((key, _)) => key,
                Err(entry) => entry.key(),
            };
            let known =
                seen.iter().flat_map(|bucket| bucket.iter()).find(|known| known.key == *key);
            if let Some(entry) = known {
                let entered = self.buckets.with(|buckets| {
                    let same = is(buckets.get(hash), seen.as_ref());
                    if same || mutant!("an entry is entered that has left") {
                        entry.users.fetch_add(1, Relaxed);
                    }
                    same || mutant!("an entry is entered that has left")
                });
                if entered {
                    return Arc::clone(entry);
                }
                continue;
            }
            let entry = match fresh {
                Ok((key, make)) => {
                    Arc::new(Entry { key, hash, users: AtomicUsize::new(1), value: make() })
                }
                Err(entry) => entry,
            };
            let own = Arc::clone(&entry);
            let next: Bucket<K, E> = match &seen {
                // Nearly always: one allocation.
                None => Arc::new([own]),
                Some(bucket) => bucket.iter().map(Arc::clone).chain([own]).collect(),
            };
            let mut next = Some(next);
            // RACE: 1. A and B find no entry of a key. 2. Both add one, and both think that it is
            //       theirs alone. So a bucket is replaced only if it is the one that was looked at.
            let added = self.buckets.with(|buckets| {
                if !is(buckets.get(hash), seen.as_ref()) && !mutant!("buckets are overwritten") {
                    return Err(());
                }
                Ok(next.take().and_then(|next| buckets.replace(hash, next)))
            });
            if added.is_ok() {
                return entry;
            }
            fresh = Err(entry);
        }
    }
}

/// Whether it is the same bucket, or none both times.
fn is<K, E>(one: Option<&Bucket<K, E>>, other: Option<&Bucket<K, E>>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => Arc::ptr_eq(one, other),
        (None, None) => true,
        _ => false,
    }
}

impl<K, E, S> fmt::Debug for Keyed<K, E, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keyed").field("len", &self.len()).finish_non_exhaustive()
    }
}

impl<K, E> fmt::Debug for Entry<K, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entry").finish_non_exhaustive()
    }
}

impl<H: Deref<Target: Map>> fmt::Debug for Interest<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Interest").finish_non_exhaustive()
    }
}
