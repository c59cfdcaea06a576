//! Nobody sleeps for ever because the timer's thread could not be started.
//!
//! A program of its own, without the test harness: it runs itself again with stacks of a size that
//! no machine has, so that every thread that names no size fails to start.

fn main() {
    #[cfg(all(target_os = "linux", target_pointer_width = "64", not(selvedge_loom)))]
    imp::main();
}

#[cfg(all(target_os = "linux", target_pointer_width = "64", not(selvedge_loom)))]
mod imp {
    use std::{
        env, fs,
        future::Future,
        mem,
        path::PathBuf,
        process::{self, Command},
        sync::{Arc, Barrier, mpsc},
        task::{Context, Waker},
        thread,
        time::Duration,
    };

    const SLEEPERS: usize = 16;
    const RUNS: usize = 12;

    pub(crate) fn main() {
        if env::var_os("RUST_MIN_STACK").is_some_and(|size| size == TOO_MUCH) {
            return every_sleeper_hears_of_it();
        }
        the_thread_is_started_by_the_first_sleep_and_idles();
        for _ in 0..RUNS {
            let program = env::current_exe().expect("this program");
            let run = Command::new(program).env("RUST_MIN_STACK", TOO_MUCH).output();
            let run = run.expect("it can be run");
            assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
        }
    }

    /// Red when: making a sleep starts the thread, or the thread looks again and again.
    fn the_thread_is_started_by_the_first_sleep_and_idles() {
        let threads = || fs::read_dir("/proc/self/task").expect("it is Linux").count();
        // What all threads but this one have computed, in nanoseconds.
        let computed = || -> u64 {
            let tasks = fs::read_dir("/proc/self/task").expect("it is Linux").flatten();
            let others = tasks.filter(|task| *task.file_name() != *process::id().to_string());
            let of = |path: PathBuf| -> Option<u64> {
                fs::read_to_string(path).ok()?.split(' ').next()?.parse().ok()
            };
            others.filter_map(|task| of(task.path().join("schedstat"))).sum()
        };
        let mut cx = Context::from_waker(Waker::noop());
        let mut hour = Box::pin(selvedge_timer::sleep(Duration::from_secs(3600)));
        assert_eq!(threads(), 1, "nobody sleeps yet");
        assert!(hour.as_mut().poll(&mut cx).is_pending());
        assert_eq!(threads(), 2);
        pollster::block_on(selvedge_timer::sleep(Duration::from_millis(1)));
        assert_eq!(threads(), 2);
        // On its way to sleep it computes; then not a nanosecond.
        let mut before = computed();
        let settled = (0..100).any(|_| {
            thread::sleep(Duration::from_millis(20));
            let now = computed();
            mem::replace(&mut before, now) == now
        });
        assert!(settled, "it computes while nothing is due");
    }

    /// 256 TiB: more than there are addresses, whatever the system lets programs reserve.
    const TOO_MUCH: &str = "281474976710656";

    /// Red when: a sleeper takes the word of one that is about to start the thread, and fails.
    fn every_sleeper_hears_of_it() {
        let barrier = Arc::new(Barrier::new(SLEEPERS));
        let (tell, heard) = mpsc::channel();
        for _ in 0..SLEEPERS {
            let (barrier, tell) = (barrier.clone(), tell.clone());
            let sleeper = move || {
                barrier.wait();
                let sleep = || {
                    pollster::block_on(selvedge_timer::sleep(Duration::from_millis(1)));
                };
                let _ = tell.send(std::panic::catch_unwind(sleep).is_err());
            };
            thread::Builder::new().stack_size(1 << 20).spawn(sleeper).expect("small enough");
        }
        for _ in 0..SLEEPERS {
            let failed = heard.recv_timeout(Duration::from_secs(10)).expect("nobody hangs");
            assert!(failed, "the timer's thread was started after all");
        }
    }
}
