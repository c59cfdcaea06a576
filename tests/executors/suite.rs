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
    sync::{Mutex, Semaphore},
    time::{Elapsed, sleep, timeout},
};

pub(crate) type Job = Pin<Box<dyn Future<Output = ()> + Send>>;

const TASKS: usize = 24;
const ROUNDS: usize = 40;

pub(crate) async fn suite(spawn: impl Fn(Job)) {
    a_mutex_excludes(&spawn, Mutex::new(0)).await;
    a_mutex_excludes(&spawn, Mutex::fair(0)).await;
    a_semaphore_limits(&spawn).await;
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

async fn time_passes() {
    sleep(Duration::from_millis(2)).await;
    assert_eq!(timeout(Duration::from_secs(3600), ready(1)).await, Ok(1));
    assert_eq!(timeout(Duration::from_millis(2), pending::<()>()).await, Err(Elapsed));
}
