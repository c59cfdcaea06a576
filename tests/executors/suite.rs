//! What must hold wherever it runs.

use std::{
    future::{Future, pending, ready},
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use futures_lite::future::yield_now;
use selvedge::{
    sync::{Condvar, Mutex, RwLock, RwLockUpgradableReadGuard, Semaphore},
    time::{Elapsed, sleep, timeout},
};

pub(crate) type Job = Pin<Box<dyn Future<Output = ()> + Send>>;

const TASKS: usize = 24;
const ROUNDS: usize = 40;

pub(crate) async fn suite(spawn: impl Fn(Job)) {
    a_mutex_excludes(&spawn, Mutex::new(0)).await;
    a_mutex_excludes(&spawn, Mutex::fair(0)).await;
    a_semaphore_limits(&spawn).await;
    a_writer_is_alone(&spawn, RwLock::new(0)).await;
    a_writer_is_alone(&spawn, RwLock::fair(0)).await;
    a_condition_is_met(&spawn).await;
    time_passes().await;
}

/// Waits until all tasks have ended.
async fn all_of(ended: &Semaphore) {
    ended.acquire_many(u32::try_from(TASKS).unwrap()).await.unwrap().forget();
}

async fn a_mutex_excludes(spawn: &impl Fn(Job), mutex: Mutex<usize>) {
    let (mutex, ended) = (Arc::new(mutex), Arc::new(Semaphore::new(0)));
    for _ in 0..TASKS {
        let (mutex, ended) = (mutex.clone(), ended.clone());
        spawn(Box::pin(async move {
            for _ in 0..ROUNDS {
                let mut count = mutex.lock().await;
                let seen = *count;
                yield_now().await;
                *count = seen + 1;
            }
            ended.add_permits(1);
        }));
    }
    all_of(&ended).await;
    assert_eq!(*mutex.lock().await, TASKS * ROUNDS);
}

async fn a_semaphore_limits(spawn: &impl Fn(Job)) {
    let (limit, ended) = (Arc::new(Semaphore::new(3)), Arc::new(Semaphore::new(0)));
    let inside = Arc::new(AtomicUsize::new(0));
    for task in 0..TASKS {
        let (limit, ended, inside) = (limit.clone(), ended.clone(), inside.clone());
        spawn(Box::pin(async move {
            for _ in 0..ROUNDS {
                let weight = 1 + task % 3;
                let permit = limit.acquire_many(u32::try_from(weight).unwrap()).await.unwrap();
                assert!(inside.fetch_add(weight, SeqCst) + weight <= 3);
                yield_now().await;
                inside.fetch_sub(weight, SeqCst);
                drop(permit);
            }
            ended.add_permits(1);
        }));
    }
    all_of(&ended).await;
    assert_eq!(limit.available_permits(), 3);
}

async fn a_writer_is_alone(spawn: &impl Fn(Job), lock: RwLock<usize>) {
    let (lock, ended) = (Arc::new(lock), Arc::new(Semaphore::new(0)));
    for task in 0..TASKS {
        let (lock, ended) = (lock.clone(), ended.clone());
        spawn(Box::pin(async move {
            for round in 0..ROUNDS {
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
            ended.add_permits(1);
        }));
    }
    all_of(&ended).await;
    assert_eq!(*lock.read().await, TASKS * ROUNDS / 2);
}

async fn a_condition_is_met(spawn: &impl Fn(Job)) {
    let (shared, ended) = (Arc::new((Mutex::new(0), Condvar::new())), Arc::new(Semaphore::new(0)));
    for task in 0..TASKS {
        let (shared, ended) = (shared.clone(), ended.clone());
        spawn(Box::pin(async move {
            for _ in 0..ROUNDS {
                let turn = shared.0.lock().await;
                let mut turn = shared.1.wait_while(turn, |turn| *turn % TASKS != task).await;
                *turn += 1;
                shared.1.notify_all();
            }
            ended.add_permits(1);
        }));
    }
    all_of(&ended).await;
    assert_eq!((*shared.0.lock().await, shared.1.statistics().waiting), (TASKS * ROUNDS, 0));
}

async fn time_passes() {
    sleep(Duration::from_millis(2)).await;
    assert_eq!(timeout(Duration::from_secs(3600), ready(1)).await, Ok(1));
    assert_eq!(timeout(Duration::from_millis(2), pending::<()>()).await, Err(Elapsed));
}
