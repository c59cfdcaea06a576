//! The pipe: bytes in pieces of several sizes, against piper.

use std::hint::black_box;

use futures::io::{AsyncReadExt, AsyncWriteExt};
use selvedge_benches::{Group, Run, Task, on_one_thread, on_two_workers};

const CAPACITY: usize = 4096;

/// A contestant from its ends.
macro_rules! contestant {
    ($ends:expr) => {
        |piece: usize, run: fn(Vec<Task>) -> _| -> Run {
            Box::new(move |n| {
                let (mut reader, mut writer) = $ends;
                let tasks: Vec<Task> = vec![
                    Box::pin(async move {
                        let piece = vec![7; piece];
                        for _ in 0..n {
                            let _ = writer.write_all(black_box(&piece)).await;
                        }
                    }),
                    Box::pin(async move {
                        let mut piece = vec![0; piece];
                        for _ in 0..n {
                            let _ = black_box(reader.read_exact(&mut piece).await);
                        }
                    }),
                ];
                run(tasks)
            })
        }
    };
}

pub(crate) fn groups() -> Vec<Group> {
    let ours = contestant!(selvedge_channel::pipe::simplex(CAPACITY));
    let piper = contestant!(piper::pipe(CAPACITY));
    let places = [("one_thread", on_one_thread as fn(_) -> _), ("two_workers", on_two_workers)];
    let mut groups = Vec::new();
    for (place, run) in places {
        for piece in [16, 512, 4096] {
            groups.push(Group {
                name: format!("pipe/{place}/{piece}"),
                contestants: vec![("selvedge", ours(piece, run)), ("piper", piper(piece, run))],
            });
        }
    }
    groups
}
