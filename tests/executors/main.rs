//! The same suites on every executor: each cell of the table is one test.
//!
//! `cargo test --test executors tokio_on_one_thread` runs a row, `… a_mutex_excludes` a column.
#![cfg(not(selvedge_loom))]

mod channels;
mod contexts;
mod decorators;
mod groups;
mod hosts;
mod local;
mod locks;
mod meetings;
mod time;
mod timers;

use std::future::Future;

use selvedge::context::{Execute, Handle, Remote, spawn_on};

/// A test for each suite on each executor.
macro_rules! matrix {
    ($run:ident: [$($host:ident)*] $suites:tt) => {
        $(mod $host { matrix!(@ $run $host $suites); })*
    };
    (@ $run:ident $host:ident {$($family:ident: $($suite:ident)*;)*}) => {
        $(mod $family {$(
            #[test]
            fn $suite() {
                crate::hosts::run(crate::hosts::$host, crate::hosts::$run(crate::$family::$suite));
            }
        )*})*
    };
}

matrix! {
    suite: [
        async_executor
        embedded
        futures_local_pool
        futures_thread_pool
        pollster
        random_order
        smol
        tokio_on_many_threads
        tokio_on_one_thread
    ] {
        locks:
            a_mutex_excludes
            a_fair_mutex_excludes
            a_semaphore_limits
            a_capacity_limiter_limits
            a_writer_is_alone
            a_fair_writer_is_alone
            a_condition_is_met
            a_key_excludes_its_like;
        meetings:
            a_barrier_lets_all_pass_together
            a_cyclic_barrier_gives_each_an_index
            a_notification_reaches_one
            a_notification_of_all_reaches_those_who_wait
            an_event_lets_all_through
            an_auto_reset_event_lets_one_through
            a_latch_opens_once
            a_wait_group_waits_for_its_handles
            a_cell_is_made_once
            a_phaser_goes_in_step
            a_completion_is_seen_by_all;
        channels:
            an_mpsc_channel_delivers
            an_unbounded_mpsc_channel_delivers
            an_mpmc_channel_delivers_each_once
            a_rendezvous_delivers_each_once
            a_oneshot_answers
            a_broadcast_reaches_everybody
            a_watch_shows_the_last_value
            a_queue_is_worked_off
            a_pipe_carries_bytes
            a_selection_loses_nothing
            a_cancelled_reception_loses_nothing;
        timers:
            sleeps_end_in_order_of_their_deadlines
            a_timeout_cuts_what_takes_longer
            an_interval_ticks
            a_delay_queue_hands_out_what_is_due
            a_deadline_can_be_moved
            a_send_is_cut_by_its_timeout
            a_stream_is_slowed_and_cut_into_chunks;
        contexts:
            a_token_cancels_its_children
            a_tracker_waits_for_its_tasks
            a_shutdown_ends_its_phases
            a_guard_is_closed_and_reaped
            a_stack_unwinds
            a_shield_outlives_its_caller
            a_deadline_limits_what_is_in_it;
        groups:
            handles_hand_out_what_tasks_return
            a_group_ends_when_its_children_have_ended
            a_group_falls_with_one_child
            a_scope_lends
            tasks_are_joined_and_raced
            a_limit_holds_for_many
            work_is_offloaded;
        decorators:
            a_call_is_retried_and_cut
            calls_are_limited_and_shed
            calls_are_spread_over_time
            a_breaker_opens_and_closes
            a_chain_keeps_its_order
            one_call_serves_all
            a_late_call_is_made_again
            of_a_burst_few_are_called
            a_buffer_serves_all
            each_key_has_its_rate;
    }
}

matrix! {
    local_suite: [
        async_executor_local
        futures_local
        pollster_local
        random_order_local
        smol_local
        tokio_local
    ] {
        local:
            a_mutex_excludes
            a_semaphore_limits
            a_writer_is_alone
            a_barrier_lets_all_pass_together
            channels_carry_what_stays_here
            a_queue_is_worked_off
            a_watch_shows_the_last_value
            time_passes
            a_token_cancels_its_children
            handles_hand_out_what_tasks_return
            a_group_falls_with_one_child
            a_scope_lends
            a_guard_is_closed_and_reaped
            calls_are_retried;
    }
}

/// How many tasks a suite has, and how often each does its part.
pub(crate) const TASKS: usize = 12;
pub(crate) const ROUNDS: usize = 25;

/// Tasks of one suite: a panic in one of them fails the suite.
pub(crate) struct Crew<X>(X, Vec<Handle<()>>);

impl<X> Crew<X> {
    pub(crate) fn new(tasks: &X) -> Self
    where
        X: Clone,
    {
        Self(tasks.clone(), Vec::new())
    }

    pub(crate) fn add<F: Future<Output = ()>>(&mut self, task: F)
    where
        X: Execute<Remote<F>>,
    {
        self.1.push(spawn_on(&self.0, task));
    }

    /// Waits until all have ended.
    pub(crate) async fn end(self) {
        for task in self.1 {
            task.await.unwrap();
        }
    }
}

/// A task that panics ends itself, and no worker.
#[test]
fn a_panicking_task_leaves_the_workers_alone() {
    for _ in 0..16 {
        let task = selvedge::spawn(async { panic!("on purpose") });
        let ended = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            selvedge::block_on(task);
        }));
        assert!(ended.is_err());
    }
    assert_eq!(selvedge::block_on(selvedge::spawn(async { 7 })), 7);
}
