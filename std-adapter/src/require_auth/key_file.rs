//! Keys in a file, which is read again when it changes.

mod error;
mod loaded;
mod read;
mod watch;

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::{fmt, io, path};

use arc_swap::ArcSwap;
use sallet_core::auth::Reason;
use sallet_core::secret::Digest;

use super::auth::unix_now;
use super::{Keys, Principal, Ring};
use crate::events;

use error::Wrong;
pub use error::{KeyFileCause, KeyFileError};
use loaded::Loaded;
use watch::{Stop, Watcher};

/// The keys of a TOML file, the same that Python's `Keyring.from_file` reads.
///
/// ```toml
/// [[key]]
/// id = "ci-2026-11"
/// principal = "ci"                        # the id, if left out
/// scopes = ["items:read"]
/// sha256 = "9f86d081…"                    # of the token; python -m sallet token prints it
/// not_before = 2026-11-01T00:00:00Z
/// not_after = 2027-02-01T00:00:00Z
/// ```
///
/// A file without `[[key]]` admits nobody, so the last key can be revoked; one without a byte is refused, since it may be half
/// written. Anything that is no key is refused, a misspelt field too: without its `not_after` a key would be good for ever. Times have
/// an offset, or are seconds since 1970. TOML is read in version 1.1; keep to 1.0 where Python reads the file too.
///
/// Up to 256 keys are scanned whole, as by a [`Keyring`](sallet_core::auth::Keyring); more are a
/// [`KeyTable`](sallet_core::auth::KeyTable), which takes as long for a hundred thousand as for a thousand. What its time depends on is
/// said in [`secret`](sallet_core::secret#time-of-an-index).
///
/// ```no_run
/// use sallet_hyper::{Bearer, KeyFile, KeyFileError, RequireAuthLayer};
///
/// # fn main() -> Result<(), KeyFileError> {
/// let keys = KeyFile::open("keys.toml")?.watch()?;
/// let auth = RequireAuthLayer::new(Bearer::new(keys).realm("items")).public(["/health"]);
/// # let _ = auth;
/// # Ok(())
/// # }
/// ```
///
/// # Changes
///
/// [`watch`](Self::watch) takes a changed file within a second of the last write to it. [`reload`](Self::reload) takes it at once. Either
/// way all keys change in one step, requests under way finish with those that they began with, and a file that is wrong changes nothing.
///
/// Clones are the same keys.
#[derive(Clone)]
pub struct KeyFile(Arc<Shared>);

struct Shared {
    /// Absolute, since the working directory may be another one when the file changes.
    path: PathBuf,
    loaded: ArcSwap<Loaded>,
    /// Held while the file is read: of two readings the one that began later stays.
    reading: Mutex<Contents>,
    watch: OnceLock<Stop>,
}

/// What the file held that is in force. Compared by digest, so that a second copy of a large file is not kept.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Contents([u8; 32]);

impl Contents {
    fn of(bytes: &[u8]) -> Self {
        Self(Digest::of(bytes).to_bytes())
    }
}

impl KeyFile {
    /// Reads a file.
    ///
    /// # Errors
    /// [`KeyFileError`]: it cannot be read, or is wrong in any way.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, KeyFileError> {
        let wrong = |wrong| KeyFileError::new(path.as_ref(), wrong);
        let path = path::absolute(path.as_ref()).map_err(|error| wrong(error.into()))?;
        let wrong = |wrong| KeyFileError::new(&path, wrong);
        let bytes = File::open(&path).and_then(|mut file| to_end(&mut file)).map_err(|error| wrong(error.into()))?;
        let loaded = read::read(&bytes, |keys| Loaded::new(&keys)).map_err(wrong)?;
        events::keys_taken(&path, loaded.len);
        Ok(Self(Arc::new(Shared {
            path,
            loaded: ArcSwap::from_pointee(loaded),
            reading: Mutex::new(Contents::of(&bytes)),
            watch: OnceLock::new(),
        })))
    }

    /// The file, as an absolute path.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0.path
    }

    /// How many keys are in force or will be.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.loaded.load().len
    }

    /// Whether nobody is admitted.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whose token this is, for a verifier of your own that knows other tokens too.
    ///
    /// # Errors
    /// [`Reason`], for the log.
    pub fn verify(&self, token: &[u8]) -> Result<Principal, Reason> {
        self.current().verify(token, unix_now())
    }

    /// Reads the file again, and takes its keys in one step. Says how many there are.
    ///
    /// It blocks while it reads: in a task of tokio use `spawn_blocking`.
    ///
    /// # Errors
    /// [`KeyFileError`]; the old keys stay in force.
    pub fn reload(&self) -> Result<usize, KeyFileError> {
        let mut contents = self.0.lock();
        let read = File::open(&self.0.path).and_then(|mut file| to_end(&mut file));
        let taken = read.map_err(Wrong::from).and_then(|bytes| self.0.take(&mut contents, &bytes));
        taken.map_err(|wrong| KeyFileError::new(&self.0.path, wrong))?;
        Ok(self.len())
    }

    /// Watches the file from now on: what is written to it is in force within a second of the last write.
    ///
    /// A thread opens the file five times a second and looks whether it is another one: that finds what is renamed into its place, a
    /// symbolic link that points elsewhere (as Kubernetes swaps its volumes) and writes in place, on any file system. A file is read
    /// once it rests, or once it has been changing for five seconds. It is no `async` runtime's thread, and it ends with the last clone of
    /// these keys. A process that forks calls this afterwards: a fork has none of its parent's threads.
    ///
    /// While the file is gone or wrong the old keys stay in force. An event (feature `tracing`, target `sallet`, level ERROR) names the
    /// file, the entry and the fix, again each minute while it lasts; INFO says when keys were taken. [`watch_with`](Self::watch_with) tells
    /// a function.
    ///
    /// # Errors
    /// [`KeyFileError`]: it is watched already, is gone or no regular file, or the system has no thread for it.
    pub fn watch(self) -> Result<Self, KeyFileError> {
        self.watch_with(|_| {})
    }

    /// [`watch`](Self::watch), and tells `report` what the events tell: how many keys were taken, or what is wrong.
    ///
    /// It is called in the watching thread, so it should return soon.
    ///
    /// ```no_run
    /// use std::sync::atomic::{AtomicBool, Ordering};
    ///
    /// use sallet_hyper::{KeyFile, KeyFileError};
    ///
    /// /// For a health check.
    /// static STALE: AtomicBool = AtomicBool::new(false);
    ///
    /// # fn main() -> Result<(), KeyFileError> {
    /// let keys = KeyFile::open("keys.toml")?.watch_with(|read| STALE.store(read.is_err(), Ordering::Relaxed))?;
    /// # let _ = keys;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As for [`watch`](Self::watch).
    pub fn watch_with(
        self,
        report: impl Fn(Result<usize, &KeyFileError>) + Send + 'static,
    ) -> Result<Self, KeyFileError> {
        let wrong = |cause: KeyFileCause| KeyFileError::new(&self.0.path, cause.into());
        watch::open(&self.0.path).map_err(wrong)?;
        let started = Watcher::new(&self.0, Box::new(report)).start();
        let stop = started.map_err(|error| wrong(KeyFileCause::NoThread(error.kind())))?;
        // Of two the second ends here.
        self.0.watch.set(stop).map_err(|_| wrong(KeyFileCause::Watched))?;
        Ok(self)
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Contents> {
        // Keys are swapped in one step, so none are half there behind a panic.
        self.reading.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the keys of what was read, and says whether they are other ones than before.
    fn take(&self, contents: &mut Contents, bytes: &[u8]) -> Result<bool, Wrong> {
        let new = Contents::of(bytes);
        if *contents == new {
            return Ok(false);
        }
        let loaded = read::read(bytes, |keys| Loaded::new(&keys))?;
        events::keys_taken(&self.path, loaded.len);
        self.loaded.store(Arc::new(loaded));
        *contents = new;
        Ok(true)
    }
}

impl Keys for KeyFile {
    fn current(&self) -> Ring {
        self.0.loaded.load().ring.clone()
    }
}

impl fmt::Debug for KeyFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyFile").field("path", &self.0.path).field("keys", &self.len()).finish()
    }
}

fn to_end(file: &mut File) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    Ok(bytes)
}
