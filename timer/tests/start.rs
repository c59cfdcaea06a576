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
        env,
        process::Command,
        sync::{Arc, Barrier, mpsc},
        thread,
        time::Duration,
    };

    const SLEEPERS: usize = 16;
    const RUNS: usize = 12;

    pub(crate) fn main() {
        if env::var_os("RUST_MIN_STACK").is_some_and(|size| size == TOO_MUCH) {
            return every_sleeper_hears_of_it();
        }
        for _ in 0..RUNS {
            let program = env::current_exe().expect("this program");
            let run = Command::new(program).env("RUST_MIN_STACK", TOO_MUCH).output();
            let run = run.expect("it can be run");
            assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
        }
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
