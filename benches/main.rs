//! Ours against the peers.

mod as_completed;
mod auto_reset_event;
mod barrier;
mod bounded_semaphore;
mod broadcast;
mod cancel;
mod cancelled;
mod capacity_limiter;
mod chunks_timeout;
mod completion;
mod condvar;
mod cyclic_barrier;
mod deadline;
mod decorate;
mod delay_queue;
mod event;
mod execute;
mod for_each_limit;
mod guard;
mod handle;
mod interval;
mod join_all;
mod keyed_mutex;
mod latch;
mod lazy;
mod mpmc;
mod mpsc;
mod mutex;
mod notify;
mod offload;
mod once;
mod once_cell;
mod once_map;
#[path = "oneshot.rs"]
mod one_shot;
mod phaser;
#[path = "pipe.rs"]
mod pipes;
mod queue;
mod race;
mod race_ok;
mod reschedule;
mod rwlock;
mod scope;
mod select;
mod select_futures;
mod semaphore;
mod set_once;
mod shield;
mod shutdown;
mod sleep;
mod stack;
mod stream_debounce;
mod stream_throttle;
mod task_group;
mod timeout;
mod tracker;
mod try_join_all;
mod r#virtual;
mod wait;
mod wait_group;
mod watch;

use std::{env, time::Duration};

use criterion::Criterion;
use selvedge_benches::{Figures, Group, Length, Run, counted, measure, paired};

/// How many operations callgrind looks at; and twice as many, for the difference.
const FEW: u64 = 2000;

fn groups() -> Vec<Group> {
    // A line each, so that two that are added do not meet.
    #[rustfmt::skip]
    let all = [
        auto_reset_event::groups,
        barrier::groups,
        bounded_semaphore::groups,
        cancel::groups,
        capacity_limiter::groups,
        completion::groups,
        condvar::groups,
        cyclic_barrier::groups,
        deadline::groups,
        decorate::groups,
        event::groups,
        guard::groups,
        keyed_mutex::groups,
        latch::groups,
        lazy::groups,
        mpmc::groups,
        mpsc::groups,
        mutex::groups,
        notify::groups,
        once::groups,
        once_cell::groups,
        once_map::groups,
        broadcast::groups,
        one_shot::groups,
        phaser::groups,
        pipes::groups,
        queue::groups,
        rwlock::groups,
        select::groups,
        semaphore::groups,
        set_once::groups,
        shield::groups,
        shutdown::groups,
        stack::groups,
        tracker::groups,
        wait_group::groups,
        execute::groups,
        handle::groups,
        offload::groups,
        scope::groups,
        task_group::groups,
        watch::groups,
        delay_queue::groups,
        interval::groups,
        reschedule::groups,
        sleep::groups,
        chunks_timeout::groups,
        stream_debounce::groups,
        stream_throttle::groups,
        timeout::groups,
        r#virtual::groups,
        as_completed::groups,
        for_each_limit::groups,
        join_all::groups,
        race::groups,
        race_ok::groups,
        select_futures::groups,
        try_join_all::groups,
        wait::groups,
    ];
    all.into_iter().flat_map(|groups| groups()).collect()
}

fn main() {
    let args: Vec<_> = env::args().skip(1).filter(|arg| arg != "--bench").collect();
    match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["paired", ref filter @ ..] => {
            for group in &mut groups() {
                if filter.iter().all(|word| group.name.contains(word)) {
                    paired(group);
                }
            }
        }
        ["cancelled"] => cancelled::cancelled(),
        ["lateness"] => sleep::lateness(),
        ["fairness"] => mutex::fairness(),
        ["count", name, contestant, operations] => {
            let operations = operations.parse().expect("a number of operations");
            for group in &mut groups() {
                for (who, run) in &mut group.contestants {
                    if group.name == name && *who == contestant {
                        run(operations);
                    }
                }
            }
        }
        ["list"] => groups().iter().for_each(|group| println!("{}", group.name)),
        ["report", name, ref length @ ..] => {
            let length = if length.is_empty() { Length::QUICK } else { Length::FULL };
            for group in groups().iter_mut().filter(|group| group.name == name) {
                for Figures { name, nanos, ratio: [low, ratio, high] } in measure(group, length) {
                    println!("{name}\t{nanos:.3}\t{low:.4}\t{ratio:.4}\t{high:.4}");
                }
            }
        }
        ["counted", name] => {
            let mut nothing = Box::new(|_| Duration::ZERO) as Run;
            for group in groups().iter_mut().filter(|group| group.name == name) {
                for (who, run) in &mut group.contestants {
                    run(100);
                    counted(&mut nothing, 0);
                    counted(run, FEW);
                    counted(run, 2 * FEW);
                    println!("{who}\t{FEW}");
                }
            }
        }
        _ => {
            let mut criterion = Criterion::default().configure_from_args();
            for group in groups() {
                let mut measured = criterion.benchmark_group(&group.name);
                for (name, mut run) in group.contestants {
                    measured.bench_function(name, |bencher| bencher.iter_custom(&mut run));
                }
                measured.finish();
            }
            criterion.final_summary();
        }
    }
}
