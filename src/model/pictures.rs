//! The files that a failing schedule leaves.

use std::{
    borrow::ToOwned,
    env, format, fs,
    path::{Path, PathBuf},
    string::String,
};

use super::{Report, Timeline, check::first_red};

/// Where the pictures of a check go: in the target folder that the running test was built in.
pub(super) fn folder(name: &str) -> PathBuf {
    let test = env::current_exe().unwrap_or_default();
    let profile = test.ancestors().find(|path| path.ends_with("deps")).and_then(Path::parent);
    let target = profile.and_then(Path::parent).map(Path::to_owned);
    let target = target.unwrap_or_else(|| "target".into());
    target.join("selvedge-model").join(name.replace([' ', '/'], "-"))
}

/// Leaves a failing schedule as pictures; where.
fn draw(name: &str, timeline: &Timeline) -> Option<PathBuf> {
    let folder = folder(name);
    fs::create_dir_all(&folder).ok()?;
    fs::write(folder.join("schedule.txt"), timeline.table()).ok()?;
    fs::write(folder.join("schedule.mmd"), timeline.mermaid()).ok()?;
    fs::write(folder.join("schedule.svg"), timeline.svg()).ok()?;
    Some(folder)
}

impl Report {
    /// Takes up what went wrong, and draws it.
    pub(super) fn tell(&mut self, message: String, timeline: Timeline) {
        self.failure = Some(if message.starts_with("deadlock") {
            let sleepers = timeline.verdict().len();
            format!("deadlock: {sleepers} of {} sleep for ever", timeline.columns.len())
        } else if let Some((leak, _)) = message.split_once(" [").filter(|_| is_leak(&message)) {
            // Where the harness found it tells nobody anything.
            leak.to_owned()
        } else {
            message
        });
        if !first_red() {
            self.pictures = draw(&self.name, &timeline);
        }
        self.timeline = Some(timeline);
    }
}

fn is_leak(message: &str) -> bool {
    message.starts_with("leak: ")
}
