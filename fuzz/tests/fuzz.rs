//! The targets as tests: the corpus (`__fuzz__/NAME/corpus`), what once failed (`crashes`), and inputs made
//! by chance.
//!
//! `BOLERO_RANDOM_ITERATIONS=100000 cargo test -p selvedge-fuzz breaker` tries more of them; what fails
//! says its `BOLERO_RANDOM_SEED`.
#![cfg(not(selvedge_loom))]

macro_rules! targets {
    ($($name:ident: $run:path;)*) => {$(
        #[test]
        fn $name() {
            bolero::check!(name = stringify!($name)).with_iterations(2000).with_max_len(512).for_each($run);
        }
    )*};
}

targets! {
    breaker: selvedge_fuzz::breaker::breaker;
    broadcast: selvedge_fuzz::order::broadcast;
    delay_queue: selvedge_fuzz::delay::delays;
    mpmc: selvedge_fuzz::channel::many;
    mpsc: selvedge_fuzz::channel::one;
    queue: selvedge_fuzz::order::queue;
    sleep: selvedge_fuzz::sleep::sleeps;
    watch: selvedge_fuzz::order::watch;
}
