//! What must hold of a group of tasks in every interleaving.

use std::{
    future::pending,
    pin::Pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
};

use selvedge::{
    context::{Spawner, TaskGroup},
    sync::Semaphore,
};

use crate::{
    handle::Done,
    runner::{block_on, check, spawn},
};

type Job = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Collects what is spawned, for threads of the model to run. (`std`'s lock: nobody waits for it.)
type Jobs = Arc<Mutex<Vec<Job>>>;

/// A group, and where its tasks go.
fn group() -> (Jobs, TaskGroup<Collect, &'static str>) {
    let jobs = Jobs::default();
    (jobs.clone(), TaskGroup::new(Collect(jobs)))
}

#[derive(Clone)]
struct Collect(Jobs);

impl<F: Future<Output = ()> + Send + 'static> selvedge::context::Execute<F> for Collect {
    fn execute(&self, future: F) {
        self.0.lock().unwrap().push(Box::pin(future));
    }
}

/// Runs the next of the tasks.
fn run_one(jobs: &Jobs) {
    let job = jobs.lock().unwrap().pop();
    if let Some(job) = job {
        block_on(job);
    }
}

/// Counts its own drop, without loom.
struct Drops(Arc<AtomicUsize>);

impl Drop for Drops {
    fn drop(&mut self) {
        self.0.fetch_add(1, Relaxed);
    }
}

/// Whoever sees the group end sees what its children did.
///
/// Red when: `leave` or `is_over` is Relaxed; mutant "the last child is silent".
#[test]
fn the_end_comes_after_all_children() {
    check(3, || {
        let (jobs, group) = group();
        let done = [Done::new(), Done::new()];
        for done in &done {
            let done = done.clone();
            group.spawn(async move {
                done.touch();
                Ok(())
            });
        }
        let others = [(); 2].map(|()| {
            let jobs = jobs.clone();
            spawn(move || run_one(&jobs))
        });
        block_on(group.join()).unwrap();
        for done in &done {
            done.touch();
        }
        for other in others {
            other.join().unwrap();
        }
    });
}

/// Looks at what a child did when it is dropped.
struct Look(Arc<Done>);

impl Drop for Look {
    fn drop(&mut self) {
        self.0.touch();
    }
}

/// Whoever leaves a group last that has no owner any more frees it, and sees what the others did.
///
/// Red when: the fence in `Share::drop` is Relaxed; mutant "the last one to leave keeps what was
/// shared".
#[test]
fn the_last_child_frees_the_group() {
    check(2, || {
        let jobs = Jobs::default();
        let group = TaskGroup::new(Collect(jobs.clone())).supervise();
        let done = Done::new();
        let inside = done.clone();
        group.spawn(async move {
            let look = Look(inside);
            look.0.touch();
            Err(look)
        });
        // It is polled while the owner goes, and ends after that.
        let gate = Arc::new(Semaphore::new(0));
        let inside = gate.clone();
        group.spawn(async move {
            block_on(inside.acquire()).unwrap().forget();
            Ok(())
        });
        let others = [(); 2].map(|()| {
            let jobs = jobs.clone();
            spawn(move || run_one(&jobs))
        });
        drop(group);
        gate.add_permits(1);
        for other in others {
            other.join().unwrap();
        }
    });
}

/// Cancel against a child that is about to wait: it is dropped, and the group ends.
///
/// Red when: mutants "a child lines up blindly", "wakes one of many".
#[test]
fn cancel_against_a_child_that_waits() {
    check(3, || {
        let (jobs, group) = group();
        group.spawn(pending());
        group.spawn(pending());
        let others = [(); 2].map(|()| {
            let jobs = jobs.clone();
            spawn(move || run_one(&jobs))
        });
        group.cancel("enough");
        let error = block_on(group.join()).unwrap_err();
        assert_eq!(error.unfinished().len(), 2);
        for other in others {
            other.join().unwrap();
        }
    });
}

/// Cancel against spawn: a child that was taken is reported, one that was refused is dropped, and
/// none is left over.
///
/// Red when: mutant "a closed group takes children".
#[test]
fn cancel_against_spawn() {
    check(3, || {
        let (jobs, group) = group();
        let dropped = Arc::new(AtomicUsize::new(0));
        let spawner: Spawner<_, _> = (*group).clone();
        let drops = Drops(dropped.clone());
        let other = spawn(move || {
            let taken = spawner.spawn(async move {
                let _drops = drops;
                pending().await
            });
            run_one(&jobs);
            taken
        });
        group.cancel("enough");
        let error = block_on(group.join()).unwrap_err();
        let seen = dropped.load(Relaxed);
        let taken = other.join().unwrap();
        assert_eq!(error.unfinished().len(), usize::from(taken));
        assert!(seen == 1 || !taken, "the group ended before its child");
        assert_eq!(dropped.load(Relaxed), 1);
    });
}

/// The end against spawn: no child comes after the end.
///
/// Red when: mutant "a closed group takes children".
#[test]
fn no_child_after_the_end() {
    check(3, || {
        let (jobs, group) = group();
        let spawner: Spawner<_, _> = (*group).clone();
        let done = Done::new();
        let inside = done.clone();
        let other = spawn(move || {
            spawner.spawn(async move {
                inside.touch();
                Ok(())
            });
            run_one(&jobs);
        });
        block_on(group.join()).unwrap();
        // Ended: whatever the child did is over, or will never be done.
        done.touch();
        other.join().unwrap();
    });
}

/// A failure against another child's end: the error is in the report, and the group ends.
///
/// Red when: mutant "the last child is silent".
#[test]
fn a_failure_brings_the_others_down() {
    check(2, || {
        let (jobs, group) = group();
        group.spawn(pending());
        group.spawn(async { Err("weft") });
        let others = [(); 2].map(|()| {
            let jobs = jobs.clone();
            spawn(move || run_one(&jobs))
        });
        let error = block_on(group.join()).unwrap_err();
        assert_eq!(error.errors().collect::<Vec<_>>(), [&"weft"]);
        assert_eq!(error.unfinished().len(), 1);
        for other in others {
            other.join().unwrap();
        }
    });
}

/// Cancel from elsewhere against a body that waits, without any child: the body is dropped.
///
/// Red when: mutant "who cancels does not wake the owner".
#[test]
fn a_cancel_drops_the_body() {
    check(3, || {
        let (_jobs, group) = group();
        let spawner: Spawner<_, _> = (*group).clone();
        let other = spawn(move || spawner.cancel("enough"));
        let run = group.run(|_| pending::<Result<(), _>>());
        assert_eq!(block_on(run).unwrap_err().unfinished().len(), 1);
        other.join().unwrap();
    });
}
