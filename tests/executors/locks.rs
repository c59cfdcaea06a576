//! Locks and limits exclude wherever they are held.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering::SeqCst},
};

use futures_lite::future::yield_now;
use selvedge::sync::{
    CapacityLimiter, Condvar, KeyedMutex, Mutex, RwLock, RwLockUpgradableReadGuard, Semaphore,
};

use crate::{Crew, ROUNDS, TASKS, hosts::Tasks};

pub(crate) async fn a_mutex_excludes(tasks: Tasks) {
    excludes(tasks, Mutex::new(0)).await;
}

pub(crate) async fn a_fair_mutex_excludes(tasks: Tasks) {
    excludes(tasks, Mutex::fair(0)).await;
}

async fn excludes(tasks: Tasks, mutex: Mutex<usize>) {
    let (mutex, mut crew) = (Arc::new(mutex), Crew::new(&tasks));
    for _ in 0..TASKS {
        let mutex = mutex.clone();
        crew.add(async move {
            for _ in 0..ROUNDS {
                let mut count = mutex.lock().await;
                let seen = *count;
                yield_now().await;
                *count = seen + 1;
            }
        });
    }
    crew.end().await;
    assert_eq!(*mutex.lock().await, TASKS * ROUNDS);
    assert_eq!(mutex.statistics().waiting, 0);
}

pub(crate) async fn a_semaphore_limits(tasks: Tasks) {
    let (limit, inside) = (Arc::new(Semaphore::new(3)), Arc::new(AtomicUsize::new(0)));
    let mut crew = Crew::new(&tasks);
    for task in 0..TASKS {
        let (limit, inside) = (limit.clone(), inside.clone());
        crew.add(async move {
            for _ in 0..ROUNDS {
                let weight = 1 + task % 3;
                let permit = limit.acquire_many(u32::try_from(weight).unwrap()).await.unwrap();
                assert!(inside.fetch_add(weight, SeqCst) + weight <= 3);
                yield_now().await;
                inside.fetch_sub(weight, SeqCst);
                drop(permit);
            }
        });
    }
    crew.end().await;
    assert_eq!(limit.available_permits(), 3);
}

pub(crate) async fn a_capacity_limiter_limits(tasks: Tasks) {
    let (limit, inside) = (Arc::new(CapacityLimiter::new(2)), Arc::new(AtomicUsize::new(0)));
    let mut crew = Crew::new(&tasks);
    for _ in 0..TASKS {
        let (limit, inside) = (limit.clone(), inside.clone());
        crew.add(async move {
            for _ in 0..ROUNDS {
                let token = limit.acquire().await;
                assert!(inside.fetch_add(1, SeqCst) < 2);
                yield_now().await;
                inside.fetch_sub(1, SeqCst);
                drop(token);
            }
        });
    }
    crew.end().await;
    assert_eq!(limit.statistics().borrowed, 0);
}

pub(crate) async fn a_writer_is_alone(tasks: Tasks) {
    writes_alone(tasks, RwLock::new(0)).await;
}

pub(crate) async fn a_fair_writer_is_alone(tasks: Tasks) {
    writes_alone(tasks, RwLock::fair(0)).await;
}

async fn writes_alone(tasks: Tasks, lock: RwLock<usize>) {
    let (lock, mut crew) = (Arc::new(lock), Crew::new(&tasks));
    for task in 0..TASKS {
        let lock = lock.clone();
        crew.add(async move {
            for round in 0..4 * (ROUNDS / 4) {
                match (task + round) % 4 {
                    0 => {
                        let mut count = lock.write().await;
                        let seen = *count;
                        yield_now().await;
                        *count = seen + 1;
                    }
                    1 => {
                        let count = lock.upgradable_read().await;
                        let seen = *count;
                        yield_now().await;
                        *RwLockUpgradableReadGuard::upgrade(count).await = seen + 1;
                    }
                    _ => {
                        let count = lock.read().await;
                        let seen = *count;
                        yield_now().await;
                        assert_eq!(*count, seen);
                    }
                }
            }
        });
    }
    crew.end().await;
    assert_eq!(*lock.read().await, TASKS * (ROUNDS / 4) * 2);
}

pub(crate) async fn a_condition_is_met(tasks: Tasks) {
    let shared = Arc::new((Mutex::new(0), Condvar::new()));
    let mut crew = Crew::new(&tasks);
    for task in 0..TASKS {
        let shared = shared.clone();
        crew.add(async move {
            for _ in 0..ROUNDS {
                let turn = shared.0.lock().await;
                let mut turn = shared.1.wait_while(turn, |turn| *turn % TASKS != task).await;
                *turn += 1;
                shared.1.notify_all();
            }
        });
    }
    crew.end().await;
    assert_eq!((*shared.0.lock().await, shared.1.statistics().waiting), (TASKS * ROUNDS, 0));
}

pub(crate) async fn a_key_excludes_its_like(tasks: Tasks) {
    let keys = Arc::new(KeyedMutex::<usize>::new());
    let inside = Arc::new([const { AtomicUsize::new(0) }; 3]);
    let mut crew = Crew::new(&tasks);
    for task in 0..TASKS {
        let (keys, inside) = (keys.clone(), inside.clone());
        crew.add(async move {
            for round in 0..ROUNDS {
                let key = (task + round) % 3;
                let guard = keys.lock(key).await;
                assert_eq!(inside[key].fetch_add(1, SeqCst), 0);
                yield_now().await;
                inside[key].fetch_sub(1, SeqCst);
                drop(guard);
            }
        });
    }
    crew.end().await;
    assert!(keys.is_empty());
}
