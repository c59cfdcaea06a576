//! Programs that were written against tokio, or async-channel, and differ in their `use` lines only.

mod barrier;
mod mpmc;
mod mpsc;

mod broadcast;
mod cancel;
mod delay_queue;
mod notify;
mod once_cell;
mod oneshot;
mod rwlock;
mod set_once;
mod time;
mod tracker;
mod watch;

/// The program text, once for each set of `use` lines.
macro_rules! programs {
    ($module:ident, $($uses:item)*) => {
        mod $module {
            use std::sync::Arc;

            $($uses)*

            static LOCK: Mutex<u32> = Mutex::const_new(1);
            static LIMIT: Semaphore = Semaphore::const_new(2);

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn a_counter_behind_a_mutex() {
                let count = Arc::new(Mutex::new(0));
                let tasks: Vec<_> = (0..8)
                    .map(|_| {
                        let count = Arc::clone(&count);
                        tokio::spawn(async move {
                            for _ in 0..100 {
                                let mut guard = count.lock().await;
                                let seen = *guard;
                                tokio::task::yield_now().await;
                                *guard = seen + 1;
                            }
                        })
                    })
                    .collect();
                for task in tasks {
                    task.await.unwrap();
                }
                assert_eq!(*count.lock().await, 800);
                assert_eq!(Arc::into_inner(count).unwrap().into_inner(), 800);
            }

            #[tokio::test]
            async fn guards_of_every_kind() {
                let mut mutex = Mutex::from((1, String::from("weft")));
                mutex.get_mut().0 = 2;
                let mutex = Arc::new(mutex);
                {
                    let guard: MutexGuard<'_, (i32, String)> = mutex.try_lock().unwrap();
                    let _error: TryLockError = mutex.try_lock().unwrap_err();
                    assert!(std::ptr::eq(MutexGuard::mutex(&guard), &*mutex));
                    let mut part: MappedMutexGuard<'_, String> =
                        MutexGuard::map::<String, _>(guard, |pair| &mut pair.1);
                    part.push_str(" and warp");
                    let part = MappedMutexGuard::try_map::<u8, _>(part, |_| None).unwrap_err();
                    assert_eq!(part.as_str(), "weft and warp");
                }
                let guard: OwnedMutexGuard<_> = mutex.clone().lock_owned().await;
                assert!(Arc::ptr_eq(OwnedMutexGuard::mutex(&guard), &mutex));
                assert!(mutex.clone().try_lock_owned().is_err());
                let part: OwnedMappedMutexGuard<(i32, String), i32> =
                    OwnedMutexGuard::try_map(guard, |pair| Some(&mut pair.0)).unwrap();
                assert_eq!(format!("{part} {part:?}"), "2 2");
                drop(part);
                let thread = std::thread::spawn(move || {
                    mutex.blocking_lock().0 += 1;
                    mutex.blocking_lock_owned().0
                });
                assert_eq!(thread.join().unwrap(), 3);
                assert_eq!(*LOCK.lock().await, 1);
                assert_eq!(*Mutex::<u8>::default().lock().await, 0);
            }

            #[tokio::test]
            async fn permits_of_every_kind() {
                let semaphore = Arc::new(Semaphore::new(4));
                let mut one: SemaphorePermit<'_> = semaphore.acquire().await.unwrap();
                one.merge(semaphore.acquire_many(2).await.unwrap());
                assert_eq!((one.num_permits(), semaphore.available_permits()), (3, 1));
                let parted = one.split(1).unwrap();
                drop(one);
                assert_eq!(semaphore.available_permits(), 3);
                parted.forget();

                let mut owned: OwnedSemaphorePermit =
                    semaphore.clone().acquire_many_owned(2).await.unwrap();
                owned.merge(semaphore.clone().try_acquire_owned().unwrap());
                assert!(Arc::ptr_eq(owned.semaphore(), &semaphore));
                assert_eq!(semaphore.try_acquire().unwrap_err(), TryAcquireError::NoPermits);
                assert!(semaphore.clone().try_acquire_many_owned(1).is_err());
                drop(owned.split(1).unwrap());
                assert_eq!(semaphore.forget_permits(7), 1);
                semaphore.add_permits(2);
                drop(semaphore.try_acquire_many(2).unwrap());

                let waiter = tokio::spawn({
                    let semaphore = semaphore.clone();
                    async move { semaphore.acquire_many_owned(9).await.map(drop) }
                });
                tokio::task::yield_now().await;
                semaphore.close();
                let _error: AcquireError = waiter.await.unwrap().unwrap_err();
                assert!(semaphore.is_closed());
                assert_eq!(semaphore.try_acquire().unwrap_err(), TryAcquireError::Closed);
                assert!(semaphore.clone().acquire_owned().await.is_err());
                assert!(Semaphore::MAX_PERMITS >= 1 << 28);
            }

            /// What a program can see of results, errors and `Debug`, line by line.
            pub(super) fn transcript() -> Vec<String> {
                type Pair = (i32, String);
                let mut seen = Vec::new();
                let mut see = |what: &dyn std::fmt::Debug| seen.push(format!("{what:?}"));

                let mutex = Arc::new(Mutex::<Pair>::default());
                see(&mutex);
                let guard = mutex.try_lock().unwrap();
                see(&mutex);
                see(&guard);
                see(&mutex.try_lock().unwrap_err());
                see(&mutex.clone().try_lock_owned().unwrap_err());
                let guard = MutexGuard::try_map::<u8, _>(guard, |_| None).unwrap_err();
                let part = MutexGuard::try_map::<i32, _>(guard, |pair| Some(&mut pair.0)).unwrap();
                see(&part);
                let mut part = MappedMutexGuard::map::<i32, _>(part, |part| part);
                *part = 7;
                drop(part);
                let guard = mutex.clone().try_lock_owned().unwrap();
                let guard = OwnedMutexGuard::try_map::<u8, _>(guard, |_| None).unwrap_err();
                let part = OwnedMutexGuard::map::<i32, _>(guard, |pair| &mut pair.0);
                let part = OwnedMappedMutexGuard::try_map::<u8, _>(part, |_| None).unwrap_err();
                let part = OwnedMappedMutexGuard::map::<i32, _>(part, |part| part);
                see(&part);
                see(&mutex.try_lock().is_err());
                drop(part);
                see(&Arc::into_inner(mutex).unwrap().into_inner());

                let semaphore = Arc::new(Semaphore::new(5));
                let mut permit = semaphore.try_acquire_many(3).unwrap();
                see(&permit.split(4).is_none());
                see(&permit.split(0).map(|part| part.num_permits()));
                see(&permit.split(3).map(|part| part.num_permits()));
                see(&(permit.num_permits(), semaphore.available_permits()));
                permit.merge(semaphore.try_acquire_many(5).unwrap());
                see(&semaphore.try_acquire().unwrap_err());
                see(&semaphore.try_acquire_many(0).map(|permit| permit.num_permits()).ok());
                see(&semaphore.forget_permits(1));
                let other = Semaphore::new(1);
                see(&crate::harness::panics(|| permit.merge(other.try_acquire().unwrap())));
                see(&other.available_permits());
                semaphore.close();
                drop(permit);
                semaphore.add_permits(2);
                see(&(semaphore.is_closed(), semaphore.available_permits()));
                see(&semaphore.try_acquire().unwrap_err());
                see(&semaphore.clone().try_acquire_many_owned(0).unwrap_err());
                see(&pollster::block_on(semaphore.acquire()).unwrap_err());
                see(&pollster::block_on(semaphore.clone().acquire_many_owned(9)).unwrap_err());
                let most = Semaphore::MAX_PERMITS;
                see(&crate::harness::panics(|| _ = Semaphore::new(most + 1)));
                see(&crate::harness::panics(|| Semaphore::new(most).add_permits(1)));
                seen
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn a_limit_in_a_static() {
                let tasks: Vec<_> = (0..20)
                    .map(|_| {
                        tokio::spawn(async {
                            let _permit = LIMIT.acquire().await.unwrap();
                            tokio::task::yield_now().await;
                            LIMIT.available_permits()
                        })
                    })
                    .collect();
                for task in tasks {
                    assert!(task.await.unwrap() < 2);
                }
            }
        }
    };
}

programs! { tokio_s,
    use tokio::sync::{
        AcquireError, MappedMutexGuard, Mutex, MutexGuard, OwnedMappedMutexGuard, OwnedMutexGuard,
        OwnedSemaphorePermit, Semaphore, SemaphorePermit, TryAcquireError, TryLockError,
    };
}
programs! { selvedge_s,
    use selvedge::sync::{
        AcquireError, MappedMutexGuard, Mutex, MutexGuard, OwnedMappedMutexGuard, OwnedMutexGuard,
        OwnedSemaphorePermit, Semaphore, SemaphorePermit, TryAcquireError, TryLockError,
    };
}

#[test]
fn both_show_the_same() {
    assert_eq!(selvedge_s::transcript(), tokio_s::transcript());
}
