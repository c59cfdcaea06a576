//! A bounded soak: random operations, cancelled at random, on all cores, over every family of
//! primitives; and what must hold when all is at rest.
//!
//! `cargo xtask soak --seconds 60 --seed 7 mutex` soaks the families whose names contain `mutex`, for
//! a minute in all; without a seed chance chooses one, and prints it. A plain program, so that it
//! runs under sanitizers as well.

#[cfg(not(selvedge_loom))]
mod channels;
#[cfg(not(selvedge_loom))]
mod contexts;
#[cfg(not(selvedge_loom))]
mod driver;
#[cfg(not(selvedge_loom))]
mod locks;
#[cfg(not(selvedge_loom))]
mod meetings;

#[cfg(selvedge_loom)]
fn main() {}

#[cfg(not(selvedge_loom))]
fn main() {
    use std::{env, process, time::Duration};

    let (mut seconds, mut seed, mut only) = (2, fastrand::u64(..1 << 32), String::new());
    let mut args = env::args().skip(1);
    while let Some(arg) = args.next() {
        let number = |arg: Option<String>| arg.and_then(|number| number.parse().ok());
        match &*arg {
            "--seconds" => match number(args.next()) {
                Some(n) => seconds = n,
                None => usage(),
            },
            "--seed" => match number(args.next()) {
                Some(n) => seed = n,
                None => usage(),
            },
            // What `cargo test` says to programs that are harnesses.
            _ if arg.starts_with('-') => {}
            name => name.clone_into(&mut only),
        }
    }
    let families: Vec<_> = [locks::ALL, meetings::ALL, channels::ALL, contexts::ALL]
        .concat()
        .into_iter()
        .filter(|(name, _)| name.contains(&only))
        .collect();
    if families.is_empty() {
        eprintln!("no family is called {only:?}");
        process::exit(2);
    }
    driver::soak(&families, Duration::from_secs(seconds), seed);
}

#[cfg(not(selvedge_loom))]
fn usage() -> ! {
    eprintln!("usage: soak [--seconds N] [--seed N] [FAMILY]");
    std::process::exit(2);
}
