//! What is wrong with a key file, and where.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::{fmt, io};

use sallet_core::auth::{KeyringError, ScopesError};
use sallet_core::secret::DigestError;

/// A minted token has 53 characters; no id that a person writes has half as many.
const LONGEST_SHOWN: usize = 32;

/// Why a file is no key file: the file, the entry, what is wrong and how to fix it.
///
/// No word of more than 32 characters from the file is in the message, since it may be a token or a digest in the wrong place.
///
/// ```
/// # let folder = std::env::temp_dir().join(format!("sallet-doc-error-{}", std::process::id()));
/// # std::fs::create_dir_all(&folder)?;
/// # let path = folder.join("keys.toml");
/// use sallet_hyper::{KeyFile, KeyFileCause};
///
/// std::fs::write(&path, "[[key]]\nid = 'ci'\nscope = ['items:read']\nsha256 = '…'\n")?;
/// let error = KeyFile::open(&path).unwrap_err();
/// assert_eq!((error.cause(), error.entry()), (KeyFileCause::UnknownField, Some("key 'ci' (line 1)")));
/// assert!(error.to_string().ends_with(
///     "keys.toml: key 'ci' (line 1): unknown field 'scope': did you mean scopes? A key has id, not_after, not_before, \
///      principal, scopes, sha256"
/// ));
/// # std::fs::remove_dir_all(folder)?;
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyFileError {
    path: PathBuf,
    wrong: Wrong,
}

/// What is wrong, in whichever file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wrong {
    cause: KeyFileCause,
    entry: Option<String>,
    detail: Option<String>,
}

impl Wrong {
    pub(super) const fn new(cause: KeyFileCause) -> Self {
        Self { cause, entry: None, detail: None }
    }

    /// Says what the cause itself does not, such as a name from the file.
    pub(super) fn detail(self, detail: &str) -> Self {
        Self { detail: Some(masked(detail)), ..self }
    }

    pub(super) fn entry(self, entry: &str) -> Self {
        Self { entry: Some(masked(entry)), ..self }
    }
}

impl From<KeyFileCause> for Wrong {
    fn from(cause: KeyFileCause) -> Self {
        Self::new(cause)
    }
}

impl From<io::Error> for Wrong {
    fn from(error: io::Error) -> Self {
        Self::new(error.into())
    }
}

impl KeyFileError {
    pub(super) fn new(path: &Path, wrong: Wrong) -> Self {
        Self { path: path.to_owned(), wrong }
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The entry that is wrong, by its id where it has one, such as `key 'ci' (line 4)`.
    #[must_use]
    pub fn entry(&self) -> Option<&str> {
        self.wrong.entry.as_deref()
    }

    /// What is wrong.
    #[must_use]
    pub const fn cause(&self) -> KeyFileCause {
        self.wrong.cause
    }
}

impl fmt::Display for KeyFileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.path.display())?;
        if let Some(entry) = self.entry() {
            write!(f, "{entry}: ")?;
        }
        let (cause, detail) = (self.wrong.cause, self.wrong.detail.as_deref().unwrap_or_default());
        match cause {
            KeyFileCause::Syntax => {
                write!(f, "not valid TOML: {detail}; only [[key]] blocks belong in it, no tokens or passwords")
            }
            KeyFileCause::Foreign => write!(f, "{detail} is no part of a key file: write [[key]] tables"),
            KeyFileCause::UnknownField => write!(f, "unknown field {detail}"),
            _ => write!(f, "{cause}"),
        }
    }
}

impl Error for KeyFileError {}

/// What is wrong with a key file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeyFileCause {
    /// There is no such file.
    Missing,
    /// The file is there and cannot be read.
    Unreadable(io::ErrorKind),
    /// It is a folder, a pipe or a device, which cannot be watched.
    NotAFile,
    /// The file is no text.
    NotUtf8,
    /// The file has no byte, as one has that is about to be written.
    Empty,
    /// The file is not TOML.
    Syntax,
    /// The file holds something else than keys.
    Foreign,
    /// Keys are not written as tables.
    NotTables,
    /// A token is in the file, where its digest belongs.
    Token,
    /// A key has a field that no key has.
    UnknownField,
    /// This field is no string, or a key must have it and has not.
    NotText(&'static str),
    /// The scopes are no list of strings.
    NotScopes,
    /// One scope is empty, or more than one.
    NotOneScope,
    /// A scope has a character that scopes do not have.
    Scopes(ScopesError),
    /// This field is no time.
    NotATime(&'static str),
    /// This field is a time without an offset.
    NoTimeZone(&'static str),
    /// This field is a time before 1970, or too far away.
    TimeRange(&'static str),
    /// `sha256` is no digest.
    Digest(DigestError),
    /// The key is unusable by itself, or has the id or token of another.
    Key(KeyringError),
    /// The system has no thread to watch the file with.
    NoThread(io::ErrorKind),
    /// The file is being watched by an earlier call.
    Watched,
}

impl From<io::Error> for KeyFileCause {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::NotFound => Self::Missing,
            kind => Self::Unreadable(kind),
        }
    }
}

impl fmt::Display for KeyFileCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Missing => "no such file: make it of what `python -m sallet token` prints",
            Self::Unreadable(kind) => return write!(f, "{kind}: make it a file that the server may read"),
            Self::NotAFile => "not a regular file, so it cannot be watched: put a file there, or leave watch out",
            Self::NotUtf8 => "a key file is UTF-8 text: save it as that",
            Self::Empty => {
                "the file is empty, so it may be half written: put [[key]] tables into it, or a comment to say that no \
                 key is in force"
            }
            Self::Syntax => "not valid TOML: write [[key]] tables",
            Self::Foreign => "something is no part of a key file: write [[key]] tables",
            Self::NotTables => "write each key as a table of its own, under [[key]]",
            Self::Token => "a key file holds no tokens: put the token's SHA-256 there as sha256 = \"...\"",
            Self::UnknownField => "unknown field: a key has id, not_after, not_before, principal, scopes, sha256",
            Self::NotText(field) => return write!(f, "{field} is missing or not a string: write {field} = \"...\""),
            Self::NotScopes => "scopes is a list of strings: write scopes = [\"items:read\"]",
            Self::NotOneScope => "a scope has at least one character and no space: write one list item for each scope",
            Self::Scopes(error) => return error.fmt(f),
            Self::NotATime(field) => return write!(f, "{field} is no time: write {field} = 2027-02-01T00:00:00Z"),
            Self::NoTimeZone(field) => {
                return write!(
                    f,
                    "{field} has no time zone, so nobody knows when it is: write an offset, as in 2027-02-01T00:00:00Z"
                );
            }
            Self::TimeRange(field) => return write!(f, "{field} is before 1970 or too far away"),
            Self::Digest(error) => return error.fmt(f),
            Self::Key(error) => return error.fmt(f),
            Self::NoThread(kind) => return write!(f, "no thread to watch it with ({kind}): call reload() instead"),
            Self::Watched => "it is watched already: call watch once, where it is opened",
        })
    }
}

impl Error for KeyFileCause {}

/// Text from the file, without what may be a token.
fn masked(text: &str) -> String {
    let ends = |c: char| c.is_whitespace() || matches!(c, '\'' | '"');
    let mut shown = String::new();
    for run in text.split_inclusive(ends) {
        let word = run.trim_end_matches(ends);
        shown.push_str(if word.chars().count() > LONGEST_SHOWN { "…" } else { word });
        shown.push_str(&run[word.len()..]);
    }
    shown
}
