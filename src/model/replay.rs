//! Finding a failing schedule again.

use std::{format, fs, path::PathBuf, string::ToString};

use super::{
    check::first_red,
    pictures::folder,
    search::{Found, Search},
};

/// What finds a failing schedule again: loom's checkpoint of it, and the choices that go with it.
pub(super) struct Replay {
    checkpoint: PathBuf,
    choices: PathBuf,
}

impl Replay {
    pub(super) fn of(name: &str) -> Self {
        let folder = folder(name);
        Self { checkpoint: folder.join("replay.json"), choices: folder.join("replay.txt") }
    }

    /// Runs the schedule that failed last time; nothing if it passes, or fails in another way: the
    /// design is another one by now.
    pub(super) fn run(&self, search: &Search<'_>) -> Option<Found> {
        let kept = fs::read_to_string(&self.choices).ok().filter(|_| !first_red())?;
        let mut lines = kept.lines();
        let preemptions = lines.next()?.parse().ok();
        search.choices.set(lines.next()?);
        let found = self
            .once(search, preemptions)
            .filter(|found| found.message.lines().next() == lines.next());
        if found.is_none() {
            search.choices.set("");
            let _ = (fs::remove_file(&self.checkpoint), fs::remove_file(&self.choices));
        }
        found
    }

    /// Looks for the same failure with fewer preemptions, which reads more easily; keeps its
    /// schedule, and runs it once more, with the places in the code.
    pub(super) fn keep(
        &self,
        search: &Search<'_>,
        found: Found,
        preemptions: Option<usize>,
    ) -> Found {
        let (mut found, mut preemptions) = (found, preemptions);
        for fewer in 0..preemptions.unwrap_or(3) {
            if let Err(simpler) = search.explore(&search.builder(Some(fewer))) {
                (found, preemptions) = (simpler, Some(fewer));
                break;
            }
        }
        // loom writes a checkpoint before each schedule whose number the interval divides.
        let mut builder = search.builder(preemptions);
        (builder.checkpoint_interval, builder.max_duration) = (found.at, None);
        builder.checkpoint_file = Some(self.checkpoint.clone());
        let folder = self.checkpoint.parent().map(fs::create_dir_all);
        let _ = (folder, fs::remove_file(&self.checkpoint));
        if search.explore(&builder).is_ok() {
            return found;
        }
        let again = self.once(search, preemptions).unwrap_or(found);
        let first = again.message.lines().next().unwrap_or_default();
        let bound = preemptions.map(|bound| bound.to_string()).unwrap_or_default();
        let _ = fs::write(&self.choices, format!("{bound}\n{}\n{first}\n", search.choices.get()));
        again
    }

    /// The one schedule of the checkpoint, if it fails.
    fn once(&self, search: &Search<'_>, preemptions: Option<usize>) -> Option<Found> {
        // loom writes where it reads.
        let copy = self.checkpoint.with_extension("copy");
        fs::copy(&self.checkpoint, &copy).ok()?;
        let mut builder = search.builder(preemptions);
        builder.checkpoint_file = Some(copy.clone());
        builder.location = true;
        (builder.checkpoint_interval, builder.max_permutations) = (2, Some(2));
        let found = search.explore(&builder).err();
        let _ = fs::remove_file(copy);
        found
    }
}
