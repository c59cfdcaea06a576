//! An entry a key, for as long as somebody has an interest in it.
//!
//! The map goes from hashes to buckets, and a bucket is never changed, only replaced. So keys are
//! compared, and dropped, outside of the lock: that is other people's code. There are several maps,
//! each with its lock, and a hash belongs to one of them.
//!
//! ```text
//!   hash ──► shard ──► bucket (replaced as a whole) ──► entries ──► key, users, value
//! ```
//!
//! Invariants:
//! 1. `users` of an entry changes with the lock of its shard held only.
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
    slice,
    sync::atomic::Ordering::Relaxed,
};

use hashbrown::HashTable;

use super::{
    line::{Handle, Primitive},
    shim::{self, Brief, atomic::AtomicUsize, const_in_build, mutant},
};

/// The map.
pub struct Keyed<K, E, S> {
    shards: [Shard<K, E>; SHARDS],
    hasher: S,
}

/// So many that threads seldom meet, and so few that looking through all of them is nothing.
const SHARDS: usize = if cfg!(selvedge_loom) { 1 } else { 8 };

/// A part of the map, on a cache line of its own.
#[repr(align(64))]
struct Shard<K, E>(Brief<Buckets<K, E>>);

impl<K, E> Shard<K, E> {
    const_in_build! {
        fn new() -> Self {
            Self(Brief::new(Buckets(HashTable::new())))
        }
    }
}

/// The entries of one hash: nearly always one.
enum Bucket<K, E> {
    One(Arc<Entry<K, E>>),
    Many(Arc<[Arc<Entry<K, E>>]>),
}

impl<K, E> Bucket<K, E> {
    fn of(entries: Vec<Arc<Entry<K, E>>>) -> Option<Self> {
        match &entries[..] {
            [] => None,
            [one] => Some(Self::One(Arc::clone(one))),
            _ => Some(Self::Many(entries.into())),
        }
    }

    fn entries(&self) -> &[Arc<Entry<K, E>>] {
        match self {
            Self::One(entry) => slice::from_ref(entry),
            Self::Many(entries) => entries,
        }
    }
}

impl<K, E> Clone for Bucket<K, E> {
    fn clone(&self) -> Self {
        match self {
            Self::One(entry) => Self::One(Arc::clone(entry)),
            Self::Many(entries) => Self::Many(Arc::clone(entries)),
        }
    }
}

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
        let entries = bucket.entries();
        let rest: Vec<_> = entries.iter().filter(|other| !goes(other)).map(Arc::clone).collect();
        if rest.len() == entries.len() {
            // It has been taken out before.
            return None;
        }
        if let Some(rest) = Bucket::of(rest) {
            return self.replace(entry.hash, rest);
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

    /// The lock of its shard is held (invariant 1), so nobody else changes it. What there were.
    #[inline]
    fn add(&self, users: isize) -> usize {
        let before = self.users.load(Relaxed);
        self.users.store(before.wrapping_add_signed(users), Relaxed);
        before
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
        let keyed = map.keyed();
        let hash = keyed.hasher.hash_one(&key);
        if let Some(entry) = keyed.visit(hash) {
            // Should comparing panic, it leaves.
            let visit = Interest { map: &*map, entry };
            if visit.entry.key == key {
                let entry = visit.settle();
                return Self { map, entry };
            }
        }
        let entry = keyed.find(hash, key, 1, make);
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
            #[cfg(selvedge_loom)]
            let shards = [Shard::new()];
            #[cfg(not(selvedge_loom))]
            let shards = [const { Shard::new() }; SHARDS];
            Self { shards, hasher }
        }
    }

    /// Where a hash belongs. The table goes by its lowest bits and its highest.
    #[inline]
    fn shard(&self, hash: u64) -> &Brief<Buckets<K, E>> {
        let Shard(shard) = &self.shards[(hash >> 48) as usize % SHARDS];
        shard
    }

    /// What `f` makes of each shard.
    fn each<R>(&self, mut f: impl FnMut(&mut Buckets<K, E>) -> R) -> impl Iterator<Item = R> {
        self.shards.iter().map(move |Shard(shard)| shard.with(&mut f))
    }

    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.each(|buckets| buckets.iter().map(|bucket| bucket.entries().len()).sum::<usize>())
            .sum()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.each(|buckets| buckets.0.is_empty()).all(|empty| empty)
    }

    /// Every entry, as it is now in its shard.
    pub fn entries(&self) -> Vec<Arc<Entry<K, E>>> {
        let all = self.each(|buckets| {
            let entries = buckets.iter().flat_map(|bucket| bucket.entries().iter());
            entries.map(Arc::clone).collect::<Vec<_>>()
        });
        all.flatten().collect()
    }

    /// Takes those entries out that nobody uses, or [shares](Self::share), and `keep` does not want,
    /// and says how many are left. A lock is held meanwhile, so no code of a user's runs in `keep`.
    pub fn sweep(&self, keep: impl Fn(&E) -> bool) -> usize {
        let goes = |entry: &mut Arc<Entry<K, E>>| {
            // It sees what those did who have had it.
            Arc::get_mut(entry).is_some_and(|entry| entry.users() == 0 && !keep(&entry.value))
        };
        let goes = |bucket: &mut Bucket<K, E>| match bucket {
            Bucket::One(entry) => goes(entry),
            Bucket::Many(all) => Arc::get_mut(all).is_some_and(|all| all.iter_mut().all(&goes)),
        };
        let swept = self.each(|Buckets(table)| {
            let old: Vec<_> = table.extract_if(|(_, bucket)| goes(bucket)).collect();
            table.shrink_to(2 * table.len(), |(hash, _)| *hash);
            (old, table.len())
        });
        // Keys are dropped here.
        swept.map(|(_, left)| left).sum()
    }

    fn bucket(&self, hash: u64) -> Option<Bucket<K, E>> {
        self.shard(hash).with(|buckets| buckets.get(hash).cloned())
    }

    /// Takes an entry out of the map, if it is in it; how many users it has.
    fn take_out(&self, entry: &Arc<Entry<K, E>>) -> usize {
        let (users, old) = self.shard(entry.hash).with(|buckets| {
            let old = buckets.take_out(entry);
            (entry.users(), old)
        });
        // Keys are dropped here.
        drop(old);
        users
    }

    /// Gives up an interest. The entry goes if it was the last, unless `keep` says otherwise.
    fn leave(&self, entry: &Arc<Entry<K, E>>, keep: impl FnOnce(&E) -> bool) {
        let old = self.shard(entry.hash).with(|buckets| {
            let last = entry.add(-1) == 1;
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
        bucket.entries().iter().find(|entry| entry.key.borrow() == key).map(look)
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

    /// Finds the entry of `key`, or makes one, for a map of which only [`sweep`](Self::sweep) takes
    /// entries out: whoever has it need not tell the map when it goes.
    #[inline]
    pub fn share(&self, key: K, make: impl FnOnce() -> E) -> Arc<Entry<K, E>>
    where
        K: Hash + Eq,
    {
        let hash = self.hasher.hash_one(&key);
        match self.bucket(hash) {
            Some(Bucket::One(entry)) if entry.key == key => entry,
            _ => self.find(hash, key, 0, make),
        }
    }

    /// The entry that has this hash alone; it has one more user, who may not have meant it.
    #[inline]
    fn visit(&self, hash: u64) -> Option<Arc<Entry<K, E>>> {
        let late = mutant!("an entry is entered that has left");
        let visited = self.shard(hash).with(|buckets| match buckets.get(hash) {
            Some(Bucket::One(entry)) => {
                if !late {
                    entry.add(1);
                }
                Some(Arc::clone(entry))
            }
            _ => None,
        });
        if late {
            self.shard(hash).with(|_| visited.iter().for_each(|entry| _ = entry.add(1)));
        }
        visited
    }

    /// Finds the entry of `key`, or makes one; either way it has so many more users.
    #[cold]
    fn find(&self, hash: u64, key: K, users: isize, make: impl FnOnce() -> E) -> Arc<Entry<K, E>>
    where
        K: Eq,
    {
        let mut fresh: Result<_, Arc<Entry<K, E>>> = Ok((key, make));
        loop {
            let seen = self.bucket(hash);
            let entries = seen.as_ref().map_or(&[][..], Bucket::entries);
            let key = match &fresh {
                Ok((key, _)) => key,
                Err(entry) => entry.key(),
            };
            if let Some(entry) = entries.iter().find(|known| known.key == *key) {
                let entered = self.shard(hash).with(|buckets| {
                    let same = is(buckets.get(hash), seen.as_ref());
                    if same {
                        entry.add(users);
                    }
                    same
                });
                if entered {
                    return Arc::clone(entry);
                }
                continue;
            }
            let entry = match fresh {
                Ok((key, make)) => {
                    let users = AtomicUsize::new(users.unsigned_abs());
                    Arc::new(Entry { key, hash, users, value: make() })
                }
                Err(entry) => entry,
            };
            let mut next = Some(match entries {
                [] => Bucket::One(Arc::clone(&entry)),
                _ => Bucket::Many(entries.iter().chain([&entry]).map(Arc::clone).collect()),
            });
            // RACE: 1. A and B find no entry of a key. 2. Both add one, and both think that it is
            //       theirs alone. So a bucket is replaced only if it is the one that was looked at.
            let added = self.shard(hash).with(|buckets| {
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
        (Some(Bucket::One(one)), Some(Bucket::One(other))) => Arc::ptr_eq(one, other),
        (Some(Bucket::Many(one)), Some(Bucket::Many(other))) => Arc::ptr_eq(one, other),
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
