//! What the one-method contract costs: nothing, it had better be.

use async_executor::Executor;
use selvedge_benches::{Group, Run, timed};
use selvedge_context::Execute;

pub(crate) fn groups() -> Vec<Group> {
    let ours: Run = Box::new(|n| {
        let executor = Executor::new();
        timed(|| {
            for _ in 0..n {
                executor.execute(async {});
                assert!(executor.try_tick());
            }
        })
    });
    let direct: Run = Box::new(|n| {
        let executor = Executor::new();
        timed(|| {
            for _ in 0..n {
                executor.spawn(async {}).detach();
                assert!(executor.try_tick());
            }
        })
    });
    let contestants = vec![("selvedge", ours), ("spawn+detach", direct)];
    vec![Group { name: "execute/async-executor".into(), contestants }]
}
