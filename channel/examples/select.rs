//! Work from two channels, and a word that it is over: whichever comes first.

use selvedge_channel::{
    mpmc, mpsc,
    select::{Of3, Select},
};

fn main() {
    let (urgent, urgently) = mpmc::unbounded();
    let (normal, mut normally) = mpsc::channel(8);
    let (over, mut is_over) = mpsc::channel::<()>(1);
    let producer = std::thread::spawn(move || {
        for job in 0..5 {
            urgent.try_send(job).expect("open");
            normal.blocking_send(job).expect("open");
        }
        // Kept open, so that the word comes from `over` alone.
        (urgent, normal, over)
    });

    let done = pollster::block_on(async {
        let (mut select, mut done) = (Select::new(), [0, 0]);
        let mut producer = Some(producer);
        loop {
            if done == [5, 5] {
                drop(producer.take().map(std::thread::JoinHandle::join));
            }
            let arms = (is_over.recv(), urgently.recv(), normally.recv());
            match select.next(arms).await {
                Of3::First(None) => return done,
                Of3::Second(Ok(_)) => done[0] += 1,
                Of3::Third(Some(_)) => done[1] += 1,
                Of3::First(Some(())) | Of3::Second(Err(_)) | Of3::Third(None) => {}
            }
        }
    });
    println!("{} urgent jobs and {} others", done[0], done[1]);
    assert_eq!(done, [5, 5]);
}
