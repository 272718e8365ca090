//! The thread that looks at a key file. One for each file: one that cannot be read to its end holds back no other.

use std::convert::Infallible;
use std::fs::{self, File, Metadata};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant, SystemTime};
use std::{io, thread};

use super::{KeyFileCause, KeyFileError, Shared, to_end};
use crate::events;

/// A file is taken at the second look that finds it as it is, so within two of these and the time it takes to read.
const EVERY: Duration = Duration::from_millis(200);
/// A file that never rests is read all the same, so that a key which was taken out of it does not stay for ever.
const LONGEST_WRITE: Duration = Duration::from_secs(5);
/// As coarse as the times of a file system are: two seconds for FAT. A second write within it may not show.
const COARSEST: Duration = Duration::from_millis(2_500);
/// Between two reports that the same is wrong.
const AGAIN: Duration = Duration::from_secs(60);

/// Held by the keys: when it is dropped, the thread ends.
#[derive(Debug)]
pub(super) struct Stop(#[expect(dead_code, reason = "its end is what it says")] Sender<Infallible>);

pub(super) type Report = Box<dyn Fn(Result<usize, &KeyFileError>) + Send>;

pub(super) struct Watcher {
    file: Weak<Shared>,
    report: Report,
    seen: Seen,
    /// When it was first found changed and is not taken yet, and when it was last.
    since: Option<Instant>,
    changed: Instant,
    /// What was reported to be wrong, and when.
    bad: Option<(KeyFileError, Instant)>,
}

/// What tells a file from the one that was there before. Whether it can be opened at all is a part of it.
type Seen = Result<Fingerprint, KeyFileCause>;

/// Of the opened file, not of its name: an open file stays itself while names change, and NFS asks the server for it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Fingerprint {
    len: u64,
    modified: Option<SystemTime>,
    created: Option<SystemTime>,
    /// Device, inode and the time of its last change, which no program can set.
    #[cfg(unix)]
    inode: (u64, u64, i64, i64),
}

impl From<Metadata> for Fingerprint {
    fn from(of: Metadata) -> Self {
        #[cfg(unix)]
        use std::os::unix::fs::MetadataExt;
        Self {
            len: of.len(),
            modified: of.modified().ok(),
            created: of.created().ok(),
            #[cfg(unix)]
            inode: (of.dev(), of.ino(), of.ctime(), of.ctime_nsec()),
        }
    }
}

impl Watcher {
    pub(super) fn new(file: &Arc<Shared>, report: Report) -> Self {
        // Nothing is known of the file since it was opened, so it is looked at as if it had changed.
        let seen = Err(KeyFileCause::Watched);
        Self { file: Arc::downgrade(file), report, seen, since: None, changed: Instant::now(), bad: None }
    }

    pub(super) fn start(mut self) -> io::Result<Stop> {
        let (stop, stopped): (_, Receiver<Infallible>) = channel();
        let run = move || {
            while let Err(RecvTimeoutError::Timeout) = stopped.recv_timeout(EVERY) {
                let Some(file) = self.file.upgrade() else { return };
                // The app's function may panic, and the file must be watched all the same.
                if catch_unwind(AssertUnwindSafe(|| self.look(&file, Instant::now()))).is_err() {
                    events::report_panicked(&file.path);
                }
            }
        };
        thread::Builder::new().name("sallet-keys".to_owned()).spawn(run)?;
        Ok(Stop(stop))
    }

    fn look(&mut self, file: &Shared, now: Instant) {
        let mut contents = file.lock();
        let mut open = open(&file.path);
        let seen = fingerprint(&open);
        if seen != self.seen {
            self.seen = seen;
            self.changed = now;
            if now - *self.since.get_or_insert(now) < LONGEST_WRITE {
                return;
            }
        }
        if self.since.is_none() && now - self.changed > COARSEST {
            drop(contents);
            return self.remind(now);
        }
        let read = open.as_mut().map_err(|cause| *cause).and_then(|open| Ok(to_end(open)?));
        let still_rests = fingerprint(&open) == self.seen;
        if !still_rests && self.since.is_some_and(|since| now - since < LONGEST_WRITE) {
            return;
        }
        let taken = read.map_err(Into::into).and_then(|bytes| file.take(&mut contents, &bytes));
        drop(contents); // the function may reload
        self.since = None;
        match taken {
            Ok(false) if self.bad.is_none() => {}
            Ok(new) => {
                self.bad = None;
                if !new {
                    events::old_keys_are_right(&file.path);
                }
                (self.report)(Ok(file.loaded.load().len));
            }
            Err(wrong) => {
                let error = KeyFileError::new(&file.path, wrong);
                if self.bad.as_ref().is_none_or(|(told, _)| *told != error) {
                    self.tell(error, now);
                }
            }
        }
    }

    fn remind(&mut self, now: Instant) {
        if let Some((error, _)) = self.bad.take_if(|(_, told)| now - *told >= AGAIN) {
            self.tell(error, now);
        }
    }

    fn tell(&mut self, error: KeyFileError, now: Instant) {
        events::old_keys_stay(&error);
        let (error, _) = self.bad.insert((error, now));
        (self.report)(Err(error));
    }
}

/// Opening a pipe would wait for whoever writes into it.
pub(super) fn open(path: &Path) -> Result<File, KeyFileCause> {
    if fs::metadata(path)?.is_file() { Ok(File::open(path)?) } else { Err(KeyFileCause::NotAFile) }
}

fn fingerprint(open: &Result<File, KeyFileCause>) -> Seen {
    match open {
        Ok(open) => Ok(open.metadata()?.into()),
        Err(cause) => Err(*cause),
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::super::KeyFile;
    use super::*;

    type Reports = Receiver<Result<usize, KeyFileCause>>;

    const fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    fn file(name: &str) -> PathBuf {
        std::env::temp_dir().join(format!("sallet-watch-{name}-{}.toml", std::process::id()))
    }

    fn block(id: &str) -> String {
        format!("[[key]]\nid = '{id}'\nsha256 = '2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae'\n")
    }

    /// A watcher that looks when it is told to.
    fn watcher(path: &PathBuf) -> (KeyFile, Watcher, Reports) {
        fs::write(path, block("one")).expect("a file");
        let keys = KeyFile::open(path).expect("keys");
        let (send, reports) = channel();
        let watcher =
            Watcher::new(&keys.0, Box::new(move |read| send.send(read.map_err(KeyFileError::cause)).expect("a test")));
        (keys, watcher, reports)
    }

    #[test]
    fn a_file_is_taken_once_it_rests() {
        let path = file("rests");
        let (keys, mut watcher, reports) = watcher(&path);
        let start = Instant::now();
        let mut look = |at| watcher.look(&keys.0, start + ms(at));
        look(0);
        look(200);
        // Half of it is a key file too.
        fs::write(&path, block("two")).expect("a file");
        look(400);
        fs::write(&path, block("two") + &block("three").replace("2c", "3c")).expect("a file");
        look(600);
        assert_eq!((keys.len(), reports.try_iter().count()), (1, 0));
        look(800);
        assert_eq!((keys.len(), reports.try_iter().collect::<Vec<_>>()), (2, vec![Ok(2)]));
        look(1_000);
        assert_eq!(reports.try_iter().count(), 0);
        fs::remove_file(path).expect("a file");
    }

    #[test]
    fn a_file_that_never_rests_is_taken_all_the_same() {
        let path = file("restless");
        let (keys, mut watcher, reports) = watcher(&path);
        let start = Instant::now();
        for at in (0..5_000).step_by(200) {
            fs::write(&path, "# ".to_owned() + &at.to_string().repeat(at + 1)).expect("a file");
            watcher.look(&keys.0, start + ms(at as u64));
            assert_eq!(keys.len(), 1, "{at}");
        }
        fs::write(&path, "# nobody\n").expect("a file");
        watcher.look(&keys.0, start + ms(5_000));
        assert_eq!((keys.len(), reports.try_iter().collect::<Vec<_>>()), (0, vec![Ok(0)]));
        fs::remove_file(path).expect("a file");
    }

    #[test]
    fn what_is_wrong_is_said_once_and_again_each_minute_while_it_lasts() {
        let path = file("minute");
        let (keys, mut watcher, reports) = watcher(&path);
        let start = Instant::now();
        let mut said = |at| {
            watcher.look(&keys.0, start + ms(at));
            reports.try_iter().collect::<Vec<_>>()
        };
        fs::write(&path, "[[key").expect("a file");
        assert_eq!(said(0), []);
        assert_eq!(said(200), [Err(KeyFileCause::Syntax)]);
        for at in (400..60_000).step_by(200) {
            assert_eq!(said(at), [], "{at}");
        }
        assert_eq!(said(60_200), [Err(KeyFileCause::Syntax)]);
        assert_eq!(said(119_800), []);
        // Another mistake is news.
        fs::remove_file(&path).expect("a file");
        assert_eq!((said(120_000), said(120_200)), (vec![], vec![Err(KeyFileCause::Missing)]));
        assert_eq!((said(140_000), said(180_200)), (vec![], vec![Err(KeyFileCause::Missing)]));
        fs::write(&path, block("one")).expect("a file");
        assert_eq!((said(180_400), said(180_600)), (vec![], vec![Ok(1)]));
        assert_eq!((said(250_000), keys.len()), (vec![], 1));
        fs::remove_file(path).expect("a file");
    }

    /// A second write within one tick of the file system's clock, here of FAT's: nothing but the bytes shows it.
    #[test]
    fn a_second_write_within_one_tick_is_seen() {
        let path = file("tick");
        let (keys, mut watcher, reports) = watcher(&path);
        let start = Instant::now();
        watcher.look(&keys.0, start);
        watcher.look(&keys.0, start + ms(200));
        fs::write(&path, block("two")).expect("a file");
        watcher.seen = fingerprint(&open(&path)); // as if it had been seen before
        watcher.look(&keys.0, start + ms(400));
        assert_eq!(reports.try_iter().collect::<Vec<_>>(), [Ok(1)]);
        assert!(keys.verify(b"foo").is_ok_and(|who| who.id() == "two"));
        fs::remove_file(path).expect("a file");
    }
}
