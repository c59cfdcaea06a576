//! RwLock.

macro_rules! programs {
    ($module:ident, $($uses:item)*) => {
        mod $module {
            use std::sync::Arc;

            $($uses)*

            type Pair = (i32, String);

            static RATE: RwLock<u32> = RwLock::const_new(7);
            static FEW: RwLock<u32> = RwLock::const_with_max_readers(7, 2);

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn many_readers_and_a_writer() {
                let table = Arc::new(RwLock::new(vec![0_u32; 4]));
                let writers: Vec<_> = (0..4)
                    .map(|at| {
                        let table = Arc::clone(&table);
                        tokio::spawn(async move {
                            for _ in 0..50 {
                                let mut rows = table.write().await;
                                let seen = rows[at];
                                tokio::task::yield_now().await;
                                rows[at] = seen + 1;
                            }
                        })
                    })
                    .collect();
                let readers: Vec<_> = (0..4)
                    .map(|_| {
                        let table = Arc::clone(&table);
                        tokio::spawn(async move {
                            let mut last = 0;
                            while last < 200 {
                                let rows = table.read().await;
                                let sum = rows.iter().sum();
                                tokio::task::yield_now().await;
                                assert_eq!(rows.iter().sum::<u32>(), sum);
                                assert!(sum >= last);
                                last = sum;
                                drop(rows);
                                tokio::task::yield_now().await;
                            }
                        })
                    })
                    .collect();
                for task in writers.into_iter().chain(readers) {
                    task.await.unwrap();
                }
                assert_eq!(Arc::into_inner(table).unwrap().into_inner(), [50; 4]);
            }

            #[tokio::test]
            async fn guards_of_every_kind() {
                let mut lock = RwLock::from((1, String::from("weft")));
                lock.get_mut().0 = 2;
                let lock = Arc::new(lock);
                {
                    let writer: RwLockWriteGuard<'_, Pair> = lock.write().await;
                    let _error: TryLockError = lock.try_read().unwrap_err();
                    let part: RwLockMappedWriteGuard<'_, String> =
                        RwLockWriteGuard::map::<_, String>(writer, |pair| &mut pair.1);
                    let mut part =
                        RwLockMappedWriteGuard::try_map::<_, u8>(part, |_| None).unwrap_err();
                    part.push_str(" and warp");
                }
                let writer = lock.try_write().unwrap();
                let writer = RwLockWriteGuard::try_map::<_, u8>(writer, |_| None).unwrap_err();
                let writer =
                    RwLockWriteGuard::try_downgrade_map::<_, u8>(writer, |_| None).unwrap_err();
                let reader: RwLockReadGuard<'_, Pair> = writer.downgrade();
                let beside = lock.try_read().unwrap();
                let part: RwLockReadGuard<'_, str> =
                    RwLockReadGuard::map::<_, str>(beside, |pair| &pair.1);
                assert_eq!((&*part, reader.0), ("weft and warp", 2));
                drop((part, reader));
                let mapped = RwLockWriteGuard::into_mapped(lock.write().await);
                assert_eq!(mapped.0, 2);
                drop(mapped);

                let writer: OwnedRwLockWriteGuard<Pair> = lock.clone().write_owned().await;
                assert!(Arc::ptr_eq(OwnedRwLockWriteGuard::rwlock(&writer), &lock));
                assert!(lock.clone().try_read_owned().is_err());
                let mut part: OwnedRwLockMappedWriteGuard<Pair, i32> =
                    OwnedRwLockWriteGuard::map::<_, i32>(writer, |pair| &mut pair.0);
                *part += 1;
                assert!(Arc::ptr_eq(OwnedRwLockMappedWriteGuard::rwlock(&part), &lock));
                drop(part);
                let writer = lock.clone().try_write_owned().unwrap();
                let reader: OwnedRwLockReadGuard<Pair, i32> =
                    OwnedRwLockWriteGuard::downgrade_map::<_, i32>(writer, |pair| &pair.0);
                assert!(Arc::ptr_eq(OwnedRwLockReadGuard::rwlock(&reader), &lock));
                let beside: OwnedRwLockReadGuard<Pair> = lock.clone().read_owned().await;
                let beside =
                    OwnedRwLockReadGuard::try_map::<_, u8>(beside, |_| None).unwrap_err();
                assert_eq!((*reader, beside.0), (3, 3));
                drop((reader, beside));

                let thread = std::thread::spawn(move || {
                    lock.blocking_write().0 += 1;
                    lock.blocking_read().0
                });
                assert_eq!(thread.join().unwrap(), 4);
                assert_eq!((*RATE.read().await, *FEW.read().await), (7, 7));
                assert_eq!(*RwLock::<u8>::default().read().await, 0);
            }

            /// What a program can see of results, errors, panics and `Debug`, line by line.
            pub(super) fn transcript() -> Vec<String> {
                let mut seen = Vec::new();
                let mut see = |what: &dyn std::fmt::Debug| seen.push(format!("{what:?}"));

                let lock = Arc::new(RwLock::<Pair>::default());
                see(&lock);
                let reader = lock.try_read().unwrap();
                see(&lock);
                see(&(&*reader, &reader));
                see(&lock.try_write().unwrap_err());
                see(&lock.clone().try_write_owned().unwrap_err());
                see(&lock.try_read().map(|pair| pair.0));
                {
                    // Somebody waits to write: readers wait as well, until he leaves.
                    let mut waiting = Box::pin(lock.write());
                    see(&crate::harness::poll(waiting.as_mut()).is_pending());
                    see(&lock.try_read().unwrap_err());
                    see(&lock);
                }
                see(&lock.try_read().is_ok());
                let reader = RwLockReadGuard::try_map::<_, u8>(reader, |_| None).unwrap_err();
                let part = RwLockReadGuard::map::<_, i32>(reader, |pair| &pair.0);
                see(&format!("{part}"));
                drop(part);

                let mut writer = lock.try_write().unwrap();
                see(&lock);
                writer.0 = 5;
                see(&lock.try_read().unwrap_err().to_string().is_empty());
                let mapped = RwLockWriteGuard::into_mapped(writer);
                let mapped = RwLockMappedWriteGuard::map::<_, i32>(mapped, |pair| &mut pair.0);
                see(&mapped);
                drop(mapped);
                let writer = lock.try_write().unwrap();
                let part = RwLockWriteGuard::try_downgrade_map::<_, i32>(writer, |p| Some(&p.0));
                see(&part.ok().map(|part| (*part, lock.try_read().is_ok())));
                let writer = lock.clone().try_write_owned().unwrap();
                let reader = writer.downgrade();
                see(&(&reader, lock.try_write().is_err()));
                drop(reader);
                let writer = lock.clone().try_write_owned().unwrap();
                let mapped = OwnedRwLockWriteGuard::into_mapped(writer);
                let mapped =
                    OwnedRwLockMappedWriteGuard::try_map::<_, u8>(mapped, |_| None).unwrap_err();
                see(&mapped);
                drop(mapped);
                see(&crate::harness::panics(|| {
                    let writer = lock.try_write().unwrap();
                    drop(RwLockWriteGuard::map::<_, u8>(writer, |_| panic!("on purpose")));
                }));
                see(&Arc::into_inner(lock).unwrap().into_inner());

                let few = RwLock::with_max_readers(0, 2);
                let (one, two) = (few.try_read().unwrap(), few.try_read().unwrap());
                see(&few.try_read().unwrap_err());
                see(&few);
                drop(one);
                see(&few.try_read().is_ok());
                drop(two);
                see(&few.try_write().is_ok());
                for max in [0, 1, u32::MAX >> 3, (u32::MAX >> 3) + 1, u32::MAX] {
                    see(&crate::harness::panics(|| _ = RwLock::with_max_readers((), max)));
                }
                seen
            }
        }
    };
}

programs! { tokio_s,
    use tokio::sync::{
        OwnedRwLockMappedWriteGuard, OwnedRwLockReadGuard, OwnedRwLockWriteGuard, RwLock,
        RwLockMappedWriteGuard, RwLockReadGuard, RwLockWriteGuard, TryLockError,
    };
}
programs! { selvedge_s,
    use selvedge::sync::{
        OwnedRwLockMappedWriteGuard, OwnedRwLockReadGuard, OwnedRwLockWriteGuard, RwLock,
        RwLockMappedWriteGuard, RwLockReadGuard, RwLockWriteGuard, TryLockError,
    };
}

#[test]
fn both_show_the_same() {
    assert_eq!(selvedge_s::transcript(), tokio_s::transcript());
}
