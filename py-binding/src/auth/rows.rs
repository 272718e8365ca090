//! Rows of a store, as Python hands them over: one that cannot be read is named, and its id and digest stay out of force.

use pyo3::prelude::*;
use pyo3::types::{PyBool, PyBytes, PyInt, PyString, PyTuple};
use sallet_core::auth::{Key, KeyChange, KeyProblem, KeyTableBuilder};
use sallet_core::secret::Digest;

/// An id, and what is wrong with its row.
pub(super) type Problem = (String, String);

/// After so many rows other threads may run: the lock of the interpreter is held for under a millisecond.
const AT_ONCE: usize = 1024;

/// Reads `(id, principal, scopes, digest, not_before, not_after)`, such as a `Row`.
struct Row<'py> {
    texts: [Option<Bound<'py, PyString>>; 3],
    digest: Option<Digest>,
    window: Result<[Option<u64>; 2], &'static str>,
}

impl<'py> Row<'py> {
    fn of(row: &Bound<'py, PyAny>) -> PyResult<Option<Self>> {
        let Ok(row) = row.cast::<PyTuple>() else { return Ok(None) };
        if row.len() != 6 {
            return Ok(None);
        }
        let text = |at| row.get_item(at).map(|text| text.cast_into::<PyString>().ok());
        let texts = [text(0)?, text(1)?, text(2)?];
        let digest = row.get_item(3)?;
        let digest = digest.cast::<PyBytes>().ok().and_then(|bytes| <[u8; 32]>::try_from(bytes.as_bytes()).ok());
        let (first, last) = (seconds(&row.get_item(4)?), seconds(&row.get_item(5)?));
        let window = first.and_then(|first| last.map(|last| [first, last]));
        Ok(Some(Self { texts, digest: digest.map(Digest::from_bytes), window }))
    }

    fn id(&self) -> &str {
        self.texts[0].as_ref().and_then(|id| id.to_str().ok()).unwrap_or_default()
    }

    /// # Errors
    /// What is wrong with it by itself, as far as the core does not see it.
    fn key(&self) -> Result<Key<&str>, &'static str> {
        let text = |at: usize, wrong| self.texts[at].as_ref().and_then(|text| text.to_str().ok()).ok_or(wrong);
        let id = text(0, "the id is not a text")?;
        let [not_before, not_after] = self.window?;
        Ok(Key {
            id,
            principal: text(1, "the principal is not a text")?,
            scopes: text(2, "the scopes are not a text: separate them by single spaces")?,
            not_before,
            not_after,
            digest: self.digest.ok_or("the digest is not the 32 bytes of a SHA-256")?,
        })
    }
}

fn seconds(time: &Bound<'_, PyAny>) -> Result<Option<u64>, &'static str> {
    if time.is_none() {
        return Ok(None);
    }
    let int = time.cast::<PyInt>().ok().filter(|time| !time.is_instance_of::<PyBool>());
    let seconds = int.and_then(|time| time.extract().ok());
    seconds.map(Some).ok_or("not_before and not_after are whole seconds since 1970, or None")
}

const SHAPE: &str = "a row is (id, principal, scopes, digest, not_before, not_after)";

/// Reads all rows.
pub(super) fn read(rows: &Bound<'_, PyAny>) -> PyResult<(KeyTableBuilder, Vec<Problem>)> {
    let (mut builder, mut problems) = (KeyTableBuilder::new(), Vec::new());
    for (at, row) in rows.try_iter()?.enumerate() {
        match Row::of(&row?)? {
            Some(row) => match row.key() {
                Ok(key) => builder.push(&key),
                Err(wrong) => {
                    problems.push((row.id().to_owned(), wrong.to_owned()));
                    builder.spoil(row.id(), row.digest);
                }
            },
            None => problems.push((String::new(), SHAPE.to_owned())),
        }
        let_others_run(rows.py(), at);
    }
    Ok((builder, problems))
}

/// Now and then, in a loop over very many.
pub(super) fn let_others_run(py: Python<'_>, at: usize) {
    if at % AT_ONCE == AT_ONCE - 1 {
        py.detach(|| ());
    }
}

/// A change that owns its texts.
pub(super) enum Change {
    Put(Key<String>),
    Remove(String),
    Spoil(String, Option<Digest>),
}

impl Change {
    pub(super) fn borrowed(&self) -> KeyChange<'_> {
        match self {
            Self::Put(key) => KeyChange::Put(key.borrowed()),
            Self::Remove(id) => KeyChange::Remove(id),
            Self::Spoil(id, digest) => KeyChange::Spoil(id, *digest),
        }
    }
}

/// Reads `(id, row or None)`.
///
/// # Errors
/// `TypeError` when it is not that: nobody knows which id has changed, so all has to be loaded anew.
pub(super) fn changes(changes: &Bound<'_, PyAny>) -> PyResult<(Vec<Change>, Vec<Problem>)> {
    let (mut read, mut problems) = (Vec::new(), Vec::new());
    for (at, change) in changes.try_iter()?.enumerate() {
        let (id, row) = change?.extract::<(String, Bound<'_, PyAny>)>()?;
        let_others_run(changes.py(), at);
        if row.is_none() {
            read.push(Change::Remove(id));
            continue;
        }
        let Some(row) = Row::of(&row)? else {
            problems.push((id.clone(), SHAPE.to_owned()));
            read.push(Change::Spoil(id, None));
            continue;
        };
        let is_another = row.id() != id;
        match row.key() {
            Ok(key) if !is_another => read.push(Change::Put(Key {
                id,
                principal: key.principal.to_owned(),
                scopes: key.scopes.to_owned(),
                not_before: key.not_before,
                not_after: key.not_after,
                digest: key.digest,
            })),
            wrong => {
                let wrong = wrong.err().unwrap_or("its row has another id");
                problems.push((id.clone(), wrong.to_owned()));
                if is_another {
                    read.push(Change::Spoil(row.id().to_owned(), row.digest));
                }
                read.push(Change::Spoil(id, row.digest));
            }
        }
    }
    Ok((read, problems))
}

/// What the core found, beside what was found here.
pub(super) fn joined(mut problems: Vec<Problem>, found: Vec<KeyProblem>) -> Vec<Problem> {
    problems.extend(found.into_iter().map(|problem| (problem.id, problem.why.message().to_owned())));
    problems
}
