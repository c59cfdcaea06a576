//! Tasks that belong together begin and end together.

use std::{
    future::pending,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
};

use futures_lite::{future::yield_now, stream};
use selvedge::{
    context::{
        OffloadJob, Scope, Stop, TaskGroup, as_completed, for_each_limit, join_all, offload_to,
        race, race_ok, scope, spawn_on, try_join_all,
    },
    sync::Mutex,
};

use crate::{TASKS, hosts::Tasks};

async fn work(number: usize) -> usize {
    for _ in 0..number % 4 {
        yield_now().await;
    }
    number + 1
}

pub(crate) async fn handles_hand_out_what_tasks_return(tasks: Tasks) {
    let handles: Vec<_> = (0..TASKS).map(|number| spawn_on(&tasks, work(number))).collect();
    let sleeper = spawn_on(&tasks, pending::<()>());
    let unlucky = spawn_on(&tasks, async { panic!("on purpose") });
    for (number, handle) in handles.into_iter().enumerate() {
        assert_eq!(handle.await.unwrap(), number + 1);
    }
    sleeper.abort();
    assert!(sleeper.await.unwrap_err().is_aborted());
    assert!(unlucky.await.unwrap_err().is_panic());
}

pub(crate) async fn a_group_ends_when_its_children_have_ended(tasks: Tasks) {
    let done = Arc::new(AtomicUsize::new(0));
    let group = TaskGroup::new(tasks).limit(3).unwrap();
    for number in 0..TASKS {
        let (done, spawner) = (done.clone(), (*group).clone());
        group.spawn(async move {
            work(number).await;
            let inner = done.clone();
            spawner.spawn(async move {
                inner.fetch_add(1, SeqCst);
                Ok(())
            });
            done.fetch_add(1, SeqCst);
            Ok::<(), String>(())
        });
    }
    group.join().await.unwrap();
    assert_eq!(done.load(SeqCst), 2 * TASKS);
}

pub(crate) async fn a_group_falls_with_one_child(tasks: Tasks) {
    let group = TaskGroup::new(tasks);
    for number in 0..TASKS {
        group.spawn(async move {
            work(number).await;
            if number == 5 { Err(number) } else { pending().await }
        });
    }
    let error = group.join().await.unwrap_err();
    assert_eq!(error.errors().collect::<Vec<_>>(), [&5]);
}

pub(crate) async fn a_scope_lends(tasks: Tasks) {
    let sums = spawn_on(&tasks, async {
        let sum = Mutex::new(0);
        let sum = &sum;
        let lent = scope(move |scope: Scope<'_, String>| async move {
            for number in 0..TASKS {
                scope.spawn(async move {
                    let made = work(number).await;
                    let mut sum = sum.lock().await;
                    yield_now().await;
                    *sum += made;
                    Ok(())
                });
            }
            Ok(())
        });
        lent.await.unwrap();
        *sum.lock().await
    });
    assert_eq!(sums.await.unwrap(), (1..=TASKS).sum());
}

pub(crate) async fn tasks_are_joined_and_raced(tasks: Tasks) {
    let spawned = |number| spawn_on(&tasks, work(number));
    let all = join_all((0..TASKS).map(spawned)).await;
    assert_eq!(all.into_iter().map(Result::unwrap).sum::<usize>(), (1..=TASKS).sum());
    assert_eq!(try_join_all((0..3).map(spawned)).await.unwrap(), [1, 2, 3]);
    assert!(race((0..3).map(spawned)).await.unwrap().unwrap() <= 3);
    assert!(race_ok((0..3).map(spawned)).await.is_ok());
    let mut sum = 0;
    let mut ended = as_completed((0..TASKS).map(spawned));
    while let Some(made) = ended.next().await {
        sum += made.1.unwrap();
    }
    assert_eq!(sum, (1..=TASKS).sum());
}

pub(crate) async fn a_limit_holds_for_many(tasks: Tasks) {
    let at_once = AtomicUsize::new(0);
    let done = AtomicUsize::new(0);
    for_each_limit(stream::iter(0..TASKS), 3, async |number| {
        assert!(at_once.fetch_add(1, SeqCst) < 3);
        done.fetch_add(spawn_on(&tasks, work(number)).await.unwrap(), SeqCst);
        at_once.fetch_sub(1, SeqCst);
    })
    .unwrap()
    .await;
    assert_eq!(done.load(SeqCst), (1..=TASKS).sum());
}

pub(crate) async fn work_is_offloaded(tasks: Tasks) {
    fn on_a_thread<F, T>(job: OffloadJob<F, T>)
    where
        F: FnOnce(&Stop<'_>) -> T + Send + 'static,
        T: Send + 'static,
    {
        std::thread::spawn(|| job.run());
    }

    let jobs = (0..4).map(|number| {
        spawn_on(&tasks, async move { offload_to(on_a_thread, move |_: &Stop<'_>| number).await })
    });
    let made: Vec<_> =
        join_all(jobs).await.into_iter().map(|made| made.unwrap().unwrap()).collect();
    assert_eq!(made, [0, 1, 2, 3]);
}
